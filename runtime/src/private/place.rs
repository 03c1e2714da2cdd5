//! Members that are printed and compared where they are: a copy of many megabytes has no room on the stack.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ptr;

use crate::pod::{Pod, boxed_from_bytes, boxed_zeroed, bytes_of, from_bytes};

/// A member in its struct or union, aligned or not.
pub struct Place<'s, T> {
    bytes: &'s [u8],
    of: PhantomData<fn() -> T>,
}

/// The field that this points to.
///
/// # Panics
/// It is a field of something else: only generated code calls it, and that knows.
pub fn field<S: Pod, T: Pod>(whole: &S, field: *const T) -> Place<'_, T> {
    Place::new(whole, field.addr() - ptr::from_ref(whole).addr())
}

/// The member at an offset, which the method, that is not called, would copy.
///
/// # Panics
/// It reaches out of its struct: only generated code calls it, and that knows.
pub fn place<S: Pod, T: Pod>(whole: &S, offset: usize, _: fn(&S) -> T) -> Place<'_, T> {
    Place::new(whole, offset)
}

impl<'s, T: Pod> Place<'s, T> {
    fn new<S: Pod>(whole: &'s S, offset: usize) -> Self {
        Self { bytes: &bytes_of(whole)[offset..][..size_of::<T>()], of: PhantomData }
    }

    /// Shows the value in place, or a copy on the heap where it is not aligned.
    fn with<R>(&self, see: impl FnOnce(&T) -> R) -> R {
        match from_bytes(self.bytes) {
            Some(value) => see(value),
            None => see(&boxed_from_bytes(self.bytes).unwrap_or_else(boxed_zeroed)),
        }
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Place<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| value.fmt(f))
    }
}

impl<T: Pod + PartialEq> PartialEq for Place<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.with(|one| other.with(|other| one == other))
    }
}

impl<T: Pod + Hash> Hash for Place<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.with(|value| value.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use super::*;

    fn hashed(value: impl Hash) -> u64 {
        let mut state = DefaultHasher::new();
        value.hash(&mut state);
        state.finish()
    }

    #[test]
    fn members_are_seen_wherever_they_are() {
        let words = [7u16, 8];
        let second = field(&words, &raw const words[1]);
        assert_eq!((format!("{second:?}"), hashed(&second)), ("8".to_owned(), hashed(8u16)));
        for odd in [0, 1] {
            let made = |floats: [f32; 2]| {
                let mut bytes = [9; 12];
                bytes[odd..][..8].copy_from_slice(bytes_of(&floats));
                bytes
            };
            let floats = |of| place(of, odd, |_| [0f32; 2]);
            let (one, zero, nan) = (made([0.5, -0.0]), made([0.5, 0.0]), made([f32::NAN, 0.0]));
            assert_eq!(format!("{:?}", floats(&one)), "[0.5, -0.0]");
            assert!(floats(&one) == floats(&zero) && floats(&nan) != floats(&nan));
        }
    }

    #[test]
    fn nothing_large_is_on_the_stack() {
        const SIZE: usize = 8 << 20;
        let stack = std::thread::Builder::new().stack_size(64 << 10);
        let seen = stack.spawn(|| {
            let bytes = crate::pod::boxed_zeroed::<[u8; SIZE + 3]>();
            let odd = place(&*bytes, 1, |_| [0u8; SIZE]);
            let words = [2, 3].map(|at| place(&*bytes, at, |_| [0u16; SIZE / 2]));
            assert!(odd == odd && words[0] == words[1]);
            hashed(odd);
            hashed(&words[1]);
        });
        seen.unwrap().join().unwrap();
    }
}
