use std::fmt;
use std::hash::{Hash, Hasher};

use super::Pod;

/// C's `_Bool`: one byte, of which any value but zero is true.
///
/// Rust's `bool` has two valid bytes only and the kernel's memory promises nothing, so a shared value can't be one.
/// Comparison and hash go by truth, not by byte: `Bool` 1 and `Bool` 2 are equal. Map keys, though, are
/// compared by the kernel, byte by byte; [`Bool::new`] always makes 0 or 1, as C does.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Bool(u8);

// SAFETY: transparent over u8.
unsafe impl Pod for Bool {}

impl Bool {
    /// 0
    pub const FALSE: Self = Self(0);
    /// 1
    pub const TRUE: Self = Self(1);

    /// 0 or 1.
    pub const fn new(value: bool) -> Self {
        Self(value as u8)
    }

    /// Whether the byte is not zero.
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Bool {}

impl PartialEq<bool> for Bool {
    fn eq(&self, other: &bool) -> bool {
        self.get() == *other
    }
}

impl PartialOrd for Bool {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bool {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.get().cmp(&other.get())
    }
}

impl Hash for Bool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get().hash(state);
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Self {
        Self::new(value)
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> Self {
        value.get()
    }
}

impl std::ops::Not for Bool {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(!self.get())
    }
}

impl fmt::Debug for Bool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl fmt::Display for Bool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.get(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::{bytes_of, read};
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn any_byte_but_zero_is_true() {
        let odd: Bool = read(&[2]).unwrap();
        assert_eq!(odd, Bool::TRUE);
        assert_eq!(odd, true);
        assert_eq!((bytes_of(&odd), bytes_of(&Bool::from(true))), (&[2][..], &[1][..]));
        assert_eq!(format!("{odd} {odd:?} {}", !odd), "true true false");
        let state = RandomState::new();
        assert_eq!(state.hash_one(odd), state.hash_one(Bool::TRUE));
    }
}
