//! A type of one's own has the fields of the C type, by their names and sizes.

include!("../bound.rs");

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Key {
    pub a: [u16; 2],
    pub first: u16,
    pub c: u16,
}

bpf_skel::impl_pod!(Key { a, first, c });

fn main() {}
