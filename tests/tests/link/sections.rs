//! Sections that the linker knows nothing of go through as they are: one behind the other, with what is to be filled in.

use bpf_skel::spec::Endian;
use bpf_skel_tests::elf::{EXEC, FUNCTION, PROGBITS, REL, Section, Symbol, object};
use bpf_skel_tests::fixtures;
use object::read::elf::{ElfFile64, SectionHeader};
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags,
};

use crate::{case, link};

const ABS64: u32 = 2;
const SECTION_SYMBOL: u8 = 3;
/// `SHF_WRITE | SHF_ALLOC`
const DATA: u64 = 3;
const FUNCTIONS: u16 = 1;

/// A function of two instructions; a table of operations that points at it; a table with the address of its second instruction;
/// a section of somebody's own.
fn part(function: &str, own: &[u8]) -> Vec<u8> {
    let section = |name: &str, flags: u64, bytes: &[u8]| Section {
        name: name.into(),
        kind: PROGBITS,
        flags,
        bytes: bytes.to_vec(),
        ..Section::default()
    };
    let relocation = |target: u32, at: u64, symbol: u64| Section {
        name: ".rel".into(),
        kind: REL,
        bytes: [at, symbol << 32 | u64::from(ABS64)].map(u64::to_le_bytes).concat(),
        // The symbol table is behind the sections.
        link: 7,
        info: target,
        entry: 16,
        ..Section::default()
    };
    let symbol = |name: &str, info: u8, size: u64| Symbol {
        name: name.into(),
        info,
        section: FUNCTIONS,
        value: 0,
        size,
    };
    let mut code = [0; 16];
    // r0 = 0; exit
    (code[0], code[8]) = (0xb7, 0x95);
    object(
        &[
            section("struct_ops", EXEC, &code),
            section(".struct_ops.link", DATA, &[7; 16]),
            relocation(2, 8, 1),
            section(".labels", 2, &8_u64.to_le_bytes()),
            relocation(4, 0, 2),
            section("own", 0, own),
        ],
        &[symbol(function, FUNCTION, 16), symbol("", SECTION_SYMBOL, 0)],
    )
}

/// Places, and names of the symbols or sections that are to be filled in there.
fn relocations(file: &ElfFile64<'_>, section: &str) -> Vec<(u64, String)> {
    let section = file.section_by_name(section).unwrap();
    let name = |(offset, relocation): (u64, object::Relocation)| {
        assert!(matches!(relocation.flags(), RelocationFlags::Elf { r_type } if r_type.0 == ABS64));
        let RelocationTarget::Symbol(symbol) = relocation.target() else { panic!("a symbol") };
        let symbol = file.symbol_by_index(symbol).unwrap();
        let section = || file.section_by_index(symbol.section_index().unwrap()).unwrap();
        let name = match symbol.name().unwrap() {
            "" => section().name().unwrap().to_owned(),
            name => name.to_owned(),
        };
        (offset, name)
    };
    section.relocations().map(name).collect()
}

/// libelf takes no more alignment than the offset in the file for true, and libbpf refuses the object.
#[test]
fn offsets_are_aligned() {
    let linked = link(&[("a.o", &case("aligned"))]);
    let file = ElfFile64::<object::Endianness>::parse(&*linked).unwrap();
    for (name, align) in [(".data.page", 4096), (".bss", 512)] {
        let section = file.section_by_name(name).unwrap();
        let offset = section.elf_section_header().sh_offset(file.endian());
        assert_eq!((section.align(), offset % align), (align, 0), "{name}");
    }
}

#[test]
fn what_is_not_known_is_kept() {
    let linked = link(&[("a.o", &part("first", b"abc")), ("b.o", &part("second", b"defg"))]);
    let file = ElfFile64::parse(&*linked).unwrap();
    let content = |name: &str, expected: u64| {
        let section = file.section_by_name(name).unwrap();
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { panic!("an ELF file") };
        assert_eq!(sh_flags.0, expected, "{name}");
        section.data().unwrap().to_vec()
    };
    assert_eq!(content("own", 0), b"abc\0\0\0\0\0defg");
    assert_eq!(content(".struct_ops.link", DATA), [7; 32]);
    let function = |at: u64, name: &str| (at, name.to_owned());
    let expected = [function(8, "first"), function(24, "second")];
    assert_eq!(relocations(&file, ".struct_ops.link"), expected);

    // Relative to a section, whose second part is at 16 now.
    assert_eq!(content(".labels", 2), [8_u64, 24].map(u64::to_le_bytes).concat());
    let expected = [function(0, "struct_ops"), function(8, "struct_ops")];
    assert_eq!(relocations(&file, ".labels"), expected);
}

/// What is said of CO-RE where there is none takes no bytes: libbpf 1.7 does not open an object with a part that has a head
/// and no records.
#[test]
fn parts_of_btf_ext_have_records_or_no_bytes() {
    for (name, core) in [("programs", false), ("core", true)] {
        let bytes = link(&[("a.o", &fixtures::bytes(name, Endian::Little))]);
        let file = ElfFile64::<object::Endianness>::parse(&*bytes).unwrap();
        let ext = file.section_by_name(".BTF.ext").unwrap().data().unwrap();
        let word = |at: usize| u32::from_le_bytes(ext[at..at + 4].try_into().unwrap());
        // Of functions, lines, and CO-RE.
        let lengths = [12, 20, 28].map(word);
        assert!(lengths[0] > 4 && lengths[1] > 4, "{name}: {lengths:?}");
        assert_eq!((lengths[2] == 0, lengths[2] > 4), (!core, core), "{name}: {lengths:?}");
    }
}
