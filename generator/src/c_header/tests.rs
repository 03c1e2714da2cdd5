//! The text of what the kernel that runs the tests has not got. Whether clang takes it: `tests/tests/machine/c_from_btf`.

use bpf_skel::btf::{Btf, BtfBuilder, IntEncoding, Linkage, Member, Param};
use bpf_skel::spec::Endian;

use super::CHeader;

fn member(name: &str, ty: u32, byte: u32) -> Member<'_> {
    Member { name, ty, bit_offset: 8 * byte, bitfield_size: None }
}

fn c(fill: impl FnOnce(&mut BtfBuilder)) -> String {
    let mut b = BtfBuilder::new(Endian::Little);
    fill(&mut b);
    let bytes = b.finish();
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    CHeader::new(&btf).to_c().unwrap()
}

fn has(text: &str, part: &str) {
    assert!(text.contains(part), "{part}\n{text}");
}

#[test]
fn pointers_of_4_bytes() {
    let text = c(|b| {
        let long = b.int("long int", 4, IntEncoding::SIGNED);
        let wide = b.int("long long int", 8, IntEncoding::SIGNED);
        let pointer = b.ptr(long);
        let members = [member("p", pointer, 0), member("l", long, 4), member("q", pointer, 8)];
        let s = b.struct_("s", 20, &members);
        b.struct_("holder", 60, &[member("l", long, 0), member("s", s, 40)]);
        b.union_("u", 4, &[member("p", pointer, 0), member("l", long, 0)]);
        // There is no pointer inside: as everywhere.
        b.struct_("plain", 12, &[member("l", long, 0), member("w", wide, 4)]);
    });
    has(&text, "/* The pointers of these types have 4 bytes");
    has(&text, "struct s {\n\tint *p;\n\tint l;\n\tint *q;\n};");
    has(&text, "struct holder {\n\tint l;\n\tstruct s s;\n};");
    has(&text, "union u {\n\tint *p;\n\tint l;\n};");
    has(&text, "struct plain {\n\tint l;\n\tlong long int w;\n} __attribute__((packed));");
}

/// clang writes none into BTF, and GCC does.
#[test]
fn qualifiers_of_nameless_members() {
    let text = c(|b| {
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let inner = b.struct_("", 4, &[member("x", int, 0)]);
        let inner = b.const_(inner);
        let other = b.union_("", 4, &[member("y", int, 0)]);
        let other = b.const_(other);
        let other = b.volatile(other);
        b.struct_("s", 8, &[member("", inner, 0), member("", other, 4)]);
    });
    has(&text, "\tconst struct {\n\t\tint x;\n\t};\n\tconst volatile union {\n");
}

/// Nothing says that what follows long ones is aligned.
#[test]
fn members_without_a_type() {
    let text = c(|b| {
        let char = b.int("char", 1, IntEncoding::SIGNED);
        let array = b.array(0, char, 127);
        let void = b.typedef("atomic", 0);
        b.struct_("s", 256, &[member("a", char, 0), member("x", array, 1), member("b", char, 128)]);
        b.union_("u", 128, &[member("x", array, 0), member("a", char, 0), member("y", void, 0)]);
    });
    has(
        &text,
        "\tchar a;\n\t/* x at byte 1: BTF has no type for it */\n\tlong: 56;\n\tunsigned char __bytes_8[120];\n\tchar b;\n",
    );
    has(
        &text,
        "union u {\n\t/* x at byte 0: BTF has no type for it */\n\tchar a;\n\t/* y at byte 0: BTF has no type for it */\n\tunsigned char __bytes_0[128];\n};",
    );
}

#[test]
fn constants_of_the_base_are_its_own() {
    let mut b = BtfBuilder::new(Endian::Little);
    b.enum_("", 4, false, &[("BASE", 1)]);
    let base = b.finish();
    let base = Btf::parse(&base, Endian::Little).unwrap();
    let mut b = BtfBuilder::over(&base);
    b.enum_("", 4, false, &[("OWN", 1)]);
    let bytes = b.finish();
    let btf = Btf::parse_split(&base, &bytes, Endian::Little).unwrap();
    let own = CHeader::new(&btf).to_c().unwrap();
    assert!(own.contains("OWN") && !own.contains("BASE"), "{own}");
    let all = CHeader::vmlinux(&btf).to_c().unwrap();
    assert!(all.contains("OWN") && all.contains("BASE"), "{all}");
}

#[test]
fn enumerators_with_words_of_c23_for_names() {
    let text = c(|b| {
        b.enum_("named", 4, false, &[("false", 0), ("nullptr", 1)]);
        b.enum_("", 4, false, &[("true", 1), ("unknown", 2)]);
        b.enum_("", 4, false, &[("false", 0), ("true", 1)]);
        b.enum_("", 4, false, &[("false", 0), ("true", 1)]);
    });
    has(&text, "enum named {\n\tfalse___2 = 0,\n\tnullptr___2 = 1,\n};");
    has(&text, "enum {\n\ttrue___2 = 1,\n\tunknown = 2,\n};");
    has(&text, "_are_defined)\nenum {\n\tfalse = 0,\n\ttrue = 1,\n};\n#endif\n");
    has(&text, "#endif\n\nenum {\n\tfalse___3 = 0,\n\ttrue___3 = 1,\n};");
}

#[test]
fn members_with_words_of_c23_for_names() {
    let text = c(|b| {
        let int = b.int("bool", 1, IntEncoding::BOOL);
        let inner = b.struct_("", 1, &[member("x", int, 0)]);
        b.struct_("s", 2, &[member("bool", int, 0), member("true", inner, 1)]);
    });
    let either = |name: &str, other: &str| format!("_are_defined)\n{name}#else\n{other}#endif\n");
    has(&text, &either("\t_Bool bool;\n", "\t_Bool bool_;\n"));
    let inner = "\tstruct {\n\t\t_Bool x;\n\t}";
    has(&text, &either(&format!("{inner} true;\n"), &format!("{inner} true_;\n")));
}

#[test]
fn what_has_no_c() {
    let text = c(|b| {
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let bool_ = b.int("bool", 1, IntEncoding::BOOL);
        let odd = b.int("odd", 9, IntEncoding::UNSIGNED);
        let field = |ty| [Member { name: "x", ty, bit_offset: 0, bitfield_size: Some(8) }];
        b.struct_("odd_bits", 12, &field(odd));
        b.struct_("bool_bits", 4, &field(bool_));
        b.struct_("twice", 8, &[member("x", int, 0), member("x", int, 4)]);
        let inner = b.union_("", 4, &[member("x", int, 0)]);
        b.struct_("twice_inside", 8, &[member("x", int, 0), member("", inner, 4)]);
        let nameless = b.typedef("", int);
        b.struct_("nameless", 4, &[member("x", nameless, 0)]);
        let array = b.array(int, int, 3);
        let proto = b.func_proto(array, &[]);
        let pointer = b.ptr(proto);
        b.struct_("returns_array", 8, &[member("x", pointer, 0)]);
        b.enum_("enumerators", 4, false, &[("", 1), ("A", 2)]);
        b.enum64("wide", 4, true, &[("B", 1 << 40 | 5)]);
        let none = b.enum_("", 4, false, &[("", 1)]);
        b.struct_("no_enumerators", 4, &[member("x", none, 0)]);
    });
    for (name, reason) in [
        ("odd_bits", "a bit-field exceeds its type"),
        ("bool_bits", "a bit-field exceeds its type"),
        ("twice", "two members have one name"),
        ("twice_inside", "two members have one name"),
        ("nameless", "a typedef has no name"),
        ("returns_array", "a function returns no value"),
    ] {
        has(&text, &format!("struct {name} {{ /* as bytes: {reason} */\n"));
    }
    has(&text, "enum enumerators {\n\tA = 2,\n};");
    has(&text, "enum wide : int {\n\tB = 5,\n};");
    has(&text, "struct no_enumerators {\n\tunsigned int x;\n};");
}

/// C puts the members of a nameless member into the scope of the whole.
#[test]
fn padding_in_one_scope() {
    let text = c(|b| {
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let hole = |a, z| [member(a, int, 0), member(z, int, 80)];
        let first = b.struct_("", 84, &hole("a", "b"));
        let second = b.struct_("", 84, &hole("c", "d"));
        let both = b.union_("", 84, &[member("", first, 0), member("", second, 0)]);
        b.struct_("s", 168, &[member("", both, 0), member("", both, 84)]);
        b.struct_("once", 84, &[member("", both, 0)]);
        // Members of a name have a scope of their own.
        b.struct_("of_names", 168, &[member("x", first, 0), member("", second, 84)]);
        let pointer = b.ptr(both);
        b.struct_("pointer", 92, &[member("x", pointer, 0), member("", first, 8)]);
        b.typedef("nameless", both);
        b.struct_("taken", 92, &[member("", first, 0), member("__bytes_8", int, 84)]);
        let members = [member("__bytes_8", int, 0), member("", first, 4), member("", second, 88)];
        b.struct_("all_taken", 176, &[&members[..], &[member("__bytes_8_2", int, 172)]].concat());
        let empty = b.struct_("", 100, &[]);
        let other = b.struct_("", 100, &[]);
        let members = [member("", empty, 0), member("", other, 100), member("x", int, 200)];
        b.struct_("empty", 204, &members);
    });
    for (name, want) in [
        ("struct once", "8 8_2"),
        ("struct of_names", "8 8"),
        ("struct pointer", "8 8_2 8"),
        ("typedef union", "8 8_2"),
        ("struct taken", "8_2"),
        ("struct all_taken", "8_3 8_4"),
        ("struct empty", "0 0_2"),
    ] {
        let (_, body) = text.split_once(&format!("\n{name} {{\n")).unwrap();
        let body = body.split("\n}").next().unwrap();
        let names = body.split("unsigned char __bytes_").skip(1);
        let names: Vec<&str> = names.filter_map(|rest| rest.split('[').next()).collect();
        assert_eq!(names.join(" "), want, "{name}: {body}");
    }
}

/// A parameter hides a typedef of its name from those behind it.
#[test]
fn names_of_parameters() {
    let text = c(|b| {
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let odd = b.int("odd", 4, IntEncoding::SIGNED);
        let dev = b.typedef("dev_t", int);
        let generic = b.typedef("Option<u32>", int);
        b.enum_("e", 4, false, &[("A", 0)]);
        let inner = b.func_proto(0, &[Param { name: "x", ty: dev }]);
        let inner = b.ptr(inner);
        for (name, parameters) in [
            ("typedefs", &[("dev_t", dev), ("y", dev)][..]),
            ("aliases", &[("odd", odd), ("y", odd)]),
            ("bent", &[("Option_u32_", generic), ("y", generic)]),
            ("twice", &[("x", int), ("x", int), ("register", int), ("register_", int)]),
            ("within", &[("x", int), ("call", inner)]),
            ("nameless", &[("", int), ("", int)]),
            ("other_spaces", &[("e", int), ("A", int), ("bool", int)]),
        ] {
            let parameters: Vec<_> =
                parameters.iter().map(|&(name, ty)| Param { name, ty }).collect();
            let proto = b.func_proto(int, &parameters);
            b.typedef(name, proto);
        }
    });
    for part in [
        "typedefs(dev_t, dev_t y);",
        "aliases(odd, odd y);",
        "bent(Option_u32_, Option_u32_ y);",
        "twice(int x, int, int register_, int);",
        "within(int x, void (*call)(dev_t x));",
        "nameless(int, int);",
        "other_spaces(int e, int A, int bool_);",
    ] {
        has(&text, part);
    }
}

/// clang warns of an attribute that nothing gets.
#[test]
fn relocatable_only_where_there_are_records() {
    let mut b = BtfBuilder::new(Endian::Little);
    let int = b.int("unsigned int", 4, IntEncoding::UNSIGNED);
    b.typedef("u32", int);
    b.enum_("e", 4, false, &[("A", 1)]);
    let proto = b.func_proto(int, &[Param { name: "a", ty: int }]);
    let pointer = b.ptr(proto);
    b.typedef("call", pointer);
    let kfunc = b.func("kfunc", proto, Linkage::Static);
    b.decl_tag("bpf_kfunc", kfunc, None);
    let s = b.struct_("s", 4, &[member("x", int, 0)]);
    b.typedef("defined", s);
    let fwd = b.fwd("undefined", true);
    let fwd = b.ptr(fwd);
    b.typedef("declared", fwd);
    let nameless = b.union_("", 4, &[member("x", int, 0)]);
    b.typedef("nameless", nameless);
    let odd = b.int("odd", 9, IntEncoding::UNSIGNED);
    b.typedef("bytes", odd);
    let double = b.float("long double", 16);
    b.typedef("words", double);
    let bytes = b.finish();
    let btf = Btf::parse(&bytes, Endian::Little).unwrap();
    for (name, records) in [
        ("u32", false),
        ("e", false),
        ("call", false),
        ("kfunc", false),
        ("s", true),
        ("defined", true),
        ("declared", true),
        ("nameless", true),
        ("bytes", true),
        ("words", true),
    ] {
        let text = CHeader::vmlinux(&btf).types([name]).to_c().unwrap();
        for pragma in ["#pragma clang attribute push", "#pragma clang attribute pop"] {
            assert_eq!(text.contains(pragma), records, "{name}: {text}");
        }
        assert_eq!(text.contains("BPF_NO_PRESERVE_ACCESS_INDEX"), records, "{name}: {text}");
    }
}
