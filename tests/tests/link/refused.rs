//! What does not fit together is refused, with the names of both sides.

use bpf_skel::btf::{BtfBuilder, DataSecVar, IntEncoding, Linkage};
use bpf_skel::spec::Endian;
use bpf_skel_build::ErrorKind;
use bpf_skel_tests::elf::{EXEC, FUNCTION, NOBITS, PROGBITS, REL, Section, Symbol, object};
use bpf_skel_tests::fixtures;

use crate::{case, link, read};

/// By case of `cases.bpf.c`: what is said when it is linked to `definitions`.
#[rustfmt::skip]
const EXPECTED: &[(&str, &str)] = &[
    ("function_again", r#"symbol "twice": defined in definitions.o and in case.o (make one of them static or __weak, or the other one extern)"#),
    ("function_count", r#"symbol "twice": definitions.o defines it as "int (int x)", case.o declares it as "int (int, int)""#),
    ("function_is_variable", r#"symbol "twice": definitions.o defines it as "int (int x)", case.o declares it as "int""#),
    ("function_parameter", r#"symbol "twice": definitions.o defines it as "int (int x)", case.o declares it as "int (char *)""#),
    ("function_return", r#"symbol "twice": definitions.o defines it as "int (int x)", case.o declares it as "struct config *(int)""#),
    ("license", r#"section "license": "GPL" in definitions.o, "Dual MIT/GPL" in case.o"#),
    ("map_entries", r#"symbol "map": member "max_entries": definitions.o defines it with 8, case.o declares it with 9"#),
    ("map_flags", r#"symbol "map": member "map_flags": definitions.o defines it with 0, case.o declares it with 1"#),
    ("map_is_variable", r#"symbol "map": case.o: expected a struct that defines a map, found "int""#),
    ("map_key_size", r#"symbol "map": member "key_size": definitions.o defines it with 4, case.o declares it with 8"#),
    ("map_type", r#"symbol "map": member "type": definitions.o defines it with 1, case.o declares it with 2"#),
    ("map_value", r#"symbol "map": member "value": definitions.o defines it with "struct config", case.o declares it with "u64""#),
    ("member_name", r#"symbol "config": definitions.o defines it as "struct config", case.o declares it as "struct config": a member "b" where the other has "c""#),
    ("member_type", r#"symbol "config": definitions.o defines it as "struct config", case.o declares it as "struct config": member "b": "int" and "long long""#),
    ("section_flags", r#"section "placed": flags 0x3 in definitions.o, 0x2 in case.o"#),
    ("variable_again", r#"symbol "number": defined in definitions.o and in case.o (make one of them static or __weak, or the other one extern)"#),
    ("variable_is_map", r#"symbol "number": definitions.o defines it in section ".data", case.o declares it in section ".maps": only one of them is a map"#),
    ("variable_ksym", r#"symbol "number": definitions.o defines it in section ".data", case.o declares it in section ".ksyms": only one of them can be the kernel's"#),
    ("variable_type", r#"symbol "number": definitions.o defines it as "int", case.o declares it as "long long""#),
    ("variable_weak_type", r#"symbol "number": definitions.o defines it as "int", case.o defines it as "long long""#),
];

/// Cases that fit.
const GOOD: &[&str] = &[
    "aligned",
    "fits",
    "function_weak",
    "kconfig_bool",
    "kconfig_char",
    "kconfig_int",
    "kconfig_long",
    "nowhere",
];

fn fails(objects: &[(&str, &[u8])]) -> String {
    let error = bpf_skel_build::link(objects).expect_err("it must not link");
    assert_eq!(error.kind(), ErrorKind::Object, "{error}");
    error.to_string()
}

#[test]
fn every_case() {
    let folder = std::fs::read_dir(fixtures::folder().join("link/cases")).unwrap();
    let mut names: Vec<String> = folder
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.retain(|name| name != "definitions" && !GOOD.contains(&&**name));
    assert_eq!(names, EXPECTED.iter().map(|(name, _)| *name).collect::<Vec<_>>());

    let definitions = case("definitions");
    for (name, text) in EXPECTED {
        let other = case(name);
        let said = fails(&[("definitions.o", &definitions), ("case.o", &other)]);
        assert_eq!(said, *text, "{name}");
        // The other way round it is as wrong.
        fails(&[("case.o", &other), ("definitions.o", &definitions)]);
    }
}

#[test]
fn good_cases() {
    let definitions = case("definitions");
    let map = |name: &str| {
        let linked = link(&[("definitions.o", &definitions), ("case.o", &case(name))]);
        read(&linked).map_index("map")
    };
    assert_eq!(map("fits"), Some(0));
    assert_eq!(map("function_weak"), Some(0));
}

#[test]
fn options_of_the_kernel_have_one_type() {
    assert_eq!(
        fails(&[("a.o", &case("kconfig_int")), ("b.o", &case("kconfig_long"))]),
        r#"symbol "CONFIG_HZ": a.o declares it as "int", b.o declares it as "long long""#
    );
    // `y` has a value for each.
    assert_eq!(
        fails(&[("a.o", &case("kconfig_bool")), ("b.o", &case("kconfig_char"))]),
        r#"symbol "CONFIG_BPF": a.o declares it as "_Bool", b.o declares it as "char""#
    );
}

#[test]
fn versions() {
    let versioned = |bytes: &[u8]| {
        let section = Section {
            name: "version".into(),
            kind: PROGBITS,
            flags: 3,
            bytes: bytes.into(),
            ..Section::default()
        };
        object(&[section], &[])
    };
    let said = |a: &[u8], b: &[u8]| fails(&[("a.o", &versioned(a)), ("b.o", &versioned(b))]);
    let start = r#"section "version": "#;
    assert_eq!(said(&[1, 0, 0, 0], &[0, 10, 5, 0]), format!("{start}1 in a.o, 330240 in b.o"));
    assert_eq!(said(&[1, 0, 0, 0], &[1, 0]), format!("{start}1 in a.o, [1, 0] in b.o"));
}

/// The result may be linked again with what has it. Who reads it is told.
#[test]
fn what_nobody_defines_stays_undefined() {
    let linked = link(&[("a.o", &case("definitions")), ("b.o", &case("nowhere"))]);
    let error = bpf_skel::elf::read(&linked, "linked.o").unwrap_err().to_string();
    let words = ["\"nowhere\"", "it is not defined in this object", "link the object that has it"];
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
}

#[test]
fn byte_orders_and_types_do_not_mix() {
    let main = |endian| fixtures::bytes("link/main", endian);
    assert_eq!(
        fails(&[("el.o", &main(Endian::Little)), ("eb.o", &main(Endian::Big))]),
        "el.o is little-endian, eb.o is big-endian"
    );
    let without = fixtures::bytes("no_btf", Endian::Little);
    assert_eq!(
        fails(&[("a.o", &main(Endian::Little)), ("b.o", &without)]),
        "b.o has no BTF, a.o has some (compile all of them with -g)"
    );
    // Alone it may go without.
    assert_eq!(read(&link(&[("b.o", &without)])).btf.len(), 0);
}

/// The section is made anew, and the old one may not stay beside it.
#[test]
fn types_that_refer_to_a_section() {
    let mut types = BtfBuilder::new(Endian::Little);
    let section = types.datasec(".data", 0, &[]);
    types.ptr(section);
    let bytes = types.finish();
    let section = Section { name: ".BTF".into(), kind: PROGBITS, bytes, ..Section::default() };
    assert_eq!(
        fails(&[("a.o", &object(&[section], &[]))]),
        "a.o: BTF type [2] refers to [1], a data section"
    );
}

/// A second license is left out with its variable, which no other section may list.
#[test]
fn a_variable_of_two_sections() {
    let part = |listed: &[&str]| {
        let mut types = BtfBuilder::new(Endian::Little);
        let char = types.int("char", 1, IntEncoding::SIGNED);
        let ty = types.var("both", char, Linkage::Static);
        for section in listed {
            types.datasec(section, 4, &[DataSecVar { ty, offset: 0, size: 4 }]);
        }
        let sections = [
            (".BTF", 0, types.finish()),
            ("license", 3, b"GPL\0".into()),
            (".data", 3, vec![0; 4]),
        ];
        let section = |(name, flags, bytes): (&str, u64, Vec<u8>)| Section {
            name: name.into(),
            kind: PROGBITS,
            flags,
            bytes,
            ..Section::default()
        };
        object(&sections.map(section), &[])
    };
    let first = part(&["license", ".data"]);
    link(&[("a.o", &first), ("b.o", &part(&["license"]))]);
    assert_eq!(
        fails(&[("a.o", &first), ("b.o", &part(&["license", ".data"]))]),
        r#"b.o: section ".data": variable "both": BTF has it in two sections, and one is left out"#
    );
}

#[test]
fn inputs_that_are_none() {
    let error = bpf_skel_build::link(&[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(fails(&[("a.o", b"hello")]), "a.o: not an ELF file");

    let section = |name: &str, kind, bytes: Vec<u8>| Section {
        name: name.into(),
        kind,
        bytes,
        ..Section::default()
    };
    let same = |kind| object(&[section("mine", kind, vec![0; 8])], &[]);
    assert_eq!(
        fails(&[("a.o", &same(PROGBITS)), ("b.o", &same(NOBITS))]),
        r#"section "mine": ELF type 0x1 in a.o, 0x8 in b.o"#
    );
    let text = Section { flags: 6, ..section("socket", PROGBITS, vec![0; 12]) };
    assert_eq!(
        fails(&[("a.o", &object(&[text], &[]))]),
        r#"a.o: section "socket": expected whole instructions, found 12 bytes"#
    );
}

/// An object whose sections `xdp` and `tc` have a function each that takes the address of one table.
fn shares_a_table() -> Vec<u8> {
    let section = |name: &str, flags: u64, bytes: Vec<u8>| Section {
        name: name.into(),
        kind: PROGBITS,
        flags,
        bytes,
        ..Section::default()
    };
    let relocation = |info: u32| Section {
        name: ".rel".into(),
        kind: REL,
        // Of the first instruction, R_BPF_64_64 against the first symbol.
        bytes: [0_u64, 1 << 32 | 1].map(u64::to_le_bytes).concat(),
        link: 6,
        info,
        entry: 16,
        ..Section::default()
    };
    let mut code = vec![0; 24];
    // r0 = the table; exit
    (code[0], code[16]) = (0x18, 0x95);
    let symbol = |name: &str, info: u8, section: u16, size: u64| Symbol {
        name: name.into(),
        info,
        section,
        value: 0,
        size,
    };
    object(
        &[
            section("xdp", EXEC, code.clone()),
            relocation(1),
            section("tc", EXEC, code),
            relocation(3),
            section(".jumptables", 0, vec![0; 8]),
        ],
        &[
            symbol("table", 0x11, 5, 8),
            symbol("one", FUNCTION, 1, 24),
            symbol("two", FUNCTION, 3, 24),
        ],
    )
}

#[test]
fn tables_of_jumps() {
    let refused = |name: &str| {
        let cases = fixtures::refused();
        cases.into_iter().find(|(case, _)| case == name).expect(name).1
    };
    assert_eq!(
        fails(&[("a.o", &refused("jumptables_relocated"))]),
        r#"a.o: section ".jumptables": expected offsets in the function's section, found relocations"#
    );
    assert_eq!(
        fails(&[("a.o", &refused("jumptables_size"))]),
        r#"a.o: section ".jumptables": symbol "jumps": expected whole numbers of 8 bytes within the section's 4 bytes, found 4 bytes at 0"#
    );
    let shared = shares_a_table();
    // Both sections stay where they are, or only one of them moves.
    assert!(bpf_skel_build::link(&[("a.o", &shared)]).is_ok());
    let before = object(
        &[Section {
            name: "xdp".into(),
            kind: PROGBITS,
            flags: EXEC,
            bytes: vec![0x95, 0, 0, 0, 0, 0, 0, 0],
            ..Section::default()
        }],
        &[],
    );
    assert_eq!(
        fails(&[("before.o", &before), ("a.o", &shared)]),
        r#"a.o: section ".jumptables": symbol "table": functions of two sections jump through it"#
    );
}
