//! CO-RE in few tokens, as [relocations](super::map_fd).

use std::borrow::Cow;

use crate::btf::BtfKind;
use crate::spec::{
    CoreAccess, CoreKind, CoreMoved, CoreNumber, CorePath, CoreRelocation, CoreRoot, CoreSort,
    CoreSpec, CoreStep,
};

/// Instruction `insn` depends on the kernel's types.
pub const fn core(insn: u32, access: u32) -> CoreRelocation {
    CoreRelocation { insn, access }
}

/// No program depends on the kernel's types.
pub const fn no_core() -> CoreSpec {
    CoreSpec { roots: Cow::Borrowed(&[]), accesses: Cow::Borrowed(&[]), steps: Cow::Borrowed(&[]) }
}

/// A type that accesses begin at.
pub const fn root(
    type_id: u32,
    kind: BtfKind,
    name: &'static str,
    flavour: &'static str,
) -> CoreRoot {
    CoreRoot { type_id, kind, name: Cow::Borrowed(name), flavour: Cow::Borrowed(flavour) }
}

/// A question about a field.
pub const fn of_field(
    root: u32,
    kind: CoreKind,
    first: u32,
    len: u32,
    original: CoreNumber,
) -> CoreAccess {
    CoreAccess { root, kind, path: CorePath::Field { first, len }, original }
}

/// A question about the root type itself, which its kind alone answers.
pub const fn of_type(
    root: u32,
    kind: CoreKind,
    resolved: BtfKind,
    original: CoreNumber,
) -> CoreAccess {
    CoreAccess { root, kind, path: CorePath::Type { resolved: Some(resolved) }, original }
}

/// A question about all of the root type.
pub const fn of_whole_type(root: u32, kind: CoreKind, original: CoreNumber) -> CoreAccess {
    CoreAccess { root, kind, path: CorePath::Type { resolved: None }, original }
}

/// A question about an enumerator.
pub const fn of_enumerator(
    root: u32,
    kind: CoreKind,
    name: u32,
    signed: bool,
    original: CoreNumber,
) -> CoreAccess {
    CoreAccess { root, kind, path: CorePath::Enumerator { name, signed }, original }
}

/// A number that the instruction has.
pub const fn number(value: u64) -> CoreNumber {
    CoreNumber { value, certain: true, moved: None }
}

/// A number that the instruction may not have.
pub const fn guess(value: u64) -> CoreNumber {
    CoreNumber { value, certain: false, moved: None }
}

/// The offset of something that is loaded or stored as a whole.
pub const fn offset(value: u64, size: u32, sort: CoreSort) -> CoreNumber {
    CoreNumber { value, certain: true, moved: Some(CoreMoved { size, sort }) }
}

/// A step to an element.
pub const fn index(index: u32) -> CoreStep {
    CoreStep::Index(index)
}

/// A step to a member.
pub const fn member(name: u32, kind: BtfKind) -> CoreStep {
    member_of(name, 0, kind, 0)
}

/// A step to a member that is an array, or whose type has a name that counts.
pub const fn member_of(name: u32, dimensions: u8, kind: BtfKind, type_name: u32) -> CoreStep {
    CoreStep::Member { name, dimensions, kind, type_name }
}
