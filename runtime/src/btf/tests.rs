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
fn parts_of_a_type_are_those_of_the_whole() {
    let bytes = every_kind(Endian::Little);
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    for (id, ty) in btf.types() {
        let (name, kind) = (btf.name_by_id(id), btf.kind_by_id(id).unwrap());
        assert_eq!(format!("{:?}", Type { name, kind }), format!("{ty:?}"), "{id}");
        let resolved = btf.resolve(id).map(|(id, ty)| format!("{id} {:?}", ty.kind));
        assert_eq!(btf.resolve_kind(id).map(|(id, kind)| format!("{id} {kind:?}")), resolved);
    }
    for wanted in BtfKind::ALL {
        let all = btf.types().filter(|(_, ty)| ty.kind.code() == wanted).map(|(id, _)| id);
        let some = btf.types_of(|kind| kind == wanted).map(|(id, _)| id);
        assert_eq!(some.collect::<Vec<_>>(), all.collect::<Vec<_>>(), "{wanted}");
    }
    assert_eq!((btf.name_by_id(0), btf.name_by_id(btf.len())), ("", ""));
    assert!(matches!(btf.kind_by_id(0), Some(Kind::Void)));
    assert!(btf.kind_by_id(btf.len()).is_none());
}

#[test]
fn the_wrong_byte_order_is_named() {
    let bytes = every_kind(Endian::Big);
    let error = Btf::parse(&bytes, Endian::Little).unwrap_err();
    assert!(error.to_string().contains("not little-endian"), "{error}");
}

/// Header, types given as words, and strings.
fn raw(words: &[u32], strings: &[u8]) -> Vec<u8> {
    let len = 4 * words.len() as u32;
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    let head = [24, 0, len, len, strings.len() as u32];
    bytes.extend(head.iter().chain(words).flat_map(|word| word.to_le_bytes()));
    bytes.extend(strings);
    bytes
}

const fn info(kind: BtfKind, vlen: u32) -> u32 {
    (kind as u32) << 24 | vlen
}

#[test]
fn hostile_input_is_a_clear_error() {
    use BtfKind as K;
    let int = [0, info(K::Int, 0), 4, 32];
    let table: &[(&str, &[u32], &[u8], &str)] = &[
        ("cut off", &[0, 0], b"\0", "cut off"),
        ("void", &[0, 0, 0], b"\0", "kind 0"),
        ("kind of the future", &[0, 99 << 24, 0], b"\0", "kind 99"),
        ("huge vlen", &[0, info(K::Struct, 0xffff), 0], b"\0", "past the end"),
        ("largest vlen", &[0, info(K::Enum64, 0xff_ffff), 0], b"\0", "past the end"),
        ("name past the end", &[9, info(K::Fwd, 0), 0], b"\0", "past the end of the strings"),
        ("name not UTF-8", &[1, info(K::Fwd, 0), 0], b"\0\xff\xfe\0", "not UTF-8"),
        ("strings without NUL", &[], b"\0ab", "NUL"),
        ("strings without an empty one", &[], b"ab\0", "NUL"),
        ("id out of range", &[0, info(K::Ptr, 0), 2], b"\0", "type id 2 is out of range"),
        ("typedef of itself", &[1, info(K::Typedef, 0), 1], b"\0a\0", "contains itself"),
        (
            "two typedefs of each other",
            &[1, info(K::Typedef, 0), 2, 1, info(K::Typedef, 0), 1],
            b"\0a\0",
            "contains itself",
        ),
        ("pointer to itself", &[0, info(K::Ptr, 0), 1], b"\0", "contains itself"),
        ("array of itself", &[0, info(K::Array, 0), 0, 1, 1, 2], b"\0", "contains itself"),
        ("struct in itself", &[0, info(K::Struct, 1), 4, 0, 1, 0], b"\0", "contains itself"),
        ("linkage", &[0, info(K::FuncProto, 0), 0, 0, info(K::Func, 7), 1], b"\0", "linkage 7"),
        (
            "function without prototype",
            &[0, info(K::Func, 0), 0],
            b"\0",
            "not a function prototype",
        ),
        ("wide int", &[0, info(K::Int, 0), 4, 200], b"\0", "do not fit"),
        (
            "section of an int",
            &[int[0], int[1], int[2], int[3], 0, info(K::DataSec, 1), 4, 1, 0, 4],
            b"\0",
            "not a variable",
        ),
    ];
    for (what, words, strings, expected) in table {
        let error = Btf::parse(&raw(words, strings), Endian::Little).expect_err(what);
        assert!(error.to_string().contains(expected), "{what}: {error}");
    }
}

#[test]
fn headers_that_lie_are_an_error() {
    let good = every_kind(Endian::Little);
    // hdr_len, type_off, type_len, str_off, str_len.
    for at in [4, 8, 12, 16, 20] {
        for value in [0, 1, 23, 0x7fff_ffff, 0xffff_fff0, u32::MAX] {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let parsed = Btf::parse(&bytes, Endian::Little);
            // No offset is what it was; no types at all is fine.
            let harmless = value == 0 && (at == 8 || at == 12);
            assert_eq!(parsed.is_ok(), harmless, "{value:#x} at {at}");
        }
    }
    for len in 0..good.len() {
        assert!(Btf::parse(&good[..len], Endian::Little).is_err(), "{len} bytes");
    }
}

#[test]
fn a_longer_header_is_fine_and_a_layout_is_used() {
    let mut bytes = every_kind(Endian::Little);
    let (types, strings) = (u32_of(&bytes, 12), u32_of(&bytes, 20));
    let count = Btf::parse(&bytes, Endian::Little).unwrap().len();
    // Eight bytes of layout section: offset and length; then another word that nobody knows.
    bytes[4..8].copy_from_slice(&36_u32.to_le_bytes());
    let layout = types + strings;
    bytes.splice(24..24, [layout.to_le_bytes(), 84_u32.to_le_bytes(), [7; 4]].concat());
    let future = [[0; 80].as_slice(), &[4, 8, 0, 0]].concat();
    // One type of kind 20, with a word and two pairs, after the others.
    let ty: Vec<u8> =
        [0, 20 << 24 | 2, 0, 1, 2, 3, 4, 5].iter().flat_map(|w: &u32| w.to_le_bytes()).collect();
    let at = 36 + types as usize;
    bytes.splice(at..at, ty.iter().copied());
    for field in [12, 16, 24] {
        let grown = u32_of(&bytes, field) + 32;
        bytes[field..field + 4].copy_from_slice(&grown.to_le_bytes());
    }
    bytes.extend(future);
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    assert_eq!(btf.len(), count + 1);
    assert!(matches!(btf.type_by_id(count).unwrap().kind, Kind::Unknown(20)));
    assert!(btf.size_of(count).is_err());
}

fn u32_of(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn sizes_and_alignments() {
    let mut b = BtfBuilder::new(Endian::Little);
    let char_ = b.int("char", 1, IntEncoding::SIGNED);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let wide = b.int("__int128", 16, IntEncoding::SIGNED);
    let three = b.array(int, int, 3);
    let grid = b.array(three, int, 2);
    let ptr = b.ptr(0);
    let natural = b.struct_("n", 8, &[member("c", char_, 0), member("i", int, 32)]);
    let packed = b.struct_("p", 5, &[member("c", char_, 0), member("i", int, 8)]);
    let short = b.struct_("s", 6, &[member("i", int, 0), member("c", char_, 32)]);
    let fields = b.struct_("f", 4, &[bits("a", int, 0, 3), bits("b", int, 3, 29)]);
    let crossing = b.struct_("x", 8, &[bits("a", int, 0, 31), bits("b", int, 31, 2)]);
    let nested = b.struct_("o", 32, &[member("w", wide, 0), member("p", packed, 128)]);
    let union_ = b.union_("u", 8, &[member("c", char_, 0), member("p", ptr, 0)]);
    let empty = b.struct_("e", 0, &[]);
    let flex = b.array(natural, int, 0);
    let td = b.typedef("t", grid);
    let double = b.float("long double", 16);
    let long_double32 = b.float("long double", 12);
    let e64 = b.enum64("e", 8, false, &[]);
    let bytes = b.finish();
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    for (id, size, align) in [
        (char_, 1, 1),
        (int, 4, 4),
        (wide, 16, 16),
        (grid, 24, 4),
        (ptr, 8, 8),
        (natural, 8, 4),
        (packed, 5, 1),
        (short, 6, 1),
        (fields, 4, 4),
        (crossing, 8, 1),
        (nested, 32, 16),
        (union_, 8, 8),
        (empty, 0, 1),
        (flex, 0, 4),
        (td, 24, 4),
        (double, 16, 16),
        (long_double32, 12, 4),
        (e64, 8, 8),
    ] {
        let ty = btf.type_by_id(id).unwrap();
        assert_eq!(btf.size_of(id).unwrap(), size, "size of {ty:?}");
        assert_eq!(btf.align_of(id).unwrap(), align, "alignment of {ty:?}");
    }
    assert!(btf.size_of(0).is_err() && btf.align_of(0).is_err() && btf.size_of(999).is_err());
    assert_eq!(btf.with_pointer_size(4).size_of(ptr).unwrap(), 4);
    for (name, size, pointer) in [
        ("long unsigned int", 4, 4),
        ("unsigned long", 8, 8),
        ("long", 4, 4),
        ("long long int", 4, 8),
        ("long double", 4, 8),
        ("longer", 4, 8),
        ("long int", 2, 8),
    ] {
        let mut b = BtfBuilder::new(Endian::NATIVE);
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let ptr = b.ptr(int);
        b.int(name, size, IntEncoding::UNSIGNED);
        let bytes = b.finish();
        let btf = Btf::parse(&bytes, Endian::NATIVE).unwrap();
        assert_eq!(btf.size_of(ptr).unwrap(), pointer, "{name} {size}");
    }
}

#[test]
fn arrays_past_64_bits_are_an_error() {
    let mut b = BtfBuilder::new(Endian::Little);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let one = b.array(int, int, u32::MAX);
    let two = b.array(one, int, u32::MAX);
    let bytes = b.finish();
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    assert_eq!(btf.size_of(one).unwrap(), 4 * u64::from(u32::MAX));
    assert!(btf.size_of(two).unwrap_err().to_string().contains("64 bits"));
}

#[test]
fn deep_chains_end() {
    let build = |depth: u32| {
        let mut b = BtfBuilder::new(Endian::Little);
        let mut last = b.int("int", 4, IntEncoding::SIGNED);
        for _ in 0..depth {
            last = b.const_(last);
        }
        (b.finish(), last)
    };
    let (bytes, last) = build(60);
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    assert_eq!(btf.resolve(last).unwrap().0, 1);
    assert_eq!(btf.size_of(last).unwrap(), 4);
    for depth in [64, 100_000] {
        let error = Btf::parse(&build(depth).0, Endian::Little).unwrap_err();
        assert!(error.to_string().contains("too deep"), "{error}");
    }
}

/// Two members of the next struct each: 2^40 paths, but only 40 structs.
#[test]
fn wide_nesting_takes_linear_time() {
    let mut b = BtfBuilder::new(Endian::Little);
    let mut last = b.int("int", 4, IntEncoding::SIGNED);
    for _ in 0..40 {
        last = b.struct_("s", 8, &[member("a", last, 0), member("b", last, 32)]);
    }
    let bytes = b.finish();
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    assert_eq!(btf.align_of(last).unwrap(), 4);
}

#[test]
fn recursive_structs_are_fine() {
    let mut b = BtfBuilder::new(Endian::Little);
    // struct node { struct node *next; void (*call)(struct node *); };
    let node = b.struct_("node", 16, &[member("next", 2, 0), member("call", 4, 64)]);
    let ptr = b.ptr(node);
    let proto = b.func_proto(0, &[Param { name: "", ty: ptr }]);
    b.ptr(proto);
    let bytes = b.finish();
    assert_eq!(Btf::parse(&bytes, Endian::Little).unwrap().align_of(node).unwrap(), 8);
}

#[test]
fn what_compilers_leave_open_is_filled_in() {
    for endian in BOTH {
        let mut b = BtfBuilder::new(endian);
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let x = b.var("x", int, Linkage::Global);
        let y = b.var("y", int, Linkage::Global);
        let open = [x, y].map(|ty| DataSecVar { ty, offset: 0, size: 4 });
        let section = b.datasec(".data", 0, &open);
        let proto = b.func_proto(0, &[]);
        let func = b.func("f", proto, Linkage::Global);
        let bytes = b.finish();
        let btf = Btf::parse(&bytes, endian).unwrap();
        let mut edit = BtfEdit::new(&btf);
        let placed = [(x, 4), (y, 0)].map(|(ty, offset)| DataSecVar { ty, offset, size: 4 });
        edit.set_datasec(section, 8, &placed).unwrap();
        edit.set_func_linkage(func, Linkage::Static).unwrap();
        edit.set_var_linkage(x, Linkage::Static).unwrap();
        assert!(edit.set_datasec(section, 8, &placed[..1]).is_err());
        assert!(edit.set_datasec(func, 8, &placed).is_err());
        assert!(edit.set_func_linkage(0, Linkage::Static).is_err());
        let bytes = edit.finish();
        let btf = Btf::parse(&bytes, endian).unwrap();
        let (_, found) = btf.find_datasec(".data").unwrap();
        assert_eq!(found.size, 8);
        assert_eq!(found.vars().collect::<Vec<_>>(), [placed[1], placed[0]]);
        let kinds: Vec<_> = [x, func].map(|id| btf.type_by_id(id).unwrap().kind).into();
        assert!(matches!(kinds[0], Kind::Var { linkage: Linkage::Static, .. }));
        assert!(
            matches!(kinds[1], Kind::Func { linkage: Linkage::Static, proto: p } if p == proto)
        );
    }
}

/// A walk of everything that can be reached from every type; for inputs that were damaged.
fn walk(btf: &Btf<'_>) {
    for (id, ty) in btf.types() {
        let _ = format!("{ty:?}");
        let _ = (btf.size_of(id), btf.align_of(id), btf.resolve(id));
    }
}

/// No byte flip in valid BTF makes reading panic or hang. The generator of positions is fixed: failures repeat.
#[test]
fn damaged_input_never_panics() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    let mut accepted = 0;
    for endian in BOTH {
        let good = every_kind(endian);
        for _ in 0..5_000 {
            let mut bytes = good.clone();
            for _ in 0..=random() % 4 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            if let Ok(btf) = Btf::parse(&bytes, endian) {
                accepted += 1;
                walk(&btf);
            }
            if let Ok(btf) = Btf::scan(&bytes, endian, 2) {
                walk(&btf);
            }
        }
    }
    assert!(accepted > 300, "only {accepted} of 10000 were worth walking");
}
