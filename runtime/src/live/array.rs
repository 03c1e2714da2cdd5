use std::fmt;
use std::ops::Deref;

use super::layout::cells;
use super::{Global, LiveLayout};
use crate::pod::{self, Pod};

/// An array of live values: `table[2].get()`, `table.iter()`, and copies of the whole.
#[repr(transparent)]
pub struct GlobalArray<L: LiveLayout, const N: usize>([L; N]);

// SAFETY: transparent over an array of L, and an array of types of the same size and alignment has the same
// layout, whose bytes are all those of its elements.
unsafe impl<L: LiveLayout, const N: usize> LiveLayout for GlobalArray<L, N> {
    type Plain = [L::Plain; N];
}

impl<L: LiveLayout, const N: usize> GlobalArray<L, N> {
    /// An array of one's own, not shared with any program: for tests.
    pub const fn from_plain(plain: [L::Plain; N]) -> Self {
        cells(plain)
    }

    /// How many elements there are.
    #[allow(clippy::len_without_is_empty, reason = "of the slice")]
    pub const fn len(&self) -> usize {
        N
    }

    /// A copy of the whole. [`to_vec`](Self::to_vec) or [`copy_to_slice`](Self::copy_to_slice) for large ones.
    pub fn get(&self) -> [L::Plain; N] {
        LiveLayout::get(self)
    }

    /// Overwrites the whole.
    pub fn set(&self, plain: [L::Plain; N]) {
        LiveLayout::copy_from(self, &plain);
    }

    /// A copy of the whole on the heap.
    pub fn to_vec(&self) -> Vec<L::Plain> {
        let mut plain = pod::boxed_zeroed::<[L::Plain; N]>();
        LiveLayout::copy_to(self, &mut plain);
        (plain as Box<[L::Plain]>).into_vec()
    }

    /// Copies the first elements; returns how many, which is the lesser of the two lengths.
    pub fn copy_to_slice(&self, plain: &mut [L::Plain]) -> usize {
        self.iter().zip(plain).map(|(live, plain)| live.copy_to(plain)).count()
    }

    /// Overwrites the first elements; returns how many, which is the lesser of the two lengths.
    pub fn copy_from_slice(&self, plain: &[L::Plain]) -> usize {
        self.iter().zip(plain).map(|(live, plain)| live.copy_from(plain)).count()
    }
}

impl<T: Pod, const N: usize> GlobalArray<Global<T>, N> {
    /// Overwrites every element with the same value.
    pub fn fill(&self, value: T) {
        self.iter().for_each(|live| live.set(value));
    }
}

impl<L: LiveLayout, const N: usize> Deref for GlobalArray<L, N> {
    type Target = [L];

    fn deref(&self) -> &[L] {
        &self.0
    }
}

impl<'a, L: LiveLayout, const N: usize> IntoIterator for &'a GlobalArray<L, N> {
    type Item = &'a L;
    type IntoIter = std::slice::Iter<'a, L>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<L: LiveLayout + fmt::Debug, const N: usize> fmt::Debug for GlobalArray<L, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    type Table = GlobalArray<GlobalArray<Global<u32>, 3>, 2>;

    const _: () = assert!(size_of::<Table>() == 24 && align_of::<Table>() == 4);
    const _: () = Table::SAME_LAYOUT;

    #[test]
    fn nested_arrays_go_to_the_element() {
        let table = Table::from_plain([[1, 2, 3], [4, 5, 6]]);
        table[1][0].fetch_add(10, Relaxed);
        assert_eq!(table.get(), [[1, 2, 3], [14, 5, 6]]);
        assert_eq!(table[0].get(), [1, 2, 3]);
        table[0].fill(9);
        assert_eq!(format!("{table:?}"), "[[9, 9, 9], [14, 5, 6]]");
        table.set([[0; 3], [7; 3]]);
        assert_eq!(table.iter().map(|row| row[2].get()).collect::<Vec<_>>(), [0, 7]);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn copies_take_the_shorter_length() {
        let live = GlobalArray::<Global<u8>, 4>::from_plain([1, 2, 3, 4]);
        let mut two = [0; 2];
        assert_eq!((live.copy_to_slice(&mut two), two), (2, [1, 2]));
        assert_eq!(live.copy_from_slice(&[9; 7]), 4);
        assert_eq!(live.to_vec(), [9; 4]);
    }

    #[test]
    fn copies_on_the_heap_were_never_on_the_stack() {
        static ROWS: GlobalArray<GlobalArray<Global<u8>, { 4 << 20 }>, 2> =
            GlobalArray::from_plain([[0; 4 << 20]; 2]);
        let stack = std::thread::Builder::new().stack_size(64 << 10);
        let copied = stack.spawn(|| ROWS.to_vec());
        let rows = copied.unwrap().join().unwrap();
        assert!(rows.len() == 2 && rows.iter().flatten().all(|&byte| byte == 0));
    }

    #[test]
    fn a_generated_struct_is_copied_whole() {
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(C)]
        struct Plain {
            small: u8,
            pad: [u8; 7],
            wide: u64,
            name: [u8; 5],
            tail: [u8; 3],
        }
        // SAFETY: numbers and named padding only.
        unsafe impl Pod for Plain {}
        #[derive(Debug)]
        #[repr(C)]
        struct Live {
            small: Global<u8>,
            pad: Global<[u8; 7]>,
            wide: Global<u64>,
            name: GlobalArray<Global<u8>, 5>,
            tail: Global<[u8; 3]>,
        }
        // SAFETY: the same fields as cells.
        unsafe impl LiveLayout for Live {
            type Plain = Plain;
        }
        let plain = Plain { small: 1, pad: [2; 7], wide: 3, name: *b"abcde", tail: [4; 3] };
        let two = GlobalArray::<Live, 2>::from_plain([plain; 2]);
        two[1].wide.set(30);
        assert_eq!(two[0].get(), plain);
        assert_eq!(two[1].get(), Plain { wide: 30, ..plain });
        two[0].set(Plain { wide: 5, ..plain });
        assert_eq!(two[0].wide.get(), 5);
        assert!(format!("{two:?}").contains("wide: 30"));
    }
}
