use std::sync::atomic::Ordering;

use super::Global;
use crate::pod::Pod;

mod sealed {
    pub trait Sealed {}
}

/// An integer of 1, 2, 4 or 8 bytes, which the processor changes atomically.
///
/// The BPF instruction set has atomics of 4 and 8 bytes only: what a program and this process both *change* must be of
/// these.
pub trait AtomicInt: Pod + sealed::Sealed {
    /// The standard library's type for it.
    type Atomic: Sync;

    /// Views the memory at `place` as an atomic.
    ///
    /// # Safety
    ///
    /// `place` is valid and aligned for all of `'a`, and nobody in this process accesses it but by atomics.
    #[doc(hidden)]
    unsafe fn at<'a>(place: *mut Self) -> &'a Self::Atomic;
}

impl<T: AtomicInt> Global<T> {
    /// The variable as the standard library's atomic, with all that this has.
    #[inline]
    pub fn as_atomic(&self) -> &T::Atomic {
        // SAFETY: a Global is as aligned as its T, which `at` holds equal to the atomic's alignment, it lives as long as
        // `self`, and all of its methods access it by atomics.
        unsafe { T::at(self.as_ptr()) }
    }
}

macro_rules! atomic_int {
    ($($int:ident $atomic:ident;)*) => { $(
        impl sealed::Sealed for $int {}

        impl AtomicInt for $int {
            type Atomic = std::sync::atomic::$atomic;

            #[inline]
            unsafe fn at<'a>(place: *mut Self) -> &'a Self::Atomic {
                // On 32-bit x86 a u64 is aligned to 4 only, and would lie elsewhere than in the object anyway.
                const { assert!(align_of::<$int>() == align_of::<std::sync::atomic::$atomic>()) };
                // SAFETY: by the caller's promise.
                unsafe { std::sync::atomic::$atomic::from_ptr(place) }
            }
        }

        impl Global<$int> {
            /// The value, with this memory ordering.
            #[inline]
            pub fn load(&self, order: Ordering) -> $int {
                self.as_atomic().load(order)
            }

            /// Overwrites the value, with this memory ordering.
            #[inline]
            pub fn store(&self, value: $int, order: Ordering) {
                self.as_atomic().store(value, order);
            }

            /// Overwrites the value and returns what it was.
            #[inline]
            pub fn swap(&self, value: $int, order: Ordering) -> $int {
                self.as_atomic().swap(value, order)
            }

            /// Adds, wrapping around, and returns what it was.
            #[inline]
            pub fn fetch_add(&self, value: $int, order: Ordering) -> $int {
                self.as_atomic().fetch_add(value, order)
            }

            /// Subtracts, wrapping around, and returns what it was.
            #[inline]
            pub fn fetch_sub(&self, value: $int, order: Ordering) -> $int {
                self.as_atomic().fetch_sub(value, order)
            }

            /// Bitwise "and"; returns what it was.
            #[inline]
            pub fn fetch_and(&self, value: $int, order: Ordering) -> $int {
                self.as_atomic().fetch_and(value, order)
            }

            /// Bitwise "or"; returns what it was.
            #[inline]
            pub fn fetch_or(&self, value: $int, order: Ordering) -> $int {
                self.as_atomic().fetch_or(value, order)
            }

            /// Bitwise "exclusive or"; returns what it was.
            #[inline]
            pub fn fetch_xor(&self, value: $int, order: Ordering) -> $int {
                self.as_atomic().fetch_xor(value, order)
            }

            /// Overwrites the value where it is `current`.
            ///
            /// # Errors
            /// The value, where it is another.
            #[inline]
            pub fn compare_exchange(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                self.as_atomic().compare_exchange(current, new, success, failure)
            }
        }
    )* };
}

atomic_int! {
    u8 AtomicU8; u16 AtomicU16; u32 AtomicU32; u64 AtomicU64;
    i8 AtomicI8; i16 AtomicI16; i32 AtomicI32; i64 AtomicI64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

    #[test]
    fn no_addition_is_lost() {
        const THREADS: u64 = 4;
        const EACH: u64 = 50_000;
        let (wide, narrow) = (Global::new(0u64), Global::new(0u16));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        wide.fetch_add(3, Relaxed);
                        narrow.fetch_add(1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(wide.get(), THREADS * EACH * 3);
        assert_eq!(narrow.get(), (THREADS * EACH) as u16);
    }

    #[test]
    fn operations_are_those_of_the_standard_library() {
        let global = Global::new(0b1100i32);
        assert_eq!(global.fetch_or(0b0011, SeqCst), 0b1100);
        assert_eq!(global.fetch_and(0b0110, SeqCst), 0b1111);
        assert_eq!(global.fetch_xor(0b0010, SeqCst), 0b0110);
        assert_eq!(global.fetch_sub(5, SeqCst), 4);
        assert_eq!(global.swap(7, AcqRel), -1);
        assert_eq!(global.compare_exchange(7, 8, AcqRel, Acquire), Ok(7));
        assert_eq!(global.compare_exchange(7, 9, AcqRel, Acquire), Err(8));
        global.store(-3, Release);
        assert_eq!(global.load(Acquire), -3);
        assert_eq!(global.as_atomic().fetch_max(4, Relaxed), -3);
    }
}
