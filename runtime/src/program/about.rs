use std::borrow::Cow;
use std::sync::Arc;

use crate::link::UsdtMaps;
use crate::section_name::AttachKind;
use crate::uapi::{AttachType, ProgramType};

/// What is known of a program apart from its descriptor.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) name: Cow<'static, str>,
    pub(crate) program_type: ProgramType,
    /// `expected_attach_type` as it was loaded; 0 where that is not known.
    pub(crate) attach_type: AttachType,
    /// [`AttachKind::None`] where that is not known.
    pub(crate) kind: AttachKind,
    /// What its section says it is attached to.
    pub(crate) target: Option<Cow<'static, str>>,
    /// Of a USDT program: where it looks for what the probe's values are.
    pub(crate) usdt: Option<Arc<UsdtMaps>>,
    /// Whether there is a program behind the descriptor.
    pub(crate) loaded: bool,
}
