//! Operations of several objects: sections of the same name, one behind the other, still call their programs.

use bpf_skel::spec::{Data, Endian, MapContents, ObjectSpec};
use bpf_skel_tests::fixtures::bytes;

use crate::{link, read};

/// A map of operations.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Operations {
    name: String,
    section: String,
    data: Vec<u8>,
    /// The members that call programs, with the programs' names.
    functions: Vec<(u32, String)>,
}

fn operations(spec: &ObjectSpec) -> Vec<Operations> {
    let maps = spec.maps.iter().filter_map(|map| {
        let MapContents::StructOps { data, functions, .. } = &map.contents else { return None };
        let functions = functions.iter().map(|function| {
            (function.member, spec.programs[function.program as usize].name.to_string())
        });
        let Data::Bytes(data) = data else { panic!("{}", map.name) };
        Some(Operations {
            name: map.name.to_string(),
            section: map.section.to_string(),
            data: data.to_vec(),
            functions: functions.collect(),
        })
    });
    let mut maps: Vec<_> = maps.collect();
    maps.sort();
    maps
}

#[test]
fn operations_are_those_of_the_parts() {
    for endian in [Endian::Little, Endian::Big] {
        let parts = [bytes("struct_ops", endian), bytes("link/ops", endian)];
        let mut expected: Vec<_> = parts.iter().flat_map(|part| operations(&read(part))).collect();
        expected.sort();
        assert_eq!(expected.len(), 8);
        for [first, second] in [[0, 1], [1, 0]] {
            let linked = link(&[("first.o", &parts[first]), ("second.o", &parts[second])]);
            assert_eq!(operations(&read(&linked)), expected, "{endian} {first}");
        }
    }
}
