//! Sections `maps` and `N/M` that no compiler writes.

use bpf_skel::ErrorKind;
use bpf_skel::elf::{Legacy, Reader, Reading, Warning};
use bpf_skel::insn::{EXIT, Insn, LDIMM64, MOV64_IMM};
use bpf_skel::spec::{Endian, MapContents, Pinning, Slot, SlotTarget};
use bpf_skel::uapi::ProgramType;
use bpf_skel_tests::elf::{EXEC, FUNCTION, NOBITS, PROGBITS, REL, Section, Symbol, object};

const GLOBAL_OBJECT: u8 = 0x11;
const GLOBAL_NOTYPE: u8 = 0x10;
const LOCAL_OBJECT: u8 = 0x01;
const WEAK_OBJECT: u8 = 0x21;

const HASH: u32 = 1;
const ARRAY: u32 = 2;
const PROG_ARRAY: u32 = 3;
const ARRAY_OF_MAPS: u32 = 12;
const HASH_OF_MAPS: u32 = 13;

/// Section `maps` with these words.
fn maps(words: &[u32]) -> Section {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Section { name: "maps".into(), kind: PROGBITS, bytes, ..Default::default() }
}

/// A symbol of the first section.
fn symbol(name: &str, info: u8, value: u64) -> Symbol {
    Symbol { name: name.into(), info, section: 1, value, size: 0 }
}

fn read(sections: &[Section], symbols: &[Symbol]) -> bpf_skel::Result<Reading> {
    Reader::new().legacy(Legacy::Iproute2).read(&object(sections, symbols), "x.o")
}

/// An object of these whole definitions, which are called `a`, `b` and so on.
fn definitions(definitions: &[[u32; 9]]) -> bpf_skel::Result<Reading> {
    let names = ('a'..='z').map(String::from);
    let symbols = names.zip(0..definitions.len() as u64);
    let symbols: Vec<_> = symbols.map(|(name, n)| symbol(&name, GLOBAL_OBJECT, n * 36)).collect();
    read(&[maps(definitions.as_flattened())], &symbols)
}

fn refused(result: bpf_skel::Result<Reading>, expected: &str) {
    let error = result.expect_err(expected);
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    assert_eq!(error.to_string(), format!(r#"x.o: section "maps": {expected}"#));
}

#[test]
fn sections() {
    let one = [HASH, 4, 4, 1, 0, 0, 0, 0, 0];
    let many = |count: u64, size: u64| -> Vec<Symbol> {
        (0..count).map(|n| symbol(&format!("m{n}"), GLOBAL_OBJECT, n * size)).collect()
    };
    let words = |count: usize| vec![HASH; count];
    #[rustfmt::skip]
    let cases: &[(Section, Vec<Symbol>, &str)] = &[
        (maps(&one), vec![],
            "no global symbol in it: a static map has no name"),
        (maps(&one), vec![symbol("a", LOCAL_OBJECT, 0)],
            "no global symbol in it: a static map has no name"),
        (maps(&one), vec![symbol("a", WEAK_OBJECT, 0)],
            "no global symbol in it: a static map has no name"),
        (maps(&one), vec![symbol("a", FUNCTION, 0)],
            "no global symbol in it: a static map has no name"),
        (maps(&words(65 * 4)), many(65, 16), "expected 64 maps or less, found 65"),
        (maps(&words(11)), many(2, 22),
            "expected definitions in words of 4 bytes, found 22 bytes each"),
        (maps(&words(10)), many(3, 16),
            "expected 3 definitions of the same size, in words of 4 bytes, found 40 bytes"),
        (maps(&words(8)), vec![symbol("a", GLOBAL_OBJECT, 0), symbol("b", GLOBAL_OBJECT, 20)],
            r#"symbol "b": expected a name and a definition of its own of 16 bytes, found offset 20"#),
        (maps(&words(8)), vec![symbol("a", GLOBAL_OBJECT, 0), symbol("b", GLOBAL_OBJECT, 0)],
            r#"symbol "b": expected a name and a definition of its own of 16 bytes, found offset 0"#),
        (maps(&words(8)), vec![symbol("a", GLOBAL_OBJECT, 0), symbol("b", GLOBAL_OBJECT, 32)],
            r#"symbol "b": expected a name and a definition of its own of 16 bytes, found offset 32"#),
        (maps(&one), vec![symbol("a", GLOBAL_OBJECT, u64::MAX)],
            r#"symbol "a": expected a name and a definition of its own of 36 bytes, found offset 18446744073709551615"#),
        (maps(&one), vec![symbol("", GLOBAL_OBJECT, 0)],
            r#"symbol "": expected a name and a definition of its own of 36 bytes, found offset 0"#),
        (maps(&words(10)), many(1, 40),
            r#"map "m0": expected a definition of 36 bytes or less, found one of 40: it is newer than the last struct bpf_elf_map"#),
        (maps(&words(3)), many(1, 12),
            r#"map "m0": expected a definition of 16 bytes or more, found one of 12"#),
        (maps(&[0, 4, 4, 1]), many(1, 16),
            r#"map "m0": it has no type: the first number is 0"#),
    ];
    for (section, symbols, expected) in cases {
        refused(read(std::slice::from_ref(section), symbols), expected);
    }
    let two = [maps(&one), Section { name: "x/maps".into(), ..maps(&one) }];
    let error = read(&two, &[symbol("a", GLOBAL_OBJECT, 0)]).unwrap_err().to_string();
    assert_eq!(error, r#"x.o: section "x/maps": a second section of legacy map definitions"#);
}

/// The kinds of symbols that count, as many maps as there may be, and a section with nothing in it.
#[test]
fn sections_that_are_right() {
    let symbols = [
        symbol("a", GLOBAL_NOTYPE, 16),
        symbol("b", GLOBAL_OBJECT, 0),
        symbol("c", LOCAL_OBJECT, 4),
    ];
    let words = [HASH, 4, 4, 1, ARRAY, 4, 8, 2];
    let spec = read(&[maps(&words)], &symbols).unwrap().spec;
    let found: Vec<_> = spec.maps.iter().map(|map| (&*map.name, map.value_size)).collect();
    assert_eq!(found, [("b", 4), ("a", 8)]);

    let symbols: Vec<_> =
        (0..64).map(|n| symbol(&format!("m{n}"), GLOBAL_OBJECT, n * 16)).collect();
    assert_eq!(read(&[maps(&[HASH; 256])], &symbols).unwrap().spec.maps.len(), 64);

    let zeros = Section { kind: NOBITS, size: Some(36), ..maps(&[]) };
    for nothing in [maps(&[]), zeros] {
        assert!(read(&[nothing], &[]).unwrap().spec.maps.is_empty());
    }
}

#[test]
fn tails_that_are_not_known() {
    let read = |layout, words: &[u32]| {
        let bytes = object(&[maps(words)], &[symbol("a", GLOBAL_OBJECT, 0)]);
        Reader::new().legacy(layout).read(&bytes, "x.o")
    };
    let mut words = [HASH, 4, 8, 16, 1, 0, 0, 0, 0, 0, 0];
    let spec = read(Legacy::Libbpf, &words).unwrap().spec;
    assert_eq!((spec.maps[0].flags, spec.maps[0].pinning), (1, Pinning::None));
    for at in 5..words.len() {
        words[at] = 1;
        refused(
            read(Legacy::Libbpf, &words),
            r#"map "a": expected zeros after the 20 bytes that are known, found other numbers"#,
        );
        words[at] = 0;
    }
    refused(
        read(Legacy::Iproute2Old, &[HASH, 4, 8, 16, 7, 2, 1]),
        r#"map "a": expected zeros after the 24 bytes that are known, found other numbers"#,
    );
}

/// Any number is one: a pinning is no enum of two values.
#[test]
fn pinnings() {
    for number in [1, 2, 3, 0x8000_0000, u32::MAX] {
        let spec = definitions(&[[HASH, 4, 4, 1, 0, 0, number, 0, 0]]).unwrap().spec;
        assert_eq!(spec.maps[0].pinning, Pinning::Legacy(number));
    }
}

#[test]
fn maps_in_maps() {
    const INNER: [u32; 9] = [ARRAY, 4, 8, 2, 0, 42, 0, 0, 0];
    const OUTER: [u32; 9] = [ARRAY_OF_MAPS, 4, 4, 4, 0, 0, 0, 42, 0];
    let with = |mut definition: [u32; 9], at: usize, value| {
        definition[at] = value;
        definition
    };
    #[rustfmt::skip]
    let cases: &[(&[[u32; 9]], &str)] = &[
        (&[OUTER], r#"map "a": no map has id 42, its inner id"#),
        (&[INNER, with(OUTER, 2, 8)], r#"map "b": expected values of 4 bytes, since it holds maps, found 8"#),
        (&[with(OUTER, 5, 42)], r#"map "a": expected one level of maps in a map, found two"#),
        (&[INNER, with(with(OUTER, 0, HASH_OF_MAPS), 1, 8)],
            r#"map "b": expected keys of 4 bytes, since an inner index is one, found 8"#),
    ];
    for (cases, expected) in cases {
        refused(definitions(cases), expected);
    }

    // Without an inner id it gets no template; a map that is found or given needs none.
    let spec = definitions(&[with(OUTER, 7, 0)]).unwrap().spec;
    assert_eq!((spec.maps[0].inner, &spec.maps[0].contents), (None, &MapContents::Empty));

    // What has an inner id, and what has −1, is not put anywhere; and without an id one is not found.
    let spec =
        definitions(&[with(INNER, 8, u32::MAX), with(INNER, 7, 9), with(INNER, 5, 0), OUTER]);
    let spec = spec.unwrap().spec;
    assert_eq!((spec.maps[3].inner, &spec.maps[3].contents), (Some(0), &MapContents::Empty));

    // Two for one slot: the last one has it. The first of an id is the template.
    let reading = definitions(&[with(INNER, 2, 16), INNER, with(INNER, 8, 2), OUTER]).unwrap();
    let slot = |key, map| Slot { key, target: SlotTarget::Map(map) };
    let slots = MapContents::Slots(vec![slot(0, 1), slot(2, 2)].into());
    assert_eq!(reading.spec.maps[3].contents, slots);
    assert_eq!(reading.spec.inner_maps[0].value_size, 16);
    assert_eq!(reading.warnings, [Warning::SlotTaken { map: "d".into(), key: 0 }]);

    // Keys of another size matter only where something is put.
    let hash = with(with(OUTER, 0, HASH_OF_MAPS), 1, 8);
    assert!(definitions(&[with(INNER, 8, u32::MAX), hash]).is_ok());
}

/// Programs in sections of these names; each refers to the maps given.
fn programs(maps_of: &[[u32; 9]], programs: &[(&str, &[u32])]) -> bpf_skel::Result<Reading> {
    let mut sections = vec![maps(maps_of.as_flattened())];
    let mut symbols: Vec<_> = (0..maps_of.len() as u64)
        .map(|n| symbol(&format!("map{n}"), GLOBAL_OBJECT, n * 36))
        .collect();
    let count = programs.len() as u32;
    for (n, (name, refers)) in programs.iter().enumerate() {
        let mut code = Vec::new();
        let mut relocations = Vec::new();
        for map in *refers {
            relocations.extend_from_slice(&(8 * code.len() as u64).to_le_bytes());
            relocations.extend_from_slice(&(u64::from(map + 1) << 32 | 1).to_le_bytes());
            code.extend([Insn::new(LDIMM64, 1, 0, 0, 0), Insn::default()]);
        }
        code.extend([Insn::new(MOV64_IMM, 0, 0, 0, 0), Insn::new(EXIT, 0, 0, 0, 0)]);
        let bytes: Vec<u8> = code.iter().flat_map(|insn| insn.to_bytes(Endian::Little)).collect();
        symbols.push(Symbol {
            name: format!("program{n}"),
            info: FUNCTION,
            section: 2 * n as u16 + 2,
            value: 0,
            size: bytes.len() as u64,
        });
        let (kind, flags) = (PROGBITS, EXEC);
        sections.push(Section { name: (*name).into(), kind, flags, bytes, ..Default::default() });
        sections.push(Section {
            name: format!(".rel{name}"),
            kind: REL,
            bytes: relocations,
            link: 2 * count + 2,
            info: 2 * n as u32 + 2,
            entry: 16,
            ..Default::default()
        });
    }
    read(&sections, &symbols)
}

fn prog_array(id: u32) -> [u32; 9] {
    [PROG_ARRAY, 4, 4, 4, 0, id, 0, 0, 0]
}

#[test]
fn tail_calls() {
    let slots = |reading: &Reading, map: usize| match &reading.spec.maps[map].contents {
        MapContents::Slots(slots) => slots.iter().map(|slot| (slot.key, slot.target)).collect(),
        _ => Vec::new(),
    };
    // The first prog array with an id has it; other types do not count, and 0 is an id here.
    let maps = [[HASH, 4, 4, 1, 0, 1, 0, 0, 0], prog_array(1), prog_array(1), prog_array(0)];
    let reading =
        programs(&maps, &[("xdp", &[1]), ("1/2", &[]), ("0/0", &[]), ("1/0x2", &[])]).unwrap();
    assert_eq!(slots(&reading, 1), [(2, SlotTarget::Program(3))]);
    assert!(slots(&reading, 2).is_empty());
    assert_eq!(slots(&reading, 3), [(0, SlotTarget::Program(2))]);
    assert_eq!(reading.warnings, [Warning::SlotTaken { map: "map1".into(), key: 2 }]);
    let types: Vec<_> = reading.spec.programs.iter().map(|it| it.program_type).collect();
    assert_eq!(types, [ProgramType::XDP, ProgramType::XDP, ProgramType::UNSPEC, ProgramType::XDP]);

    let error = programs(&[prog_array(1)], &[("1/0", &[]), ("1/0", &[])]).unwrap_err().to_string();
    let expected = r#"section "1/0": expected one program to put into slot 0, found "program0" and "program1""#;
    assert_eq!(error, format!("x.o: {expected}"));
}

/// What jumps to a program says of what type it is: through others too, and unless they differ.
#[test]
fn types_of_tail_calls() {
    let maps = [prog_array(1), prog_array(2), prog_array(3)];
    let types = |sections: &[(&str, &[u32])]| -> Vec<ProgramType> {
        let spec = programs(&maps, sections).unwrap().spec;
        spec.programs.iter().map(|program| program.program_type).collect()
    };
    use ProgramType as T;
    let chain = types(&[("3/0", &[]), ("2/0", &[2]), ("1/0", &[1, 0]), ("xdp", &[0])]);
    assert_eq!(chain, [T::XDP; 4]);
    let apart = types(&[("xdp", &[0, 1]), ("classifier", &[1]), ("1/0", &[]), ("2/0", &[])]);
    assert_eq!(apart, [T::XDP, T::SCHED_CLS, T::XDP, T::UNSPEC]);
    assert_eq!(types(&[("prog", &[0]), ("1/0", &[])]), [T::UNSPEC; 2]);
}

/// A symbol that is not said to be a function's, at the start of a section without one: the section is the program.
#[test]
fn a_section_is_a_program() {
    let code = [Insn::new(MOV64_IMM, 0, 0, 0, 0), Insn::new(EXIT, 0, 0, 0, 0)];
    let section = Section {
        name: "classifier".into(),
        kind: PROGBITS,
        flags: EXEC,
        bytes: code.iter().flat_map(|insn| insn.to_bytes(Endian::Little)).collect(),
        ..Default::default()
    };
    let symbols = [symbol("main", GLOBAL_NOTYPE, 0), symbol("label", GLOBAL_NOTYPE, 8)];
    let spec = read(std::slice::from_ref(&section), &symbols).unwrap().spec;
    let found: Vec<_> = spec.programs.iter().map(|it| (&*it.name, it.insn_count())).collect();
    assert_eq!(found, [("main", 2)]);
    // The standard reader does not guess.
    let strict = bpf_skel::elf::read(&object(&[section], &symbols), "x.o").unwrap();
    assert!(strict.programs.is_empty());
}
