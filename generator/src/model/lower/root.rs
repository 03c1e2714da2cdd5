//! Where types come from: maps, variables, records, and what a user asks for.

use bpf_skel::btf::{Btf, BtfKind, Kind};

use super::owner::Owner;
use crate::model::ty::Ty;
use crate::model::types::{Types, element};

/// Why a variable is not of its own type.
const UNKNOWN: &str = "Words of its size: the object does not say which type it has.";
const OF_ANOTHER_SIZE: &str = "Words of its size: that of its type is another one.";

/// A variable of a data section.
pub(crate) struct Variable<'v> {
    pub(crate) id: u32,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    /// Bytes from its start to what is behind it.
    pub(crate) room: u64,
    /// Names its type should that be anonymous.
    pub(crate) name: &'v str,
}

impl<'b> Types<'b> {
    /// The type of a map's key or value; `path` names it should it be anonymous. A pointer's target comes along whole:
    /// `struct event *unused` is how C sources name a record's type.
    ///
    /// Where the type cannot be read or has not `size` bytes, it is that many bytes.
    pub(crate) fn root(&mut self, id: u32, size: u64, path: &str) -> Ty {
        let Some(btf) = self.btf.filter(|_| id != 0) else { return Ty::bytes(size) };
        let owner = Owner::named(path);
        let ty = self.lower(btf, id, owner);
        self.record(btf, id, owner);
        if self.size(&ty) == size && !self.is_untold(&ty) { ty } else { Ty::bytes(size) }
    }

    /// The tag of the struct that defines this map, where the map's key or value with this id is anonymous.
    pub(crate) fn definition(&self, map: &str, id: u32) -> Option<&'b str> {
        let btf = self.btf?;
        let name = |id| element(btf, id).map(|(id, _)| btf.name_by_id(id));
        if !name(target(btf, id).unwrap_or(id))?.is_empty() {
            return None;
        }
        let Kind::Var { ty, .. } = btf.find_kind(map, BtfKind::Var)?.1.kind else { return None };
        name(ty).filter(|tag| !tag.is_empty())
    }

    /// The type of a variable of a data section, and why it is not its own; empty where it is.
    ///
    /// Where the type cannot be read or has not the variable's size, it is words as its offset has them aligned.
    pub(crate) fn variable(&mut self, variable: Variable<'_>) -> (Ty, &'static str) {
        let Variable { id, offset, size, room, name } = variable;
        let Some(btf) = self.btf else { return (Ty::bytes(size), "") };
        let owner = Owner::named(name);
        let ty = self.lower(btf, id, owner);
        self.record(btf, id, owner);
        let of_type = self.size(&ty);
        if of_type == size && !self.is_untold(&ty) {
            return (ty, "");
        }
        let align = self.align(&ty);
        if size > of_type {
            let whole = size.next_multiple_of(align);
            let fits = whole <= room && offset.is_multiple_of(align);
            let whole = if fits { whole } else { size };
            if let Some(ty) = self.with_elements(btf, id, whole, name) {
                return (ty, "");
            }
        }
        let of_offset = 1 << offset.trailing_zeros().min(3);
        let (len, why) = match values(&ty) {
            (Ty::Unit, len) => (len, UNKNOWN),
            (_, len) => (len, OF_ANOTHER_SIZE),
        };
        let word = size.checked_div(len).unwrap_or(size);
        (Self::number_or_storage(size, word.min(of_offset)), why)
    }

    /// What the first parameter of a program points to.
    pub(crate) fn context(&mut self, proto: u32) {
        if let Some(btf) = self.btf
            && let Some(Kind::FuncProto(proto)) = btf.kind_by_id(proto)
            && let Some(context) = proto.params().next()
        {
            self.record(btf, context.ty, Owner::named(context.name));
        }
    }

    /// The type that a variable is there to show: what it points to, whatever that is, or else its own.
    pub(crate) fn shown(&mut self, id: u32, name: &str) {
        if let Some(btf) = self.btf {
            let to = target(btf, id).unwrap_or(id);
            self.lower(btf, to, Owner::named(name));
        }
    }

    /// What a pointer, or an array of pointers, points to, if it has members or values.
    fn record(&mut self, btf: &Btf<'b>, id: u32, owner: Owner<'_>) {
        if let Some(to) = target(btf, id)
            && let Some((_, kind)) = btf.resolve_kind(to)
            && matches!(kind, Kind::Struct(_) | Kind::Union(_) | Kind::Enum(_) | Kind::Enum64(_))
        {
            self.lower(btf, to, owner);
        }
    }

    /// A type that is held by value.
    pub(super) fn lower(&mut self, btf: &Btf<'b>, id: u32, owner: Owner<'_>) -> Ty {
        let Some((id, kind)) = btf.unqualified_kind(id) else { return Ty::Unit };
        let name = || btf.name_by_id(id);
        match kind {
            Kind::Typedef(to) => self.alias(btf, id, name(), to),
            Kind::Int(int) => match (int.size, int.encoding) {
                (1, encoding) if encoding.is_bool() => Ty::Bool,
                // C's plain char is text or bytes, whatever sign a target gives it.
                (1, _) if name() == "char" => Ty::U8,
                (bytes @ (1 | 2 | 4 | 8 | 16), encoding) => {
                    Ty::Int { bytes: bytes as u8, signed: encoding.is_signed() }
                }
                (bytes, _) => Ty::bytes(bytes.into()),
            },
            Kind::Float { size: bytes @ (4 | 8) } => Ty::Float { bytes: bytes as u8 },
            Kind::Float { size } => Types::number_or_storage(size.into(), 16),
            Kind::Ptr(to) => Ty::Ptr(Box::new(self.pointee(btf, to))),
            Kind::Array(array) if array.len > 0 && is_char(btf, array.element) => {
                Ty::Chars(array.len.into())
            }
            Kind::Array(array) => {
                let element = self.lower(btf, array.element, owner);
                Ty::Array(Box::new(element), array.len.into())
            }
            Kind::Struct(composite) => self.composite(btf, id, name(), composite, false, owner),
            Kind::Union(composite) => self.composite(btf, id, name(), composite, true, owner),
            Kind::Enum(values) => {
                let list = values.values().map(|(name, value)| (name, value.cast_unsigned()));
                self.enumeration(id, name(), values.size, values.signed, list, owner)
            }
            Kind::Enum64(values) => {
                self.enumeration(id, name(), values.size, values.signed, values.values(), owner)
            }
            _ => Ty::Unit,
        }
    }
}

/// What a pointer, or an array of pointers, points to.
fn target(btf: &Btf<'_>, id: u32) -> Option<u32> {
    match element(btf, id)?.1 {
        Kind::Ptr(to) if !is_tagged(btf, to) => Some(to),
        _ => None,
    }
}

/// What is in arrays of arrays, and how many of it.
fn values(mut ty: &Ty) -> (&Ty, u64) {
    let mut all = 1u64;
    while let Ty::Array(element, len) = ty {
        (ty, all) = (element, all.saturating_mul(*len));
    }
    (ty, all)
}

/// Whether a pointer's target has a type tag: `__kptr` and `__percpu` point to the kernel's own.
fn is_tagged(btf: &Btf<'_>, id: u32) -> bool {
    matches!(btf.kind_by_id(id), Some(Kind::TypeTag { .. }))
}

/// `char` itself, which is for text: a typedef of it, or a char with a sign, is a number.
pub(super) fn is_char(btf: &Btf<'_>, id: u32) -> bool {
    btf.unqualified_kind(id).is_some_and(|(id, kind)| {
        matches!(kind, Kind::Int(int) if int.size == 1 && int.bits == 8)
            && btf.name_by_id(id) == "char"
    })
}
