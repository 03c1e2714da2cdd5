//! The same BTF for a kernel that does not know all of the format: each type that is new to it is replaced by an older
//! one that takes its place.
//!
//! ```text
//!   VAR, DECL_TAG  INT of one byte            FLOAT       STRUCT of its size, anonymous
//!   DATASEC        STRUCT                     TYPE_TAG    CONST
//!   FUNC_PROTO     ENUM                       ENUM64      UNION of its size
//!   FUNC           TYPEDEF                    signed ENUM plain ENUM
//!   global FUNC    static FUNC                ?section    _section
//! ```
//!
//! Ids of types and offsets of strings stay, for the programs' function and line information points at them; sizes
//! stay, for the kernel compares those of maps' keys and values.

use super::encode::BtfBuilder;
use super::enums::Enum64;
use super::part::BtfPart;
use super::types::{DataSec, FuncProto, IntEncoding, Kind, Linkage, Member, Type};
use super::view::Btf;

/// `btf` without the parts in `lacks`. Of what they replace, the names and the sizes are kept as far as the older kind
/// allows.
pub fn sanitise(btf: &Btf<'_>, lacks: &[BtfPart]) -> Vec<u8> {
    let mut out = BtfBuilder::with_strings_of(btf, btf.endian());
    let byte = lacks.contains(&BtfPart::Enum64).then_some(btf.len());
    let mut needs_byte = false;
    for (_, ty) in btf.types() {
        let replaced = Replacing { out: &mut out, btf, lacks, byte };
        needs_byte |= replaced.replace(&ty);
    }
    if needs_byte {
        // The members of the unions that enums have become.
        out.int("byte", 1, IntEncoding::UNSIGNED);
    }
    out.finish()
}

struct Replacing<'o, 'b> {
    out: &'o mut BtfBuilder,
    btf: &'o Btf<'b>,
    lacks: &'o [BtfPart],
    /// The id that an integer of one byte will have.
    byte: Option<u32>,
}

impl Replacing<'_, '_> {
    /// Writes one type; whether that refers to the integer of one byte.
    fn replace(self, ty: &Type<'_>) -> bool {
        let lacks = |part| self.lacks.contains(&part);
        let Self { out, btf, byte, .. } = self;
        let name = ty.name;
        match ty.kind {
            // One byte is never more than the variable has, and its section checks.
            Kind::Var { .. } if lacks(BtfPart::Variables) => {
                out.int(name, 1, IntEncoding::UNSIGNED);
            }
            Kind::DataSec(section) if lacks(BtfPart::Variables) => {
                structure(out, btf, name, section)
            }
            Kind::DataSec(section) if lacks(BtfPart::QuestionMark) && name.starts_with('?') => {
                let vars: Vec<_> = section.vars().collect();
                out.datasec(&name.replace('?', "_"), section.size, &vars);
            }
            Kind::FuncProto(proto) if lacks(BtfPart::Functions) => enumeration(out, proto),
            Kind::Func { proto, .. } if lacks(BtfPart::Functions) => {
                out.typedef(name, proto);
            }
            Kind::Func { proto, .. } if lacks(BtfPart::GlobalFunctions) => {
                out.func(name, proto, Linkage::Static);
            }
            // No struct may be called `float`, or `long double`.
            Kind::Float { size } if lacks(BtfPart::Float) => {
                out.struct_("", size, &[]);
            }
            Kind::DeclTag { attribute, .. }
                if lacks(BtfPart::DeclTag) || (attribute && lacks(BtfPart::Attributes)) =>
            {
                out.int("", 1, IntEncoding::UNSIGNED);
            }
            Kind::TypeTag { ty, attribute }
                if lacks(BtfPart::TypeTag) || (attribute && lacks(BtfPart::Attributes)) =>
            {
                out.const_(ty);
            }
            Kind::Enum(kind) if kind.signed && lacks(BtfPart::Enum64) => {
                let values: Vec<_> = kind.values().collect();
                out.enum_(name, kind.size, false, &values);
            }
            Kind::Enum64(kind) => match byte {
                Some(byte) => {
                    union(out, name, kind, byte);
                    return true;
                }
                None => drop(out.add(ty)),
            },
            _ => drop(out.add(ty)),
        }
        false
    }
}

/// A data section as a struct of its variables.
fn structure(out: &mut BtfBuilder, btf: &Btf<'_>, name: &str, section: DataSec<'_>) {
    let members: Vec<_> = section
        .vars()
        .map(|var| Member {
            name: btf.type_by_id(var.ty).map_or("", |ty| ty.name),
            ty: var.ty,
            bit_offset: var.offset.saturating_mul(8),
            bitfield_size: None,
        })
        .collect();
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    out.struct_(&name, section.size, &members);
}

/// A function's type as an enum of its parameters. An enumerator must have a name, which a parameter may lack.
fn enumeration(out: &mut BtfBuilder, proto: FuncProto<'_>) {
    let values: Vec<_> = proto
        .params()
        .map(|param| if param.name.is_empty() { "_" } else { param.name })
        .map(|name| (name, 0))
        .collect();
    out.enum_("", 4, false, &values);
}

fn union(out: &mut BtfBuilder, name: &str, kind: Enum64<'_>, byte: u32) {
    let members: Vec<_> = kind
        .values()
        .map(|(name, _)| Member { name, ty: byte, bit_offset: 0, bitfield_size: None })
        .collect();
    out.union_(name, kind.size, &members);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::btf::{BtfKind, DataSecVar, Param};
    use crate::spec::Endian;

    const BOTH: [Endian; 2] = [Endian::Little, Endian::Big];

    /// All parts in one; the ids are those of the comments.
    fn all(endian: Endian) -> Vec<u8> {
        let mut b = BtfBuilder::new(endian);
        let int = b.int("int", 4, IntEncoding::SIGNED); // 1
        let proto = b.func_proto(int, &[Param { name: "a", ty: int }, Param { name: "", ty: 0 }]); // 2
        b.func("local", proto, Linkage::Static); // 3
        b.func("open", proto, Linkage::Global); // 4
        let var = b.var("counter", int, Linkage::Global); // 5
        b.datasec(".data.x", 16, &[DataSecVar { ty: var, offset: 8, size: 4 }]); // 6
        b.datasec("?.struct_ops", 4, &[DataSecVar { ty: var, offset: 0, size: 4 }]); // 7
        b.float("long double", 16); // 8
        b.decl_tag("a tag", var, None); // 9
        let tag = b.type_tag("user", int); // 10
        b.ptr(tag); // 11
        b.enum64("wide", 8, false, &[("A", 1 << 40), ("B", 2)]); // 12
        b.enum_("negative", 4, true, &[("MINUS", -1)]); // 13
        b.attribute("attribute", int); // 14
        b.finish()
    }

    #[test]
    fn each_part_has_its_replacement() {
        use BtfPart as P;
        type Row = (P, u32, BtfKind, &'static str, Option<u64>);
        #[rustfmt::skip]
        let rows: &[Row] = &[
            (P::Functions,       2, BtfKind::Enum,     "",             Some(4)),
            (P::Functions,       3, BtfKind::Typedef,  "local",        None),
            (P::GlobalFunctions, 4, BtfKind::Func,     "open",         None),
            (P::Variables,       5, BtfKind::Int,      "counter",      Some(1)),
            (P::Variables,       6, BtfKind::Struct,   "_data_x",      Some(16)),
            (P::QuestionMark,    7, BtfKind::DataSec,  "_.struct_ops", None),
            (P::Float,           8, BtfKind::Struct,   "",             Some(16)),
            (P::DeclTag,         9, BtfKind::Int,      "",             Some(1)),
            (P::TypeTag,        10, BtfKind::Const,    "",             None),
            (P::Enum64,         12, BtfKind::Union,    "wide",         Some(8)),
            (P::Enum64,         13, BtfKind::Enum,     "negative",     Some(4)),
            (P::Attributes,     14, BtfKind::Const,    "",             None),
        ];
        for endian in BOTH {
            let bytes = all(endian);
            let before = Btf::parse(&bytes, endian).unwrap();
            for &(part, id, kind, name, size) in rows {
                let made = sanitise(&before, &[part]);
                let after = Btf::parse(&made, endian).unwrap();
                let ty = after.type_by_id(id).unwrap();
                assert_eq!((ty.kind.code(), ty.name), (kind, name), "{part}");
                if let Some(size) = size {
                    assert_eq!(after.size_of(id).unwrap(), size, "{part}");
                }
                assert!(!BtfPart::used_by(&after).contains(&part), "{part}");
                for (id, ty) in before.types() {
                    let same = format!("{ty:?}") == format!("{:?}", after.type_by_id(id).unwrap());
                    let uses = BtfPart::of(ty.name, &ty.kind).any(|used| used == part);
                    assert!(same != uses, "{part}: [{id}] {ty:?}");
                }
            }
        }
    }

    #[test]
    fn ids_strings_and_sizes_stay_whatever_is_lacking() {
        let bytes = all(Endian::NATIVE);
        let before = Btf::parse(&bytes, Endian::NATIVE).unwrap();
        let made = sanitise(&before, &BtfPart::ALL);
        let after = Btf::parse(&made, Endian::NATIVE).unwrap();
        assert_eq!(BtfPart::used_by(&after), []);
        // One byte more, for the enumerators.
        assert_eq!(after.len(), before.len() + 1);
        for offset in (0..).take_while(|&at| before.string(at).is_some()) {
            assert_eq!(after.string(offset), before.string(offset), "{offset}");
        }
        for id in [1, 8, 11, 12, 13] {
            assert_eq!(after.size_of(id).ok(), before.size_of(id).ok(), "[{id}]");
        }
        assert_eq!(sanitise(&before, &[]), BtfBuilder::from_btf(&before, Endian::NATIVE).finish());
    }

    #[test]
    fn a_sample_uses_its_part() {
        for part in BtfPart::ALL {
            let bytes = part.sample(Endian::NATIVE);
            let btf = Btf::parse(&bytes, Endian::NATIVE).unwrap();
            let used = BtfPart::used_by(&btf);
            assert!(used.contains(&part), "{part}: {used:?}");
            assert!(used.iter().all(|other| other.since() <= part.since()), "{part}: {used:?}");
        }
    }
}
