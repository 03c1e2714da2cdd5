use std::fmt;

/// What an anonymous type is in, by which it is called: most types have a name, and need none of this.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'o> {
    /// The struct or union.
    parent: Option<&'o str>,
    /// The member of it, or the variable.
    name: &'o str,
}

impl<'o> Owner<'o> {
    /// A variable, or what else has a name of its own.
    pub(crate) fn named(name: &'o str) -> Self {
        Self { parent: None, name }
    }

    /// A member.
    pub(super) fn member(parent: &'o str, name: &'o str) -> Self {
        Self { parent: Some(parent), name }
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parent, name } = self;
        match parent {
            Some(parent) => write!(f, "{parent}__{name}"),
            None => f.write_str(name),
        }
    }
}
