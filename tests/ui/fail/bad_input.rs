//! What the macro takes is a module and a path.

bpf_skel_macros::bpf_skel!(object = "x.bpf.o");

fn main() {}
