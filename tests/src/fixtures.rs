//! The committed objects in `tests/fixtures`; `tests/fixtures/build` makes them from the sources beside them.

use std::path::{Path, PathBuf};

use bpf_skel::elf::{Legacy, Reader};
use bpf_skel::spec::{Endian, ObjectSpec};

/// The fixture that is linked from two objects.
pub const LINKED: &str = "linked";

/// Names of the fixtures that read, sorted: of every `NAME.bpf.c`, with `NAME-el.o` and `NAME-eb.o` beside it; and
/// [`LINKED`], which has no file.
pub fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("tests/fixtures");
    let names =
        files.filter_map(|file| file.expect("a directory entry").file_name().into_string().ok());
    let sources = names.filter_map(|name| Some(name.strip_suffix(".bpf.c")?.to_owned()));
    // The source of many objects, in a folder of their own.
    let mut names: Vec<String> = sources.filter(|name| name != "refused").collect();
    names.push(LINKED.to_owned());
    names.sort();
    names
}

/// The folder of the fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The path of a fixture's object in this byte order.
pub fn path(name: &str, endian: Endian) -> PathBuf {
    let suffix = match endian {
        Endian::Little => "el",
        Endian::Big => "eb",
    };
    folder().join(format!("{name}-{suffix}.o"))
}

/// Fixture `programs`, in which the section that is nobody's has a misspelt name: `raw_pt/sched_s`.
pub fn misspelt_section(endian: Endian) -> Vec<u8> {
    let (before, after) = (b"something/else", b"raw_pt/sched_s");
    let mut bytes = bytes("programs", endian);
    while let Some(at) = bytes.windows(before.len()).position(|window| window == before) {
        bytes[at..][..after.len()].copy_from_slice(after);
    }
    bytes
}

/// The bytes of a fixture's object.
pub fn bytes(name: &str, endian: Endian) -> Vec<u8> {
    if name == LINKED {
        return linked(&["main", "lib"], endian);
    }
    let path = path(name, endian);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}: tests/fixtures/build makes it from its source", path.display())
    })
}

/// What the objects of these sources in `fixtures/link` make together.
pub fn linked(names: &[&str], endian: Endian) -> Vec<u8> {
    let objects: Vec<(String, Vec<u8>)> = names
        .iter()
        .map(|name| (format!("{name}.o"), bytes(&format!("link/{name}"), endian)))
        .collect();
    let objects: Vec<(&str, &[u8])> =
        objects.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    bpf_skel_build::link(&objects).unwrap_or_else(|error| panic!("{error}"))
}

/// A fixture read from its little-endian object.
pub fn spec(name: &str) -> ObjectSpec {
    spec_in(name, Endian::Little)
}

/// A fixture read from its object in this byte order.
pub fn spec_in(name: &str, endian: Endian) -> ObjectSpec {
    read(&bytes(name, endian), &format!("{name}.bpf.o"))
}

/// An object that must read, legacy map definitions and all, as the generator reads it.
pub fn read(bytes: &[u8], file: &str) -> ObjectSpec {
    let reading = Reader::new().legacy(Legacy::Iproute2).read(bytes, file);
    reading.unwrap_or_else(|error| panic!("{error}")).spec
}

/// The legacy objects whose definitions have these many bytes, in this byte order.
pub fn legacy_size(size: usize, endian: Endian) -> Vec<u8> {
    bytes(&format!("legacy/size_{size}"), endian)
}

/// The objects that must be refused: the case's name and the bytes.
pub fn refused() -> Vec<(String, Vec<u8>)> {
    let mut cases: Vec<_> = std::fs::read_dir(folder().join("refused"))
        .expect("tests/fixtures/refused")
        .map(|entry| {
            let path = entry.expect("a directory entry").path();
            let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a readable object"))
        })
        .collect();
    cases.sort();
    cases
}
