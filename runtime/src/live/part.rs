//! Parts of live structs that have no field of their own.

use std::ptr;

use super::{LiveLayout, access};

/// The cells at `OFFSET` of a live struct: members of unions are several views of the same cells.
#[inline]
pub fn part<S: LiveLayout, L: LiveLayout, const OFFSET: usize>(whole: &S) -> &L {
    const {
        assert!(OFFSET + size_of::<L>() <= size_of::<S>(), "a member reaches out of its struct");
        assert!(align_of::<S>() >= align_of::<L>(), "a member is more aligned than its struct");
        assert!(OFFSET.is_multiple_of(align_of::<L>()), "a member is misplaced");
    }
    // SAFETY: it is inside of the whole and aligned, as was just checked. Every byte of a live type is in a cell, so
    // that other cells may stand for it; it is only accessed by atomics, and any bytes are valid.
    unsafe { &*ptr::from_ref(whole).byte_add(OFFSET).cast() }
}

/// Copies the bytes from `offset` on: at once where they are an aligned word.
///
/// # Panics
/// There are not as many: only generated code calls it, and that knows.
pub(crate) fn load_part<S: LiveLayout>(whole: &S, offset: usize, bytes: &mut [u8]) {
    assert!(offset + bytes.len() <= size_of::<S>());
    let first = ptr::from_ref(whole).cast::<u8>();
    // SAFETY: the bytes are inside of the whole, and all of its bytes are cells, which are only accessed by atomics.
    unsafe { access::load_bytes(first.add(offset), bytes.as_mut_ptr(), bytes.len()) }
}

/// Overwrites the bytes from `offset` on: at once where they are an aligned word.
///
/// # Panics
/// As [`load_part`].
pub(crate) fn store_part<S: LiveLayout>(whole: &S, offset: usize, bytes: &[u8]) {
    assert!(offset + bytes.len() <= size_of::<S>());
    let first = ptr::from_ref(whole).cast_mut().cast::<u8>();
    // SAFETY: as in `load_part`; the cells' `UnsafeCell`s allow to write through a shared reference.
    unsafe { access::store_bytes(first.add(offset), bytes.as_ptr(), bytes.len()) }
}
