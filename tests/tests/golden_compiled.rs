//! The committed skeletons compile under the strictest lints, and their specs are those of their objects.
#![cfg(all(target_os = "linux", target_endian = "little"))]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]

use bpf_skel::spec::{Endian, ObjectSpec};
use bpf_skel_tests::fixtures;

macro_rules! goldens {
    ($($name:ident)*) => {
        $(include!(concat!("../golden/", stringify!($name), ".rs"));)*

        const GOLDENS: &[(&str, &ObjectSpec)] = &[$((stringify!($name), $name::SPEC)),*];
    };
}

goldens! {
    arena callbacks core core_kinds data descriptors exceptions externs failures flexible freplace inner_by_user
    inner_maps jump_tables jump_tables_other large legacy legacy_def linked many map_kinds maps members module
    module_variable names nested no_btf no_license owners perf_output phases prog_array programs rare records
    sections sparse stack_traces storages struct_ops subprogs types usdt user_ringbuf
}

/// A fixture that is not in the list above would not be compiled.
#[test]
fn every_fixture_is_compiled() {
    let listed: Vec<&str> = GOLDENS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, fixtures::names(), "the list of goldens! in {} is not complete", file!());
}

#[test]
fn specs_are_those_of_the_objects() {
    for (name, spec) in GOLDENS {
        let file = format!("{name}-el.o");
        let bytes = fixtures::bytes(name, Endian::Little);
        assert!(
            fixtures::read(&bytes, &file) == **spec,
            "{name}: the printed spec differs from the one that is read"
        );
    }
}
