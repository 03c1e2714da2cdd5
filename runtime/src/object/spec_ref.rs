use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::spec::ObjectSpec;

/// A spec that is either printed into the program or was read at run time and is shared by the phases.
#[derive(Clone)]
pub(crate) enum SpecRef {
    Static(&'static ObjectSpec),
    /// By its trait, so that the code that drops a spec is not compiled again into every program with a skeleton.
    Shared(Arc<dyn Spec>),
}

pub(crate) trait Spec: Send + Sync {
    fn spec(&self) -> &ObjectSpec;
}

impl Spec for ObjectSpec {
    fn spec(&self) -> &ObjectSpec {
        self
    }
}

impl fmt::Debug for SpecRef {
    /// The name alone: the whole is pages long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Deref for SpecRef {
    type Target = ObjectSpec;

    fn deref(&self) -> &ObjectSpec {
        match self {
            Self::Static(spec) => spec,
            Self::Shared(spec) => spec.spec(),
        }
    }
}
