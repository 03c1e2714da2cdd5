//! An enum is no plain data, nor is what borrows, nor all that a generic struct may be.

use bpf_skel::impl_pod;

#[derive(Clone, Copy)]
#[repr(u8)]
enum Enum {
    One,
}
impl_pod!(Enum {});

#[derive(Clone, Copy)]
#[repr(C)]
struct Borrowed<'b> {
    a: &'b u64,
}
impl_pod!(Borrowed { a });

#[derive(Clone, Copy)]
#[repr(C)]
struct Generic<T> {
    a: T,
}
impl_pod!(Generic { a });

fn main() {}
