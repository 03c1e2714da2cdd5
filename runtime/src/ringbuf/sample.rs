use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Release;

use super::ring::DISCARD;

/// A record that is reserved in a [`UserRingBuf`](super::UserRingBuf): its bytes, aligned to 8, to be written in place.
///
/// Programs see it once it is [submitted](Self::submit). One that is dropped instead is discarded, also where a panic
/// drops it; one that is leaked ([`std::mem::forget`]) holds up all that is behind it for good.
#[must_use = "a sample that is not submitted is discarded"]
pub struct UserRingBufSample<'r> {
    header: &'r AtomicU32,
    data: &'r mut [u8],
    /// What becomes of it: [`DISCARD`], or 0.
    fate: u32,
}

impl<'r> UserRingBufSample<'r> {
    /// The header is that of a busy record with this data.
    pub(super) fn new(header: &'r AtomicU32, data: &'r mut [u8]) -> Self {
        Self { header, data, fate: DISCARD }
    }

    /// Gives it to the programs, in its place among the samples: they get it when those before it are submitted or
    /// discarded too.
    #[doc(alias = "user_ring_buffer__submit")]
    pub fn submit(mut self) {
        self.fate = 0;
    }

    /// Gives it up, as dropping it does.
    #[doc(alias = "user_ring_buffer__discard")]
    pub fn discard(self) {}
}

impl Drop for UserRingBufSample<'_> {
    fn drop(&mut self) {
        // Not longer than the ring, which has 32 bits. Pairs with the kernel's load of the header, after which it reads
        // the data: everything that was written of it was written before.
        self.header.store(self.data.len() as u32 | self.fate, Release);
    }
}

impl Deref for UserRingBufSample<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.data
    }
}

impl DerefMut for UserRingBufSample<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.data
    }
}

impl fmt::Debug for UserRingBufSample<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserRingBufSample").field(&self.data).finish()
    }
}
