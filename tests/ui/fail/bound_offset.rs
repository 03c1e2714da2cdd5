//! A type of one's own lies in memory as the C type does.

include!("../bound.rs");

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Key {
    pub a: u32,
    pub c: u16,
    pub b: u16,
}

bpf_skel::impl_pod!(Key { a, c, b });

fn main() {}
