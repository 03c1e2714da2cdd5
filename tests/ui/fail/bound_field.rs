//! A type of one's own has the fields of the C type, by their names and sizes.

include!("../bound.rs");

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Key {
    pub a: [u16; 2],
    pub first: u16,
    pub c: u16,
}

// SAFETY: numbers without padding.
unsafe impl bpf_skel::pod::Pod for Key {}

fn main() {}
