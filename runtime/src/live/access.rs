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

/// Copies `len` bytes out of shared memory by relaxed atomic loads.
///
/// # Safety
///
/// `shared` is valid for reads of `len` bytes and nothing in this process accesses them but by atomics;
/// `private` is valid for writes of `len` bytes and they belong to the caller.
#[inline]
pub(crate) unsafe fn load(shared: *const u8, private: *mut u8, len: usize) {
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

/// Copies `len` bytes into shared memory by relaxed atomic stores.
///
/// # Safety
///
/// `shared` is valid for writes of `len` bytes and nothing in this process accesses them but by atomics;
/// `private` is valid for reads of `len` initialised bytes that nobody changes meanwhile.
#[inline]
pub(crate) unsafe fn store(shared: *mut u8, private: *const u8, len: usize) {
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
