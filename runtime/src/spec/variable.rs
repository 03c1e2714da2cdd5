use std::borrow::Cow;

/// A variable in a data section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableSpec {
    /// The C name.
    pub name: Cow<'static, str>,
    /// Index of the data section's map in [`ObjectSpec::maps`](super::ObjectSpec::maps).
    pub map: u32,
    /// Offset in the section, in bytes.
    pub offset: u32,
    /// Size in bytes.
    pub size: u32,
    /// BTF id of its type, or 0 where the object has no BTF for it.
    pub type_id: u32,
    /// Who can see it.
    pub linkage: Linkage,
}

/// Who can see a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Linkage {
    /// Its own source file: `static`.
    Static,
    /// Everyone.
    Global,
    /// Everyone, and another definition goes before it: `__weak`.
    Weak,
}
