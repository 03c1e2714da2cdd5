//! Each field of a type of one's own is named, and plain data.

use std::marker::PhantomData;
use std::ops::Deref;

use bpf_skel::impl_pod;

#[derive(Clone, Copy)]
#[repr(C)]
struct Missing {
    a: u32,
    b: u32,
}
impl_pod!(Missing { a });

#[derive(Clone, Copy)]
#[repr(C)]
struct Twice {
    a: u32,
    b: u32,
}
impl_pod!(Twice { a, a });

#[derive(Clone, Copy)]
#[repr(C)]
struct Truth {
    a: bool,
}
impl_pod!(Truth { a });

#[derive(Clone, Copy)]
#[repr(C)]
struct Reference {
    a: &'static u64,
}
impl_pod!(Reference { a });

#[derive(Clone, Copy)]
#[repr(C)]
struct Phantom(u32, PhantomData<u32>);
impl_pod!(Phantom { 0, 1 });

#[derive(Clone, Copy)]
#[repr(C)]
struct Pointer {
    a: u32,
}

impl Deref for Pointer {
    type Target = Missing;

    fn deref(&self) -> &Missing {
        &Missing { a: 0, b: 0 }
    }
}
impl_pod!(Pointer { b });

mod inner {
    #[derive(Clone, Copy)]
    #[repr(C)]
    pub struct Private {
        a: u32,
    }
}
use inner::Private;
impl_pod!(Private { a });

fn main() {}
