//! Plain data of one's own is a struct, and `Copy`.

use bpf_skel::impl_pod;

#[derive(Clone, Copy)]
#[repr(C)]
union Union {
    a: u32,
    b: u8,
}
impl_pod!(Union { a });

#[derive(Clone, Copy)]
#[repr(C)]
union Single {
    a: u32,
}
impl_pod!(Single { a });

#[repr(C)]
struct Moved {
    a: u32,
}
impl_pod!(Moved { a });

fn main() {}
