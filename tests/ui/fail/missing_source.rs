//! The error is at the path.

bpf_skel_macros::bpf_skel!(mod missing = "/no/such/folder/missing.bpf.c");

fn main() {}
