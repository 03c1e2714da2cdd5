//! From the bytes of a type to what it is.

use super::enums::{Enum, Enum64};
use super::kind::BtfKind;
use super::strings::Context;
use super::types::{Array, Composite, DataSec, FuncProto, Int, IntEncoding, Kind, Linkage, Type};
use super::wire::{Head, Lengths, TYPE_LEN, word};

/// The type at this offset of a type section; `None` where it is cut off or has a number that there is not.
pub(super) fn decode<'a>(
    types: &'a [u8],
    at: usize,
    lengths: &Lengths,
    cx: Context<'a>,
) -> Option<Type<'a>> {
    let head = Head::read(types, at, cx.endian)?;
    Some(Type { name: cx.name(head.name), kind: kind(head, types, at, lengths, cx)? })
}

/// The kind of the type with this head.
pub(super) fn kind<'a>(
    head: Head,
    types: &'a [u8],
    at: usize,
    lengths: &Lengths,
    cx: Context<'a>,
) -> Option<Kind<'a>> {
    let len = head.len(lengths)?;
    let extra = types.get(at + TYPE_LEN..at + len)?;
    let size = head.size_or_type;
    let first_word = || Some(cx.endian.u32(*extra.first_chunk()?));
    let pairs = || extra.as_chunks::<8>().0;
    let triples = || extra.as_chunks::<12>().0;
    Some(match head.kind() {
        None | Some(BtfKind::Unknown) => Kind::Unknown(head.raw_kind()),
        Some(BtfKind::Void) => Kind::Void,
        Some(BtfKind::Int) => {
            let raw = first_word()?;
            let [_, bits] = (raw as u16).to_be_bytes();
            let [encoding, offset] = ((raw >> 16) as u16).to_be_bytes();
            Kind::Int(Int { size, bits, offset, encoding: IntEncoding(encoding & 0xf) })
        }
        Some(BtfKind::Ptr) => Kind::Ptr(size),
        Some(BtfKind::Array) => {
            let raw = triples().first()?;
            Kind::Array(Array {
                element: word(raw, 0, cx.endian),
                index: word(raw, 1, cx.endian),
                len: word(raw, 2, cx.endian),
            })
        }
        Some(kind @ (BtfKind::Struct | BtfKind::Union)) => {
            let composite = Composite { size, sized_bitfields: head.flag(), raw: triples(), cx };
            if kind == BtfKind::Struct { Kind::Struct(composite) } else { Kind::Union(composite) }
        }
        Some(BtfKind::Enum) => Kind::Enum(Enum { size, signed: head.flag(), raw: pairs(), cx }),
        Some(BtfKind::Fwd) => Kind::Fwd { is_union: head.flag() },
        Some(BtfKind::Typedef) => Kind::Typedef(size),
        Some(BtfKind::Volatile) => Kind::Volatile(size),
        Some(BtfKind::Const) => Kind::Const(size),
        Some(BtfKind::Restrict) => Kind::Restrict(size),
        Some(BtfKind::Func) => {
            Kind::Func { proto: size, linkage: Linkage::from_raw(head.vlen() as u32)? }
        }
        Some(BtfKind::FuncProto) => Kind::FuncProto(FuncProto { ret: size, raw: pairs(), cx }),
        Some(BtfKind::Var) => Kind::Var { ty: size, linkage: Linkage::from_raw(first_word()?)? },
        Some(BtfKind::DataSec) => Kind::DataSec(DataSec { size, raw: triples(), cx }),
        Some(BtfKind::Float) => Kind::Float { size },
        Some(BtfKind::DeclTag) => {
            let component = first_word()?;
            Kind::DeclTag {
                ty: size,
                component: (component != u32::MAX).then_some(component),
                attribute: head.flag(),
            }
        }
        Some(BtfKind::TypeTag) => Kind::TypeTag { ty: size, attribute: head.flag() },
        Some(BtfKind::Enum64) => {
            Kind::Enum64(Enum64 { size, signed: head.flag(), raw: triples(), cx })
        }
    })
}
