//! Equality and hashes by the bytes that have a name in C.
//!
//! Which bytes these are is a string, `NAMED`: the compiler takes longer for a list of numbers. Each character is a number
//! of bytes, in turns that have a name and that have none, from the start on; what follows the last has none. Empty, every
//! byte has one.

use std::hash::Hasher;
use std::iter;
use std::ops::Range;

use crate::pod::{Pod, bytes_of};

/// Whether both are the same in the bytes that have a name.
#[inline]
pub fn same<T: Pod>(one: &T, other: &T, named: &str) -> bool {
    let (one, other) = (bytes_of(one), bytes_of(other));
    // What has no name is zeros for the most part, and all bytes of a known size are compared fastest.
    one == other
        || !named.is_empty() && places(named).all(|place| one[place.clone()] == other[place])
}

/// Hashes the bytes that have a name.
#[inline]
pub fn hash<T: Pod>(value: &T, named: &str, state: &mut impl Hasher) {
    let bytes = bytes_of(value);
    if named.is_empty() {
        return state.write(bytes);
    }
    places(named).for_each(|place| state.write(&bytes[place]));
}

/// Where the bytes are that have a name.
#[inline]
fn places(named: &str) -> impl Iterator<Item = Range<usize>> {
    let mut lengths = named.chars().map(|length| length as usize);
    let mut at = 0;
    iter::from_fn(move || {
        let place = at..at + lengths.next()?;
        at = place.end + lengths.next().unwrap_or(0);
        Some(place)
    })
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use super::*;

    fn hashed(value: [u8; 4], named: &str) -> u64 {
        let mut state = DefaultHasher::new();
        hash(&value, named, &mut state);
        state.finish()
    }

    #[test]
    fn bytes_without_a_name_do_not_count() {
        for (named, counts) in [
            ("", [true; 4]),
            ("\u{0}", [false; 4]),
            ("\u{1}", [true, false, false, false]),
            ("\u{0}\u{3}\u{1}", [false, false, false, true]),
            ("\u{1}\u{2}\u{1}", [true, false, false, true]),
            ("\u{2}\u{0}\u{2}", [true; 4]),
        ] {
            let one = [7; 4];
            for (nth, counts) in counts.into_iter().enumerate() {
                let mut other = one;
                other[nth] = 8;
                assert_eq!(same(&one, &other, named), !counts, "{named:?} {nth}");
                assert_eq!(hashed(one, named) == hashed(other, named), !counts, "{named:?} {nth}");
            }
        }
    }
}
