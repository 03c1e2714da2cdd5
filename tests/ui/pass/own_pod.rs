//! Types of one's own are plain data without `unsafe`.
#![forbid(unsafe_code)]
#![deny(missing_docs, warnings, clippy::all)]

use bpf_skel::pod::{Bool, Pod, Ptr, bytes_of, read};

/// Fields of each kind, and an empty one that aligns.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Stat {
    /// A number.
    pub nanoseconds: u64,
    r#type: [u16; 2],
    valid: Bool,
    _pad: [u8; 3],
    next: Ptr<Stat>,
    range: Range,
    _flexible: [u64; 0],
}

/// A tuple.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Range(u32, u32);

/// Without padding.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Packed {
    kind: u8,
    len: u32,
}

/// Of a generic struct, one.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Of<T>(T);
type OfNumber = Of<u32>;

/// Without fields.
#[derive(Clone, Copy)]
pub struct Nothing;

bpf_skel::impl_pod!(Stat { nanoseconds, r#type, valid, _pad, next, range, _flexible });
bpf_skel::impl_pod! {
    Range { 0, 1 },
    Packed { kind, len },
    OfNumber { 0 },
    Nothing {},
}

mod inner {
    #[derive(Clone, Copy, Debug)]
    #[repr(transparent)]
    pub(super) struct Hidden {
        value: u32,
    }
    bpf_skel::impl_pod!(Hidden { value });
}

fn size<T: Pod>() -> usize {
    size_of::<T>()
}

fn main() {
    assert_eq!((size::<Stat>(), size::<OfNumber>(), size::<Nothing>()), (32, 4, 0));
    let packed: Packed = read(&[1, 2, 2, 2, 2]).unwrap();
    assert_eq!((packed.kind, { packed.len }), (1, 0x0202_0202));
    assert_eq!(bytes_of(&Range(1, 2)).len(), 8);
    assert!(format!("{:?}", read::<inner::Hidden>(&[0; 4])).contains("value: 0"));
}
