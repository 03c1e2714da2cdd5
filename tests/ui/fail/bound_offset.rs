//! A type of one's own lies in memory as the C type does.

include!("../bound.rs");

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Key {
    pub a: u32,
    pub c: u16,
    pub b: u16,
}

// SAFETY: numbers without padding.
unsafe impl bpf_skel::pod::Pod for Key {}

fn main() {}
