use std::fmt;
use std::iter::Map;
use std::marker::PhantomData;
use std::slice::ChunksExact;

use super::{Pod, read, slice_from_bytes, zeroed};

/// Values one after another that need not lie as their type is aligned, such as the flexible array of a record: there
/// are no references to them, so each is copied out.
///
/// ```
/// use bpf_skel::pod::UnalignedSlice;
///
/// let bytes = [&[7][..], &1u32.to_ne_bytes(), &2u32.to_ne_bytes()].concat();
/// let values = UnalignedSlice::<u32>::new(&bytes[1..]).ok_or("it has no size")?;
/// assert_eq!((values.len(), values.get(1), values.get(2)), (2, Some(2), None));
/// assert_eq!(values.iter().sum::<u32>(), 3);
/// assert_eq!(values, [1, 2]);
/// # Ok::<(), &str>(())
/// ```
pub struct UnalignedSlice<'b, T> {
    /// Of whole values.
    bytes: &'b [u8],
    of: PhantomData<fn() -> T>,
}

impl<'b, T: Pod> UnalignedSlice<'b, T> {
    /// As many values as the bytes hold, wherever they lie; `None` for a type without size.
    pub fn new(bytes: &'b [u8]) -> Option<Self> {
        let rest = bytes.len().checked_rem(size_of::<T>())?;
        Some(Self { bytes: &bytes[..bytes.len() - rest], of: PhantomData })
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.bytes.len() / size_of::<T>()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// A copy of one of them; `None` where there are not as many.
    pub fn get(self, index: usize) -> Option<T> {
        let start = index.checked_mul(size_of::<T>())?;
        read(self.bytes.get(start..)?)
    }

    /// Copies of them, in order.
    pub fn iter(self) -> <Self as IntoIterator>::IntoIter {
        self.into_iter()
    }

    /// Copies of all of them.
    pub fn to_vec(self) -> Vec<T> {
        self.iter().collect()
    }

    /// All of them in place, where they lie as their type is aligned.
    pub fn as_slice(self) -> Option<&'b [T]> {
        slice_from_bytes(self.bytes)
    }

    /// Their bytes.
    pub fn as_bytes(self) -> &'b [u8] {
        self.bytes
    }
}

impl<T> Copy for UnalignedSlice<'_, T> {}

impl<T> Clone for UnalignedSlice<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'b, T: Pod> IntoIterator for UnalignedSlice<'b, T> {
    type Item = T;
    type IntoIter = Map<ChunksExact<'b, u8>, fn(&'b [u8]) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.bytes.chunks_exact(size_of::<T>()).map(|one| read(one).unwrap_or_else(zeroed))
    }
}

impl<T: Pod + PartialEq> PartialEq for UnalignedSlice<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Pod + Eq> Eq for UnalignedSlice<'_, T> {}

impl<T: Pod + PartialEq> PartialEq<[T]> for UnalignedSlice<'_, T> {
    fn eq(&self, other: &[T]) -> bool {
        self.iter().eq(other.iter().copied())
    }
}

impl<T: Pod + PartialEq, const N: usize> PartialEq<[T; N]> for UnalignedSlice<'_, T> {
    fn eq(&self, other: &[T; N]) -> bool {
        *self == other[..]
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for UnalignedSlice<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::bytes_of;

    #[test]
    fn values_are_copied_from_anywhere() {
        let words = [0x0102_0304u32, 7, 9];
        let bytes = bytes_of(&words);
        for start in 0..4 {
            let values = UnalignedSlice::<u32>::new(&bytes[start..]).unwrap();
            let expected: Vec<_> = bytes[start..]
                .chunks_exact(4)
                .map(|one| u32::from_ne_bytes(one.try_into().unwrap()))
                .collect();
            assert_eq!((values.to_vec(), values.len()), (expected.clone(), expected.len()));
            assert_eq!(values, expected[..]);
            assert_eq!((values.get(values.len()), values.get(usize::MAX)), (None, None));
            assert_eq!(values.as_bytes().len(), 4 * values.len());
            assert_eq!(values.as_slice().is_some(), start == 0);
            assert!(values.as_slice().is_none_or(|in_place| values == *in_place));
        }
        // A value that is cut off is none.
        let values = UnalignedSlice::<u32>::new(&bytes[4..11]).unwrap();
        assert_eq!(
            (values, values.is_empty()),
            (UnalignedSlice::new(&bytes[4..8]).unwrap(), false)
        );
        assert_eq!(format!("{values:?} {:?}", values.iter().next_back()), "[7] Some(7)");
        assert!(UnalignedSlice::<u32>::new(&bytes[..3]).unwrap().is_empty());
        assert!(UnalignedSlice::<[u8; 0]>::new(bytes).is_none());
    }
}
