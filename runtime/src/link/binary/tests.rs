//! The reader, against files made for it, in both sizes and byte orders.

use std::path::Path;

use super::*;
use crate::ErrorKind;

/// How a made file writes its numbers.
#[derive(Clone, Copy)]
struct Form {
    wide: bool,
    big: bool,
}

const FORMS: [Form; 4] = [
    Form { wide: true, big: false },
    Form { wide: true, big: true },
    Form { wide: false, big: false },
    Form { wide: false, big: true },
];

/// A field of a struct in the file.
#[derive(Clone, Copy)]
enum Field {
    Half(u16),
    Int(u32),
    Word(u64),
}
use Field::{Half, Int, Word};

impl Form {
    fn write(self, fields: &[Field]) -> Vec<u8> {
        let number = |number: u64, size: usize| {
            if self.big {
                number.to_be_bytes()[8 - size..].to_vec()
            } else {
                number.to_le_bytes()[..size].to_vec()
            }
        };
        let one = |field: &Field| match *field {
            Half(value) => number(value.into(), 2),
            Int(value) => number(value.into(), 4),
            Word(value) => number(value, if self.wide { 8 } else { 4 }),
        };
        fields.iter().flat_map(one).collect()
    }

    fn symbol(self, name: u32, weak: bool, defined: bool, address: u64) -> Vec<u8> {
        let info = 2 | if weak { 2 << 4 } else { 1 << 4 };
        let section = u16::from(defined);
        if self.wide {
            let mut symbol = self.write(&[Int(name)]);
            symbol.extend([info, 0]);
            symbol.extend(self.write(&[Half(section), Word(address), Word(0)]));
            symbol
        } else {
            let mut symbol = self.write(&[Int(name), Word(address), Word(0)]);
            symbol.extend([info, 0]);
            symbol.extend(self.write(&[Half(section)]));
            symbol
        }
    }

    fn note(self, address: u64, semaphore: u64, text: &[u8]) -> Vec<u8> {
        let mut content = self.write(&[Word(address), Word(LINKED_BASE), Word(semaphore)]);
        content.extend(text);
        let mut note = self.write(&[Int(8), Int(content.len() as u32), Int(3)]);
        note.extend(b"stapsdt\0");
        note.extend(content);
        note.resize(note.len().next_multiple_of(4), 0);
        note
    }
}

/// Code is at this address, and 0x1000 of the file.
const CODE: u64 = 0x40_1000;
const DATA: u64 = 0x40_4000;
const LINKED_BASE: u64 = 0x40_2000;
const MOVED_BASE: u64 = 0x40_2010;

/// Strings and where they are.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        let at = self.0.len() as u32;
        self.0.extend(text.as_bytes());
        self.0.push(0);
        at
    }
}

/// A library that exports `plain`, two versions of `versioned`, a weak and a strong `twice`, two `clash`; and whose
/// whole symbol table has `local` too.
fn library(form: Form) -> Vec<u8> {
    let mut strings = Strings(vec![0]);
    let mut dynamic = form.symbol(0, false, false, 0);
    let mut add = |strings: &mut Strings, name: &str, weak, defined, address| {
        let name = strings.add(name);
        dynamic.extend(form.symbol(name, weak, defined, address));
    };
    add(&mut strings, "plain", false, true, CODE + 0x10);
    add(&mut strings, "versioned", false, true, CODE + 0x20);
    add(&mut strings, "versioned", true, true, CODE + 0x30);
    add(&mut strings, "twice", true, true, CODE + 0x40);
    add(&mut strings, "twice", false, true, CODE + 0x50);
    add(&mut strings, "clash", false, true, CODE + 0x60);
    add(&mut strings, "clash", false, true, CODE + 0x70);
    add(&mut strings, "imported", false, false, 0);
    add(&mut strings, "same", false, true, CODE + 0x80);
    add(&mut strings, "same", false, true, CODE + 0x80);
    let versions = [0, 1, 3, 2 | 0x8000, 1, 1, 1, 1, 1, 1, 1].map(Half);
    let (one, two) = (strings.add("V_1"), strings.add("V_2"));
    // A definition and its only name: number 2, then number 3.
    let definition = |number, name, next| {
        form.write(&[
            Half(1),
            Half(0),
            Half(number),
            Half(1),
            Int(0),
            Int(20),
            Int(next),
            Int(name),
            Int(0),
        ])
    };
    let definitions = [definition(2, one, 28), definition(3, two, 0)].concat();
    let local = [
        form.symbol(0, false, false, 0),
        form.symbol(strings.add("local"), false, true, CODE + 0x90),
        form.symbol(strings.add("local_too"), false, true, CODE + 0xa0),
        form.symbol(strings.add("other@@V_2"), false, true, CODE + 0xb0),
    ]
    .concat();
    let notes = [
        form.note(CODE + 0x100, DATA + 2, b"provider\0probe\0-4@%edi 8@$7\0"),
        form.note(CODE + 0x110, 0, b"provider\0other\0\0"),
    ]
    .concat();

    let mut names = Strings(vec![0]);
    let sections: Vec<(&str, u32, u64, u32, Vec<u8>)> = vec![
        ("", 0, 0, 0, Vec::new()),
        (".dynsym", 11, 0, 2, dynamic),
        (".dynstr", 3, 0, 0, strings.0),
        (".gnu.version", 0x6fff_ffff, 0, 1, form.write(&versions)),
        (".gnu.version_d", 0x6fff_fffd, 0, 2, definitions),
        (".symtab", 2, 0, 2, local),
        (".note.stapsdt", 7, 0, 0, notes),
        (".stapsdt.base", 1, MOVED_BASE, 0, vec![0]),
    ];
    let header_size = if form.wide { 64 } else { 52 };
    let mut body = Vec::new();
    let mut headers = Vec::new();
    let mut section = |(name, kind, address, link, content): &(&str, u32, u64, u32, Vec<u8>),
                       names: &mut Strings| {
        let offset = (header_size + body.len()) as u64;
        let name = names.add(name);
        body.extend(content);
        headers.extend(form.write(&[
            Int(name),
            Int(*kind),
            Word(0),
            Word(*address),
            Word(offset),
            Word(content.len() as u64),
            Int(*link),
            Int(0),
            Word(0),
            Word(0),
        ]));
    };
    for one in &sections {
        section(one, &mut names);
    }
    let own = names.add(".shstrtab");
    let mut table = Strings(names.0.clone());
    section(&(".shstrtab", 3, 0, 0, names.0), &mut table);
    let _ = own;
    let program = |address: u64, offset: u64, flags: u32| {
        let (first, last) =
            if form.wide { (vec![Int(flags)], vec![]) } else { (vec![], vec![Int(flags)]) };
        let middle = vec![Word(offset), Word(address), Word(0), Word(0x1000), Word(0x1000)];
        form.write(&[vec![Int(1)], first, middle, last, vec![Word(0x1000)]].concat())
    };
    let programs = [program(CODE, 0x1000, 5), program(DATA, 0x3000, 6)].concat();
    let program_headers = (header_size + body.len()) as u64;
    let section_headers = program_headers + programs.len() as u64;

    let mut file = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(form.wide), 1 + u8::from(form.big), 1];
    file.resize(16, 0);
    file.extend(form.write(&[
        Half(3),
        Half(Machine::X86_64.0),
        Int(1),
        Word(0),
        Word(program_headers),
        Word(section_headers),
        Int(0),
        Half(header_size as u16),
        Half(if form.wide { 56 } else { 32 }),
        Half(2),
        Half(if form.wide { 64 } else { 40 }),
        Half(sections.len() as u16 + 1),
        Half(sections.len() as u16),
    ]));
    [file, body, programs, headers].concat()
}

#[test]
fn functions_are_found_in_all_forms() {
    for form in FORMS {
        let image = Image::of(library(form)).unwrap();
        assert!(!image.is_fixed && image.machine == Machine::X86_64);
        for (name, offset) in [
            ("plain", 0x1010),
            ("versioned", 0x1020),
            ("versioned@V_1", 0x1030),
            ("versioned@V_2", 0x1020),
            ("twice", 0x1050),
            ("same", 0x1080),
            ("local", 0x1090),
            ("other", 0x10b0),
            ("other@V_2", 0x10b0),
            ("other@@V_2", 0x10b0),
        ] {
            assert_eq!(function(&image, name).unwrap(), offset, "{name}");
        }
        assert_eq!(functions(&image, "local*").unwrap(), [0x1090, 0x10a0]);
        assert_eq!(functions(&image, "*e").unwrap(), [0x1040, 0x1050, 0x1080], "exported only");
    }
}

#[test]
fn what_is_not_found_is_explained() {
    let image = Image::of(library(FORMS[0])).unwrap();
    let error = function(&image, "lokal").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "the file has no such function (there is local)");
    assert_eq!(function(&image, "imported").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(function(&image, "versioned@V_3").unwrap_err().kind(), ErrorKind::NotFound);
    let error = function(&image, "clash").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("at 0x401060 and 0x401070"), "{error}");
    assert_eq!(functions(&image, "no*").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn notes_are_read_in_all_forms() {
    for form in FORMS {
        let image = Image::of(library(form)).unwrap();
        let moved = MOVED_BASE - LINKED_BASE;
        let note = |name: &str, arguments: &str, address, semaphore| Note {
            provider: "provider".into(),
            name: name.into(),
            arguments: arguments.into(),
            address,
            semaphore,
        };
        let expected = [
            note("probe", "-4@%edi 8@$7", CODE + 0x100 + moved, DATA + 2 + moved),
            note("other", "", CODE + 0x110 + moved, 0),
        ];
        assert_eq!(usdt_notes(&image).unwrap(), expected);
        assert_eq!(image.offset_of(expected[0].address), Some(0x1110));
        assert!(image.segment_of(expected[0].address).unwrap().is_executable);
        assert!(!image.segment_of(expected[0].semaphore).unwrap().is_executable);
    }
}

/// All that is done with a file.
fn use_all(bytes: Vec<u8>) {
    let Ok(image) = Image::of(bytes) else { return };
    for name in ["plain", "versioned@V_1", "clash", "nothing"] {
        let _ = function(&image, name);
    }
    let _ = functions(&image, "*o*");
    for note in usdt_notes(&image).unwrap_or_default() {
        let _ = image.offset_of(note.address);
    }
}

/// Every byte of a file takes every value that is a likely edge, and the file is cut everywhere.
#[test]
fn no_file_is_trusted() {
    for form in FORMS {
        let whole = library(form);
        for at in 0..whole.len() {
            for value in [0, 1, 3, 0x7f, 0x80, 0xff, whole[at] ^ 1] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                use_all(bytes);
            }
            use_all(whole[..at].to_vec());
        }
    }
}

#[test]
fn the_tests_own_program_is_read() {
    let own = Path::new("/proc/self/exe");
    let image = Image::open(own).unwrap();
    let offsets = functions(&image, "*the_tests_own_program_is_read*").unwrap();
    let here = the_tests_own_program_is_read as *const () as u64;
    let mapped: Vec<u64> =
        offsets.iter().filter_map(|&offset| mapped_at(None, own, offset).ok()).collect();
    assert!(mapped.contains(&here), "{here:#x} {mapped:x?}");
    assert!(function(&image, "main").is_ok());
    let error = Image::open(Path::new("/etc/passwd")).err().unwrap();
    assert_eq!(error.to_string(), "/etc/passwd: not an ELF file");
    assert_eq!(Image::open(Path::new("/no/such")).err().unwrap().kind(), ErrorKind::NotFound);
    assert_eq!(Image::open(Path::new("/tmp")).err().unwrap().kind(), ErrorKind::InvalidInput);
}
