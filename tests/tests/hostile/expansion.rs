//! Small objects that stand for a lot.

use bpf_skel::ErrorKind;
use bpf_skel::insn::{CALL, EXIT, Insn, PSEUDO_CALL};
use bpf_skel::spec::{Data, Endian, MapContents};
use bpf_skel_tests::elf::{EXEC, FUNCTION, NOBITS, PROGBITS, Section, Symbol, object};

use crate::memory::peak;
use crate::mutation::limit;

/// Reads within the limit; the error's text, if there is one.
fn read(bytes: &[u8]) -> Result<bpf_skel::spec::ObjectSpec, String> {
    let (result, peak) = peak(|| bpf_skel::elf::read(bytes, "hostile.o"));
    assert!(peak <= limit(bytes.len()), "{} bytes take {peak}", bytes.len());
    result.map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::Malformed);
        error.to_string()
    })
}

fn code(insns: &[Insn]) -> Vec<u8> {
    insns.iter().flat_map(|insn| insn.to_bytes(Endian::Little)).collect()
}

#[test]
fn zeros_of_four_gigabytes_are_not_allocated() {
    let bss = |size| Section {
        name: ".bss".into(),
        kind: NOBITS,
        size: Some(size),
        ..Default::default()
    };
    let spec = read(&object(&[bss(0xffff_ffff)], &[])).unwrap();
    let MapContents::Data { data, .. } = &spec.maps[0].contents else { panic!() };
    assert_eq!(*data, Data::Zeroed(0xffff_ffff));
    let error = read(&object(&[bss(1 << 32)], &[])).unwrap_err();
    assert_eq!(error, r#"hostile.o: section ".bss": 4294967296 bytes: more than 4 GiB"#);
}

#[test]
fn a_thousand_sections_over_the_same_bytes() {
    let mut sections = vec![Section {
        name: ".data".into(),
        kind: PROGBITS,
        bytes: vec![1; 1 << 20],
        ..Default::default()
    }];
    for n in 0..1000 {
        sections.push(Section {
            name: format!(".data.{n}"),
            kind: PROGBITS,
            same_bytes_as: Some(1),
            ..Default::default()
        });
    }
    let error = read(&object(&sections, &[])).unwrap_err();
    assert!(error.contains("expands to more than"), "{error}");
}

#[test]
fn a_thousand_programs_that_call_the_same_subprogram() {
    const SUBPROGRAM: usize = 20_000;
    let mut text = vec![Insn::new(0xb7, 0, 0, 0, 0); SUBPROGRAM];
    text[SUBPROGRAM - 1] = Insn::new(EXIT, 0, 0, 0, 0);
    let mut programs = Vec::new();
    let mut relocations = Vec::new();
    let mut symbols = vec![Symbol {
        name: "subprogram".into(),
        info: FUNCTION,
        section: 1,
        value: 0,
        size: 8 * SUBPROGRAM as u64,
    }];
    for n in 0..1000u64 {
        relocations.extend_from_slice(&(16 * n).to_le_bytes());
        relocations.extend_from_slice(&(1u64 << 32 | 10).to_le_bytes());
        programs.push(Insn::new(CALL, 0, PSEUDO_CALL, 0, -1));
        programs.push(Insn::new(EXIT, 0, 0, 0, 0));
        let (name, info) = (format!("program_{n}"), FUNCTION);
        symbols.push(Symbol { name, info, section: 2, value: 16 * n, size: 16 });
    }
    let section = |name: &str, insns: &[Insn]| Section {
        name: name.into(),
        kind: PROGBITS,
        flags: EXEC,
        bytes: code(insns),
        ..Default::default()
    };
    let rel = Section {
        name: ".relsocket".into(),
        kind: bpf_skel_tests::elf::REL,
        bytes: relocations,
        link: 4,
        info: 2,
        entry: 16,
        ..Default::default()
    };
    let sections = [section(".text", &text), section("socket", &programs), rel];
    let error = read(&object(&sections, &symbols)).unwrap_err();
    assert!(error.contains("expands to more than"), "{error}");

    // A few of them are nothing unusual.
    let spec = read(&object(&sections, &symbols[..20])).unwrap();
    assert_eq!(spec.programs.len(), 19);
    assert!(spec.programs.iter().all(|program| program.insn_count() == SUBPROGRAM + 2));
}

#[test]
fn calls_of_calls_of_calls() {
    // Each calls the next one: as deep as there are functions.
    const DEPTH: u64 = 10_000;
    let mut text = Vec::new();
    let mut symbols = Vec::new();
    for n in 0..DEPTH {
        text.push(Insn::new(CALL, 0, PSEUDO_CALL, 0, 1));
        text.push(Insn::new(EXIT, 0, 0, 0, 0));
        let name = format!("f{n}");
        symbols.push(Symbol { name, info: FUNCTION, section: 1, value: 16 * n, size: 16 });
    }
    let last = text.len() - 2;
    text[last].imm = -1 - last as i32;
    let main = Section {
        name: "socket".into(),
        kind: PROGBITS,
        flags: EXEC,
        bytes: code(&[Insn::new(CALL, 0, PSEUDO_CALL, 0, -1), Insn::new(EXIT, 0, 0, 0, 0)]),
        ..Default::default()
    };
    symbols.push(Symbol { name: "main".into(), info: FUNCTION, section: 2, value: 0, size: 16 });
    let mut relocation = vec![0; 8];
    relocation.extend_from_slice(&(1u64 << 32 | 10).to_le_bytes());
    let rel = Section {
        name: ".relsocket".into(),
        kind: bpf_skel_tests::elf::REL,
        bytes: relocation,
        link: 4,
        info: 2,
        entry: 16,
        ..Default::default()
    };
    let text = Section {
        name: ".text".into(),
        kind: PROGBITS,
        flags: EXEC,
        bytes: code(&text),
        ..main.clone()
    };
    let spec = read(&object(&[text, main, rel], &symbols)).unwrap();
    assert_eq!(spec.programs[0].insn_count() as u64, 2 * DEPTH + 2);
}

#[test]
fn names_that_are_tails_of_each_other() {
    // One name of 1 MiB, and 20,000 symbols that begin at its first byte.
    let name = "n".repeat(1 << 20);
    let symbol = |name: String| Symbol { name, info: 0x11, section: 0xfff1, value: 0, size: 0 };
    let mut symbols = vec![symbol(name)];
    symbols.resize(20_000, symbol(String::new()));
    let mut bytes = object(&[], &symbols);
    // The symbol table is the first section, right behind the header.
    for n in 1..=symbols.len() {
        bytes[64 + 24 * n..][..4].copy_from_slice(&1u32.to_le_bytes());
    }
    let error = read(&bytes).unwrap_err();
    assert!(error.contains("expands to more than"), "{error}");
}

#[test]
fn functions_that_overlap() {
    let text = Section {
        name: "socket".into(),
        kind: PROGBITS,
        flags: EXEC,
        bytes: code(&[Insn::new(0xb7, 0, 0, 0, 0), Insn::new(EXIT, 0, 0, 0, 0)]),
        ..Default::default()
    };
    let symbol = |name: &str, value, size| Symbol {
        name: name.into(),
        info: FUNCTION,
        section: 1,
        value,
        size,
    };
    let of = |symbols: &[Symbol]| read(&object(std::slice::from_ref(&text), symbols));
    assert_eq!(
        of(&[symbol("a", 0, 16), symbol("b", 8, 8)]).unwrap_err(),
        r#"hostile.o: section "socket": symbol "b": it overlaps "a""#
    );
    for (value, size) in [(0, 24), (16, 8), (4, 8), (0, 12), (0, 0), (8, u64::MAX - 7)] {
        let error = of(&[symbol("a", value, size)]).unwrap_err();
        let place = format!("found {size} bytes at {value}");
        assert!(error.ends_with(&place), "{error}");
    }
    // Two names of one function are two programs.
    assert_eq!(of(&[symbol("a", 0, 16), symbol("b", 0, 16)]).unwrap().programs.len(), 2);
}
