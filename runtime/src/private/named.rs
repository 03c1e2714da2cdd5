//! Equality and hashes by the bytes that have a name in C.

use std::hash::Hasher;

use crate::pod::{Pod, bytes_of};

/// Whether both have the same bytes at these places, from one up to another.
#[inline]
pub fn same<T: Pod>(one: &T, other: &T, places: &[(usize, usize)]) -> bool {
    let (one, other) = (bytes_of(one), bytes_of(other));
    places.iter().all(|&(from, to)| one[from..to] == other[from..to])
}

/// Hashes the bytes at these places.
#[inline]
pub fn hash<T: Pod>(value: &T, places: &[(usize, usize)], state: &mut impl Hasher) {
    let bytes = bytes_of(value);
    places.iter().for_each(|&(from, to)| state.write(&bytes[from..to]));
}
