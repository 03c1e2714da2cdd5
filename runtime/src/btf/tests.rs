//! What reading must hold to: real meaning, and nothing worse than an error for hostile input.

use super::*;
use crate::spec::Endian;

const BOTH: [Endian; 2] = [Endian::Little, Endian::Big];

fn member(name: &str, ty: u32, bit_offset: u32) -> Member<'_> {
    Member { name, ty, bit_offset, bitfield_size: None }
}

fn bits(name: &str, ty: u32, bit_offset: u32, bits: u8) -> Member<'_> {
    Member { name, ty, bit_offset, bitfield_size: Some(bits) }
}

/// One of every kind; each a line of its own in Debug.
fn every_kind(endian: Endian) -> Vec<u8> {
    let mut b = BtfBuilder::new(endian);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let bool_ = b.int("_Bool", 1, IntEncoding::BOOL);
    let ptr = b.ptr(int);
    let array = b.array(int, int, 3);
    let s = b.struct_("s", 16, &[member("a", int, 0), bits("b", int, 32, 3), member("p", ptr, 64)]);
    b.union_("u", 8, &[member("", s, 0), member("q", ptr, 0)]);
    b.enum_("e", 4, true, &[("NEG", -1), ("TWO", 2)]);
    b.enum_("f", 4, false, &[("BIG", 0xffff_ffff)]);
    b.fwd("gone", true);
    let td = b.typedef("s_t", s);
    let volatile = b.volatile(td);
    let const_ = b.const_(volatile);
    b.restrict(ptr);
    let proto = b.func_proto(int, &[Param { name: "x", ty: const_ }, Param { name: "", ty: 0 }]);
    b.func("fn", proto, Linkage::Global);
    let var = b.var("v", array, Linkage::Static);
    b.datasec(".data", 12, &[DataSecVar { ty: var, offset: 0, size: 12 }]);
    b.float("double", 8);
    b.decl_tag("tag", s, Some(1));
    b.decl_tag("tag", s, None);
    let tagged = b.type_tag("user", bool_);
    b.ptr(tagged);
    b.enum64("e64", 8, false, &[("HUGE", 1 << 63), ("ONE", 1)]);
    b.finish()
}

fn dump(btf: &Btf<'_>) -> Vec<String> {
    btf.types().map(|(id, ty)| format!("{id} {ty:?}")).collect()
}

#[test]
fn every_kind_survives_both_orders() {
    let dumps: Vec<_> = BOTH
        .map(|endian| {
            let bytes = every_kind(endian);
            let btf = Btf::parse(&bytes, endian).unwrap();
            assert_eq!(btf.types().count() as u32 + 1, btf.len());
            let seen: std::collections::BTreeSet<_> =
                btf.types().map(|(_, ty)| ty.kind.code()).collect();
            assert_eq!(seen.len(), BtfKind::ALL.len());
            for other in BOTH {
                let again = BtfBuilder::from_btf(&btf, other).finish();
                assert_eq!(dump(&Btf::parse(&again, other).unwrap()), dump(&btf));
            }
            dump(&btf)
        })
        .into();
    assert_eq!(dumps[0], dumps[1]);
}

#[test]
fn the_wrong_byte_order_is_named() {
    let bytes = every_kind(Endian::Big);
    let error = Btf::parse(&bytes, Endian::Little).unwrap_err();
    assert!(error.to_string().contains("not little-endian"), "{error}");
}
