//! A type of one's own that is not plain data.

use bpf_skel::impl_pod;

#[derive(Clone, Copy)]
#[repr(C)]
struct Between {
    a: u8,
    b: u32,
}
impl_pod!(Between { a, b });

#[derive(Clone, Copy)]
#[repr(C)]
struct Behind {
    a: u32,
    b: u8,
}
impl_pod!(Behind { a, b });

#[derive(Clone, Copy)]
#[repr(C)]
struct Aligned {
    a: u32,
    none: [u64; 0],
}
impl_pod!(Aligned { a, none });

#[derive(Clone, Copy)]
#[repr(C)]
struct Order {
    a: u32,
    b: u32,
}
impl_pod!(Order { b, a });

fn main() {}
