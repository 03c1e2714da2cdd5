//! The result depends on nothing but the inputs.

use std::collections::BTreeSet;

use bpf_skel::btf::Btf;
use bpf_skel::insn;
use bpf_skel::spec::{Endian, ObjectSpec};
use bpf_skel_tests::fixtures::{self, linked};

use crate::{link, read};

#[test]
fn linking_again_changes_nothing() {
    for endian in [Endian::Little, Endian::Big] {
        for names in [&["main", "lib"][..], &["third", "lib", "main"], &["main"]] {
            let once = linked(names, endian);
            assert!(once == linked(names, endian), "{names:?}: another run gives other bytes");
            assert!(
                once == link(&[("once.o", &once)]),
                "{names:?}: another pass gives other bytes"
            );
        }
    }
    // One after the other is as good as all at once.
    let two = linked(&["main", "lib"], Endian::Little);
    let third = fixtures::bytes("link/third", Endian::Little);
    let steps = link(&[("two.o", &two), ("third.o", &third)]);
    assert!(read(&steps) == read(&linked(&["main", "lib", "third"], Endian::Little)));
}

/// What does not depend on places: names, sizes, numbers of instructions and relocations.
fn summary(spec: &ObjectSpec) -> BTreeSet<String> {
    let programs = spec.programs.iter().map(|it| {
        let opcodes: Vec<u8> = insn::decode(&it.insns, spec.endian).map(|insn| insn.code).collect();
        let relocations = (it.relocations.len(), it.core_relocations.len());
        format!("program {} {opcodes:?} {relocations:?}", it.name)
    });
    let maps = spec.maps.iter().filter(|it| it.section == ".maps");
    let maps = maps.map(|it| format!("map {} {} {}", it.name, it.map_type, it.value_size));
    let variables = spec.variables.iter().map(|it| {
        let map = &spec.maps[it.map as usize].name;
        format!("variable {map} {} {} {:?}", it.name, it.size, it.linkage)
    });
    programs.chain(maps).chain(variables).collect()
}

/// `first_wins` is weak in two of them, so the order does say which of the two functions it is.
#[test]
fn three_objects_in_any_order() {
    let expected = read(&linked(&["main", "lib", "third"], Endian::Little));
    let types = |spec: &ObjectSpec| Btf::parse(&spec.btf, spec.endian).unwrap().len();
    for names in [
        ["main", "third", "lib"],
        ["third", "main", "lib"],
        ["lib", "main", "third"],
        ["lib", "third", "main"],
        ["third", "lib", "main"],
    ] {
        let spec = read(&linked(&names, Endian::Little));
        let (ours, theirs) = (summary(&spec), summary(&expected));
        let differ: Vec<_> =
            ours.symmetric_difference(&theirs).filter(|it| !it.contains("from_main")).collect();
        assert!(differ.is_empty(), "{names:?}: {differ:?}");
        assert_eq!(types(&spec), types(&expected), "{names:?}");
    }
}

/// An object by itself reads as it did. Only its types may have other ids.
#[test]
fn one_object_alone() {
    for name in fixtures::names() {
        for endian in [Endian::Little, Endian::Big] {
            let bytes = fixtures::bytes(&name, endian);
            let own = read(&bytes);
            let linked = read(&link(&[("own.o", &bytes)]));
            assert_eq!(
                (&own.license, own.kernel_version),
                (&linked.license, linked.kernel_version)
            );
            assert_eq!(own.variables.len(), linked.variables.len(), "{name}");
            for (a, b) in own.variables.iter().zip(linked.variables.iter()) {
                let place = |it: &bpf_skel::spec::VariableSpec| {
                    (it.name.clone(), it.map, it.offset, it.size, it.linkage)
                };
                assert_eq!(place(a), place(b), "{name}");
            }
            assert_eq!(own.maps.len(), linked.maps.len(), "{name}");
            for (a, b) in own.maps.iter().zip(linked.maps.iter()) {
                let mut b = b.clone();
                (b.key_type_id, b.value_type_id) = (a.key_type_id, a.value_type_id);
                assert!(*a == b, "{name}: map {}", a.name);
            }
            assert_eq!(own.programs.len(), linked.programs.len(), "{name}");
            for (a, b) in own.programs.iter().zip(linked.programs.iter()) {
                let parts = |it: &bpf_skel::spec::ProgramSpec| {
                    (it.name.clone(), it.section.clone(), it.insns.clone(), it.relocations.clone())
                };
                assert!(parts(a) == parts(b), "{name}: program {}", a.name);
                let counts = |it: &bpf_skel::spec::ProgramSpec| {
                    (it.func_info.len(), it.line_info.len(), it.core_relocations.len())
                };
                assert_eq!(counts(a), counts(b), "{name}: program {}", a.name);
            }
            let types = |spec: &ObjectSpec| match spec.btf.is_empty() {
                true => 0,
                false => Btf::parse(&spec.btf, spec.endian).unwrap().len(),
            };
            assert!(types(&linked) <= types(&own), "{name}: more types than before");
        }
    }
}
