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

/// What is left of a field's type for the question whether it can be read as another: any struct or union for any other,
/// any integer, any pointer; arrays by their element, enums and forward declarations by name where both have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    /// How many dimensions of an array are around it.
    pub(super) dimensions: u8,
    /// What is in there; [`BtfKind::Unknown`] for what nothing is compatible with.
    pub(super) kind: BtfKind,
    /// The name of an enum or a forward declaration.
    pub(super) name: &'a str,
}

impl<'a> Shape<'a> {
    /// The shape of a type.
    pub(super) fn of(btf: &Btf<'a>, mut id: u32) -> Self {
        // No C declaration has more dimensions.
        for dimensions in 0..MAX_LEVEL as u8 {
            let Some((_, ty)) = btf.resolve(id) else { break };
            let (kind, name) = match ty.kind {
                Kind::Array(array) => {
                    id = array.element;
                    continue;
                }
                // An offset is a bit-field of a compiler before 2018.
                Kind::Int(int) if int.offset != 0 => (BtfKind::Unknown, ""),
                Kind::Enum(_) | Kind::Enum64(_) => (BtfKind::Enum, ty.name),
                Kind::Struct(_) | Kind::Union(_) => (BtfKind::Struct, ""),
                Kind::Fwd { .. } => (BtfKind::Fwd, ty.name),
                Kind::Ptr(_) | Kind::Float { .. } | Kind::Int(_) => (ty.kind.code(), ""),
                _ => (BtfKind::Unknown, ""),
            };
            return Self { dimensions, kind, name };
        }
        Self { dimensions: 0, kind: BtfKind::Unknown, name: "" }
    }

    /// Whether a field of this type of the kernel may be read as one of this shape.
    pub(super) fn admits(&self, kernel: &Btf<'_>, id: u32) -> bool {
        let other = Shape::of(kernel, id);
        self.kind != BtfKind::Unknown
            && (self.dimensions, self.kind) == (other.dimensions, other.kind)
            && (self.name.is_empty()
                || other.name.is_empty()
                || same_essential(self.name, other.name))
    }
}

impl Pair<'_, '_> {
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
