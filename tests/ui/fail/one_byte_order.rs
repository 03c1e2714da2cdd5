//! Alternatives differ in their byte order; what is linked into one is a list.

bpf_skel_macros::bpf_skel!(mod maps = "../../../tmp/maps.bpf.o", "../../../tmp/maps.bpf.o");

fn main() {}
