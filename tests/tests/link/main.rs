//! Static linking: what becomes of each thing that several objects have, and what does not fit together.

mod order;
mod overridden;
mod refused;
mod sections;
mod struct_ops;
mod symbols;
mod types;

use bpf_skel::spec::ObjectSpec;
use bpf_skel_tests::fixtures;

fn link(objects: &[(&str, &[u8])]) -> Vec<u8> {
    bpf_skel_build::link(objects).unwrap_or_else(|error| panic!("{error}"))
}

fn read(bytes: &[u8]) -> ObjectSpec {
    fixtures::read(bytes, "linked.bpf.o")
}

/// The object of a case in `fixtures/link/cases.bpf.c`.
fn case(name: &str) -> Vec<u8> {
    let path = fixtures::folder().join(format!("link/cases/{name}.o"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
