//! The error is at the path.

bpf_skel_macros::bpf_skel!(pub mod bad = "/dev/null");

fn main() {}
