//! Copies between private memory and memory that others write at the same time.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

/// One step of a copy: the widest access that the shared address allows and that is still wanted.
///
/// How a byte is accessed depends on its address and on the cell alone, so that two copies through the same cell always
/// meet with accesses of the same width.
macro_rules! step {
    ($shared:expr, $left:expr, $with:ident) => {
        match ($shared.addr(), $left) {
            (addr, 8..) if addr % 8 == 0 => $with!(AtomicU64, u64),
            (addr, 4..) if addr % 4 == 0 => $with!(AtomicU32, u32),
            (addr, 2..) if addr % 2 == 0 => $with!(AtomicU16, u16),
            _ => $with!(AtomicU8, u8),
        }
    };
}

/// Runs `$with` where a value is one word wherever it lies: decided while compiling, so that nothing else is left of a
/// copy of an integer.
macro_rules! one_word {
    ($type:ty, $with:ident) => {
        match (size_of::<$type>(), align_of::<$type>()) {
            (8, 8) => return $with!(AtomicU64, u64),
            (4, 4) => return $with!(AtomicU32, u32),
            (2, 2) => return $with!(AtomicU16, u16),
            (1, 1) => return $with!(AtomicU8, u8),
            _ => {}
        }
    };
}

/// Copies a value out of shared memory by relaxed atomic loads.
///
/// # Safety
///
/// `shared` is aligned and valid for reads of a `T` and nothing in this process accesses it but by atomics; `private`
/// is valid for writes of a `T` and belongs to the caller.
#[inline]
pub(super) unsafe fn load<T>(shared: *const T, private: *mut T) {
    macro_rules! word {
        ($atomic:ty, $int:ty) => {
            // SAFETY: a T has this size and alignment, and the pointers are valid as the caller vouches.
            unsafe {
                let word = <$atomic>::from_ptr(shared.cast_mut().cast()).load(Relaxed);
                private.cast::<$int>().write_unaligned(word);
            }
        };
    }
    one_word!(T, word);
    // SAFETY: as the caller vouches.
    unsafe { load_bytes(shared.cast(), private.cast(), size_of::<T>()) }
}

/// Copies a value into shared memory by relaxed atomic stores.
///
/// # Safety
///
/// `shared` is aligned and valid for writes of a `T` and nothing in this process accesses it but by atomics; `private`
/// is valid for reads of a `T` without uninitialised bytes that nobody changes meanwhile.
#[inline]
pub(super) unsafe fn store<T>(shared: *mut T, private: *const T) {
    macro_rules! word {
        ($atomic:ty, $int:ty) => {
            // SAFETY: a T has this size and alignment, and the pointers are valid as the caller vouches.
            unsafe {
                let word = private.cast::<$int>().read_unaligned();
                <$atomic>::from_ptr(shared.cast()).store(word, Relaxed);
            }
        };
    }
    one_word!(T, word);
    // SAFETY: as the caller vouches.
    unsafe { store_bytes(shared.cast(), private.cast(), size_of::<T>()) }
}

/// As [`load`], of bytes.
///
/// # Safety
///
/// As [`load`], of `len` bytes and without the alignment.
pub(super) unsafe fn load_bytes(shared: *const u8, private: *mut u8, len: usize) {
    let mut done = 0;
    while done < len {
        // SAFETY: `done < len`, so both stay within their memory.
        let (from, to) = unsafe { (shared.add(done), private.add(done)) };
        macro_rules! word {
            ($atomic:ty, $int:ty) => {{
                // SAFETY: `step!` checked the alignment and that this many bytes are left; `to` need not be aligned.
                unsafe {
                    let word = <$atomic>::from_ptr(from.cast_mut().cast()).load(Relaxed);
                    to.cast::<$int>().write_unaligned(word);
                }
                size_of::<$int>()
            }};
        }
        done += step!(from, len - done, word);
    }
}

/// As [`store`], of bytes.
///
/// # Safety
///
/// As [`store`], of `len` bytes and without the alignment.
pub(super) unsafe fn store_bytes(shared: *mut u8, private: *const u8, len: usize) {
    let mut done = 0;
    while done < len {
        // SAFETY: `done < len`, so both stay within their memory.
        let (to, from) = unsafe { (shared.add(done), private.add(done)) };
        macro_rules! word {
            ($atomic:ty, $int:ty) => {{
                // SAFETY: `step!` checked the alignment and that this many bytes are left; `from` need not be aligned.
                unsafe {
                    let word = from.cast::<$int>().read_unaligned();
                    <$atomic>::from_ptr(to.cast()).store(word, Relaxed);
                }
                size_of::<$int>()
            }};
        }
        done += step!(to, len - done, word);
    }
}
