use std::fmt;

use super::Map;
use super::cursor::Cursor;
use crate::Result;

/// The elements of a typed map, read in batches.
///
/// Every element that is in the map all the time comes exactly once; one that is inserted or deleted meanwhile may come
/// or not. Elements may be deleted while iterating. (For tries, and on kernels before 5.6, [`Keys`](super::Keys) says
/// what holds.)
pub struct Iter<'m, T> {
    cursor: Cursor<'m>,
    /// Makes an item of key and value, whose sizes were checked when the typed map was made.
    decode: fn(&[u8], &[u8]) -> Option<T>,
}

impl<'m, T> Iter<'m, T> {
    pub(super) fn new(map: &'m Map, decode: fn(&[u8], &[u8]) -> Option<T>) -> Self {
        Self { cursor: Cursor::new(map), decode }
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.cursor.next() {
            Ok(Some((key, value))) => (self.decode)(key, value).map(Ok),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl<T> std::iter::FusedIterator for Iter<'_, T> {}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}
