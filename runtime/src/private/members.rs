//! Members that have no field of their own: those of unions and of anonymous structs and unions, by their offsets.
#![allow(unsafe_code, reason = "views a part of plain data as its type")]

use std::ptr;

use crate::live::{LiveLayout, load_part, store_part};
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};

pub use crate::live::part as live_view;

/// A copy of the member at `OFFSET`, aligned or not.
#[inline]
pub fn view<S: Pod, T: Pod, const OFFSET: usize>(whole: &S) -> T {
    const { inside::<S, T>(OFFSET) };
    pod::read(&bytes_of(whole)[OFFSET..]).unwrap_or_else(pod::zeroed)
}

/// Overwrites the member at `OFFSET`; what it leaves stays.
#[inline]
pub fn set_view<S: Pod, T: Pod, const OFFSET: usize>(whole: &mut S, value: T) {
    const { inside::<S, T>(OFFSET) };
    bytes_of_mut(whole)[OFFSET..][..size_of::<T>()].copy_from_slice(bytes_of(&value));
}

/// The member at `OFFSET` in place.
#[inline]
pub fn view_ref<S: Pod, T: Pod, const OFFSET: usize>(whole: &S) -> &T {
    const { aligned::<S, T>(OFFSET) };
    // SAFETY: it is inside of the whole and aligned, as was just checked; the whole is initialised and any bytes are a
    // valid T.
    unsafe { &*ptr::from_ref(whole).byte_add(OFFSET).cast() }
}

/// The member at `OFFSET` in place, to be changed.
#[inline]
pub fn view_mut<S: Pod, T: Pod, const OFFSET: usize>(whole: &mut S) -> &mut T {
    const { aligned::<S, T>(OFFSET) };
    // SAFETY: it is inside of the whole and aligned, as was just checked; the whole is borrowed mutably, any bytes are a
    // valid T, and any T is valid bytes of the whole.
    unsafe { &mut *ptr::from_mut(whole).byte_add(OFFSET).cast() }
}

/// A copy of the member at `OFFSET` of a struct in shared memory that is not aligned there: no cell can stand for it.
pub fn live_unaligned<S: LiveLayout, T: Pod, const OFFSET: usize>(whole: &S) -> T {
    const { inside::<S, T>(OFFSET) };
    let mut value = pod::zeroed();
    load_part(whole, OFFSET, bytes_of_mut(&mut value));
    value
}

/// Overwrites the member at `OFFSET` of a struct in shared memory that is not aligned there.
pub fn set_live_unaligned<S: LiveLayout, T: Pod, const OFFSET: usize>(whole: &S, value: T) {
    const { inside::<S, T>(OFFSET) };
    store_part(whole, OFFSET, bytes_of(&value));
}

const fn inside<S, T>(offset: usize) {
    assert!(offset + size_of::<T>() <= size_of::<S>(), "a member reaches out of its struct");
}

const fn aligned<S, T>(offset: usize) {
    inside::<S, T>(offset);
    assert!(align_of::<S>() >= align_of::<T>(), "a member is more aligned than its struct");
    assert!(offset.is_multiple_of(align_of::<T>()), "a member is misplaced");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Global, GlobalArray};

    #[test]
    fn members_are_copied_and_borrowed() {
        let mut words = [0u32; 3];
        set_view::<_, u64, 1>(&mut words, u64::MAX);
        assert_eq!(view::<_, u64, 1>(&words), u64::MAX);
        assert_eq!(bytes_of(&words), [0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0]);
        view_mut::<_, [u16; 2], 4>(&mut words)[1] = 7;
        assert_eq!(view_ref::<_, [u16; 2], 4>(&words), &[0xffff, 7]);
    }

    #[test]
    fn members_of_shared_structs_are_cells() {
        let live = GlobalArray::<Global<u32>, 3>::from_plain([0; 3]);
        live_view::<_, GlobalArray<Global<u16>, 2>, 4>(&live)[1].set(0x0102);
        assert_eq!(
            live.get(),
            [
                0,
                u32::from_ne_bytes([0, 0, 0x0102u16.to_ne_bytes()[0], 0x0102u16.to_ne_bytes()[1]]),
                0
            ]
        );
        set_live_unaligned::<_, u64, 3>(&live, u64::MAX);
        assert_eq!(live_unaligned::<_, u64, 3>(&live), u64::MAX);
        assert_eq!(live[0].get().count_ones() + live[2].get().count_ones(), 32);
    }
}
