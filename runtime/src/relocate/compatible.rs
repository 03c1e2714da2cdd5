//! When types of the object and of the kernel stand for each other.

use crate::btf::{Btf, BtfKind, Kind, essential_name};

/// How deep function prototypes may be nested in each other, as in the kernel.
const MAX_LEVEL: usize = 32;

/// The object's types and those of a candidate.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a, 'k> {
    pub(super) local: &'a Btf<'a>,
    pub(super) kernel: &'k Btf<'k>,
}

/// Whether a type of the object and one of the kernel are of one sort, as "does the type exist" and symbols of the kernel
/// ask: kinds down through pointers, arrays and prototypes. Each type is given by its BTF and id, without typedefs and
/// qualifiers.
pub fn compatible(local: (&Btf<'_>, u32), kernel: (&Btf<'_>, u32)) -> bool {
    Pair { local: local.0, kernel: kernel.0 }.types_compatible(local.1, kernel.1)
}

/// CO-RE takes both kinds of enum for the same.
pub(super) fn same_kind(a: BtfKind, b: BtfKind) -> bool {
    let folded = |kind| if kind == BtfKind::Enum64 { BtfKind::Enum } else { kind };
    folded(a) == folded(b)
}

pub(super) fn same_essential(a: &str, b: &str) -> bool {
    essential_name(a) == essential_name(b)
}

impl Pair<'_, '_> {
    /// Whether a field of one type may be read as the other: any struct or union for any other, any integer, any
    /// pointer; arrays by their element, enums and forward declarations by name where both have one.
    pub(super) fn fields_compatible(self, mut local: u32, mut kernel: u32) -> bool {
        // Each round goes into an array; no C declaration has more dimensions.
        for _ in 0..MAX_LEVEL {
            let Some((_, a)) = self.local.resolve(local) else { return false };
            let Some((_, b)) = self.kernel.resolve(kernel) else { return false };
            return match (a.kind, b.kind) {
                (Kind::Struct(_) | Kind::Union(_), Kind::Struct(_) | Kind::Union(_)) => true,
                (Kind::Ptr(_), Kind::Ptr(_)) | (Kind::Float { .. }, Kind::Float { .. }) => true,
                (Kind::Enum(_) | Kind::Enum64(_), Kind::Enum(_) | Kind::Enum64(_))
                | (Kind::Fwd { .. }, Kind::Fwd { .. }) => {
                    a.name.is_empty() || b.name.is_empty() || same_essential(a.name, b.name)
                }
                // An offset is a bit-field of a compiler before 2018.
                (Kind::Int(a), Kind::Int(b)) => a.offset == 0 && b.offset == 0,
                (Kind::Array(a), Kind::Array(b)) => {
                    (local, kernel) = (a.element, b.element);
                    continue;
                }
                _ => false,
            };
        }
        false
    }

    /// Whether the types themselves are of one sort, for "does the type exist": kinds down through pointers, arrays
    /// and prototypes; names do not count below the root, members not at all.
    pub(super) fn types_compatible(self, local: u32, kernel: u32) -> bool {
        let kind = |btf: &Btf<'_>, id| btf.type_by_id(id).map(|ty| ty.kind.code());
        match (kind(self.local, local), kind(self.kernel, kernel)) {
            (Some(a), Some(b)) if same_kind(a, b) => self.compatible_at(local, kernel, MAX_LEVEL),
            _ => false,
        }
    }

    fn compatible_at(self, mut local: u32, mut kernel: u32, level: usize) -> bool {
        for _ in 0..=MAX_LEVEL {
            let Some((_, a)) = self.local.resolve(local) else { return false };
            let Some((_, b)) = self.kernel.resolve(kernel) else { return false };
            (local, kernel) = match (a.kind, b.kind) {
                (Kind::Void, Kind::Void)
                | (Kind::Struct(_), Kind::Struct(_))
                | (Kind::Union(_), Kind::Union(_))
                | (Kind::Enum(_) | Kind::Enum64(_), Kind::Enum(_) | Kind::Enum64(_))
                | (Kind::Fwd { .. }, Kind::Fwd { .. }) => return true,
                (Kind::Int(a), Kind::Int(b)) => return a.offset == 0 && b.offset == 0,
                (Kind::Ptr(a), Kind::Ptr(b)) => (a, b),
                (Kind::Array(a), Kind::Array(b)) => (a.element, b.element),
                (Kind::FuncProto(a), Kind::FuncProto(b)) => {
                    let (params, others) = (a.params(), b.params());
                    let alike = level > 0
                        && params.len() == others.len()
                        && params
                            .zip(others)
                            .all(|(a, b)| self.compatible_at(a.ty, b.ty, level - 1));
                    if !alike {
                        return false;
                    }
                    (a.ret, b.ret)
                }
                _ => return false,
            };
        }
        false
    }
}
