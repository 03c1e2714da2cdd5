//! Structs that end in a flexible array, read from records.
//!
//! ```text
//! struct event { u64 at; u16 len; char text[]; };         16 bytes, alignment 8
//!
//! at                      len   text
//! ├───────────────────────┼─────┼─────────────────┤       size_of: the array starts within it
//! 0                       8     10                16
//! ```
//!
//! C outputs `offsetof(struct event, text) + len` bytes, which may be fewer than the struct has. The kernel aligns records of ring
//! buffers to 8 and those of perf events to 4.

use crate::pod::{Pod, UnalignedSlice, boxed_zeroed, bytes_of_mut, slice_from_bytes, zeroed};

/// What the elements are read as.
pub trait Elements<'b>: Sized {
    /// As many as the bytes hold, wherever they lie; `None` for elements without size.
    fn of(bytes: &'b [u8]) -> Option<Self>;
}

impl<'b, T: Pod> Elements<'b> for &'b [T] {
    #[inline]
    fn of(bytes: &'b [u8]) -> Option<Self> {
        const { assert!(align_of::<T>() == 1, "elements that may be misaligned are in place") };
        slice_from_bytes(bytes)
    }
}

impl<'b, T: Pod> Elements<'b> for UnalignedSlice<'b, T> {
    #[inline]
    fn of(bytes: &'b [u8]) -> Option<Self> {
        Self::new(bytes)
    }
}

/// A copy of the struct in the first bytes, with zeros where they end before it does, and the elements of its flexible
/// array, which start at `OFFSET`; `None` where the bytes end before that.
#[inline]
pub fn flexible<'b, S: Pod, E: Elements<'b>, const OFFSET: usize>(
    bytes: &'b [u8],
) -> Option<(S, E)> {
    let elements = E::of(bytes.get(OFFSET..)?)?;
    let mut head = zeroed();
    copy_start(bytes_of_mut(&mut head), bytes);
    Some((head, elements))
}

/// As [`flexible`], with the struct on the heap: for what is too large for the stack.
pub fn flexible_boxed<'b, S: Pod, E: Elements<'b>, const OFFSET: usize>(
    bytes: &'b [u8],
) -> Option<(Box<S>, E)> {
    let elements = E::of(bytes.get(OFFSET..)?)?;
    let mut head = boxed_zeroed();
    copy_start(bytes_of_mut(&mut *head), bytes);
    Some((head, elements))
}

/// As much as both have.
fn copy_start(to: &mut [u8], from: &[u8]) {
    let len = to.len().min(from.len());
    to[..len].copy_from_slice(&from[..len]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::{bytes_of, slice_bytes};

    /// Of `struct event` above.
    const SIZE: usize = size_of::<[u64; 2]>();

    /// Every alignment, and every length from one byte too short to a few elements behind the struct.
    fn each_record(offset: usize, check: impl Fn(&[u8])) {
        let place: [u64; 4] = std::array::from_fn(|n| 0x0807_0605_0403_0201 * (n as u64 + 1));
        for align in 0..8 {
            for len in offset - 1..=SIZE + 3 {
                check(&slice_bytes(&place)[align..align + len]);
            }
        }
    }

    /// What the struct should be, and where its elements should be.
    fn expected(bytes: &[u8], offset: usize) -> Option<([u8; SIZE], &[u8])> {
        let head = std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0));
        Some((head, bytes.get(offset..)?))
    }

    fn place_of<T>(elements: &[T]) -> (*const u8, usize) {
        (elements.as_ptr().cast(), elements.len())
    }

    #[test]
    fn bytes_are_in_place_wherever_the_record_lies() {
        each_record(10, |bytes| {
            let expected = expected(bytes, 10);
            assert_eq!(expected.is_none(), bytes.len() == 9);
            let found = flexible::<[u64; 2], &[u8], 10>(bytes);
            let boxed = flexible_boxed::<[u64; 2], &[u8], 10>(bytes);
            assert_eq!(boxed.map(|(head, text)| (*head, text)), found);
            if let (Some((head, text)), Some((bytes, place))) = (&found, expected) {
                assert_eq!(bytes_of(head), bytes);
                assert_eq!(place_of(text), place_of(place));
            }
            assert_eq!(found.is_some(), expected.is_some());
        });
    }

    #[test]
    fn numbers_are_copied_wherever_the_record_lies() {
        each_record(12, |bytes| {
            let expected = expected(bytes, 12);
            let found = flexible::<[u64; 2], UnalignedSlice<'_, u32>, 12>(bytes);
            if let (Some((head, values)), Some((bytes, place))) = (&found, expected) {
                assert_eq!(bytes_of(head), bytes);
                // One that is cut off is none.
                let whole = place.len() / 4 * 4;
                assert_eq!(place_of(values.as_bytes()), place_of(&place[..whole]));
            }
            assert_eq!(found.is_some(), expected.is_some());
        });
    }

    #[test]
    fn odd_heads() {
        // Packed, empty, and of elements without size.
        let bytes = [&[2][..], &10u32.to_ne_bytes(), &20u32.to_ne_bytes()].concat();
        let (head, values) = flexible::<u8, UnalignedSlice<'_, u32>, 1>(&bytes).unwrap();
        assert_eq!((head, values.to_vec()), (2, vec![10, 20]));
        assert_eq!(flexible::<[u8; 0], &[u8], 0>(&[]), Some(([], &[][..])));
        assert_eq!(flexible::<u8, &[[u8; 0]], 1>(&bytes), None);
    }
}
