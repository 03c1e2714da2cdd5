//! Types that stand for more than there is time to walk through.

use bpf_skel::btf::{BtfBuilder, IntEncoding, Member};
use bpf_skel::spec::Endian;
use bpf_skel_build::{Options, Skeleton};
use bpf_skel_tests::fixtures;

/// Each struct has many of the one before, and none of them takes a byte.
#[test]
fn structs_of_structs_of_structs() {
    let names: Vec<String> = (0..500).map(|n| format!("m{n}")).collect();
    let mut btf = BtfBuilder::new(Endian::Little);
    let int = btf.int("unsigned int", 4, IntEncoding::default());
    let mut inner = btf.array(int, int, 0);
    for depth in 0..12 {
        let member = |name| Member { name, ty: inner, bit_offset: 0, bitfield_size: None };
        let members: Vec<_> = names.iter().map(|name| member(name)).collect();
        inner = btf.struct_(&format!("s{depth}"), 0, &members);
    }
    let text = skeleton_with(btf, "s11");
    assert!(text.contains("pub struct s0 {") && text.contains("pub m499: s10,"));
}

fn skeleton_with(btf: BtfBuilder, wanted: &str) -> String {
    let bytes = fixtures::bytes("no_btf", Endian::Little);
    let mut spec = bpf_skel::elf::read(&bytes, "x.o").unwrap();
    spec.btf = btf.finish().into();
    let mut options = Options::default();
    options.types.push(wanted.to_owned());
    Skeleton::from_spec(spec, "x.o", &options).unwrap().to_string()
}

/// No method can give bits of such a type; then their words are what is printed and compared, and nothing else is told.
#[test]
fn bit_fields_of_what_has_no_bits() {
    let mut btf = BtfBuilder::new(Endian::Little);
    let int = btf.int("unsigned int", 4, IntEncoding::default());
    let member =
        |name, ty, bit_offset, bitfield_size| Member { name, ty, bit_offset, bitfield_size };
    let inner = btf.struct_("inner", 4, &[member("x", int, 0, None)]);
    let bits = [member("odd", inner, 0, Some(3)), member("even", int, 3, Some(5))];
    // In a struct, in an anonymous struct that is words, in unions with a name and without.
    let packed = [member("tag", int, 8, None), member("more", inner, 40, Some(3))];
    let packed = btf.struct_("", 6, &packed);
    let [either, anonymous] = ["either", ""].map(|name| btf.union_(name, 4, &bits));
    let [one, two] = [bits[0], bits[1]];
    let members = [
        one,
        two,
        member("whole", int, 32, None),
        member("", packed, 64, None),
        member("", anonymous, 128, None),
        member("either", either, 160, None),
    ];
    btf.struct_("outer", 24, &members);
    let text = skeleton_with(btf, "outer");
    let line = |wanted: &str| assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    line("outer; bits0, whole, anon0, anon1, either;; 0 even, 2 tag, 3 even_2\n");
    line("/// `struct inner odd : 3; unsigned int even : 5`");
    line("total!(outer; \"\\u{e}\\u{2}\\u{8}\";;);");
    line("pub fn even(");
    assert!(!text.contains("for which there are methods") && !text.contains("Each member has"));
}

/// No constant is another number than C has.
#[test]
fn enumerators_that_their_enum_has_no_room_for() {
    let mut btf = BtfBuilder::new(Endian::Little);
    btf.enum_(
        "small",
        1,
        false,
        &[("ONE", 1), ("MOST", 255), ("MORE", 256), ("LESS", 0xffff_ffff)],
    );
    let text = skeleton_with(btf, "small");
    for wanted in [
        "/// It has no room for `MORE = 256`.\n",
        "pub const MOST: Self = Self(255);",
        "pub const LESS: Self = Self(255);",
        "enumeration!(small, u8; ONE, MOST, LESS);",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    assert!(!text.contains("pub const MORE"), "{text}");
}

/// Each union has many of the one before, and the first has a flexible array.
#[test]
fn flexible_arrays_of_unions_of_unions() {
    let names: Vec<String> = (0..100).map(|n| format!("m{n}")).collect();
    let mut btf = BtfBuilder::new(Endian::Little);
    let int = btf.int("unsigned int", 4, IntEncoding::default());
    let mut inner = btf.array(int, int, 0);
    for depth in 0..12 {
        let member = |name| Member { name, ty: inner, bit_offset: 0, bitfield_size: None };
        let members: Vec<_> = names.iter().map(|name| member(name)).collect();
        inner = btf.union_(&format!("u{depth}"), 0, &members);
    }
    let members = [("n", int, 0), ("last", inner, 32)];
    let members =
        members.map(|(name, ty, bit_offset)| Member { name, ty, bit_offset, bitfield_size: None });
    btf.struct_("outer", 4, &members);
    let bytes = fixtures::bytes("no_btf", Endian::Little);
    let mut spec = bpf_skel::elf::read(&bytes, "x.o").unwrap();
    spec.btf = btf.finish().into();
    let mut options = Options::default();
    options.types.push("struct outer".to_owned());
    let text = Skeleton::from_spec(spec, "x.o", &options).unwrap().to_string();
    assert!(text.contains("pub last: u11,") && !text.contains("from_bytes"));
}

/// Variables that have not the size of their types lie as they are aligned all the same.
#[test]
fn variables_of_another_size_are_words() {
    let bytes = fixtures::bytes("flexible", Endian::Little);
    let mut spec = bpf_skel::elf::read(&bytes, "x.o").unwrap();
    let of_four = spec.variables.iter().find(|variable| variable.name == "after_text").unwrap();
    let of_four = of_four.type_id;
    for variable in spec.variables.to_mut() {
        match &*variable.name {
            "after_wide" | "plain" | "even" => variable.type_id = of_four,
            // Of a flexible array there is no room for one element.
            "initialised_packed" => variable.size = 3,
            _ => {}
        }
    }
    let text = Skeleton::from_spec(spec, "x.o", &Options::default()).unwrap().to_string();
    let why = "///\n            /// Words of its size: that of its type is another one.\n";
    for field in
        ["plain: [u64; 3],", "after_wide: u64,", "even: [u8; 8],", "initialised_packed: [u8; 3],"]
    {
        assert!(text.contains(&format!("{why}            pub {field}")), "{field}");
    }
}
