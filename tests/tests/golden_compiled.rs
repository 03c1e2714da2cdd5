//! The committed skeletons compile under the strictest lints, and their specs are those of their objects.
#![cfg(all(target_os = "linux", target_endian = "little"))]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]

use std::fs;
use std::path::Path;

use bpf_skel::spec::ObjectSpec;

macro_rules! goldens {
    ($($name:ident)*) => {
        $(include!(concat!("../golden/", stringify!($name), ".rs"));)*

        const GOLDENS: &[(&str, &ObjectSpec)] = &[$((stringify!($name), &$name::SPEC)),*];
    };
}

goldens! {
    callbacks core core_kinds data externs failures inner_by_user inner_maps maps names no_btf
    no_license phases prog_array programs sections subprogs types
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A fixture that is not in the list above would not be compiled.
#[test]
fn every_fixture_is_compiled() {
    for file in fs::read_dir(fixtures()).expect("the folder is there") {
        let name = file.expect("it can be listed").file_name().into_string().expect("a name");
        if let Some(name) = name.strip_suffix("-el.o") {
            assert!(GOLDENS.iter().any(|(golden, _)| *golden == name), "{name} is not in the list");
        }
    }
}

#[test]
fn specs_are_those_of_the_objects() {
    for (name, spec) in GOLDENS {
        let file = format!("{name}-el.o");
        let bytes = fs::read(fixtures().join(&file)).expect("the object is there");
        let read = bpf_skel::elf::read(&bytes, &file).unwrap_or_else(|error| panic!("{error:?}"));
        assert!(read == **spec, "{name}: the printed spec differs from the one that is read");
    }
}
