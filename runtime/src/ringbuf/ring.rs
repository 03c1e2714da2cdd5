//! The memory of a ring buffer, and the protocol between its producers and its one consumer.
//!
//! ```text
//! page 0   consumer position                   written by the consumer alone
//! page 1   producer position                   written by the producers alone
//! page 2…  data, and the same data once more   so that a record that goes past the end is in one piece
//!
//! record   | length: u32, BUSY and DISCARD in its top bits | u32 for the kernel | data | padding up to 8 bytes |
//! ```
//!
//! Records that user space reads are produced by the kernel, those of a *user ring buffer* consumed by it: each side may
//! write to its own pages alone.
//!
//! Source: the kernel's `kernel/bpf/ringbuf.c` and `Documentation/bpf/ringbuf.rst`.
#![allow(unsafe_code, reason = "words of memory that is shared with the kernel, as above")]

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::sys::{self, Access, Mapping};

/// The record is reserved and not yet submitted.
pub(super) const BUSY: u32 = 1 << 31;
/// The record was given up.
pub(super) const DISCARD: u32 = 1 << 30;
/// Bytes of a record's header.
pub(super) const HEADER: u64 = 8;

/// A mapped ring buffer, as its one consumer or its one producer has it.
#[derive(Debug)]
pub(super) struct Ring {
    consumer: Mapping,
    /// The producer's page and the data twice.
    producer: Mapping,
    page: usize,
    /// Bytes of data, a power of two.
    size: u64,
}

/// The positions or a length can't be: somebody else writes to our pages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Corrupt;

/// Bytes that a record of this length takes in the ring.
pub(super) fn extent(len: u32) -> u64 {
    (HEADER + u64::from(len)).next_multiple_of(8)
}

impl Ring {
    /// Maps it for the one who calls [`drain`](Self::drain).
    pub(super) fn map_to_consume(fd: BorrowedFd<'_>, size: u32) -> io::Result<Self> {
        Self::map(fd, size, Access::ReadWrite, Access::Read)
    }

    /// Maps it for the one who calls [`reserve`](Self::reserve).
    pub(super) fn map_to_produce(fd: BorrowedFd<'_>, size: u32) -> io::Result<Self> {
        Self::map(fd, size, Access::Read, Access::ReadWrite)
    }

    fn map(fd: BorrowedFd<'_>, size: u32, consumer: Access, producer: Access) -> io::Result<Self> {
        let page = sys::page_size();
        let consumer = Mapping::shared(fd, 0, page, consumer)?;
        let len = page + 2 * size as usize;
        let producer = Mapping::shared(fd, page as u64, len, producer)?;
        Self::new(consumer, producer, page, size)
    }

    fn new(consumer: Mapping, producer: Mapping, page: usize, size: u32) -> io::Result<Self> {
        let fits = consumer.len() >= page && producer.len() >= page + 2 * size as usize;
        if !fits || !size.is_power_of_two() || size < 8 || page < 8 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        Ok(Self { consumer, producer, page, size: u64::from(size) })
    }

    /// Bytes of data, a power of two.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes from the consumer's position to the producer's.
    pub(super) fn pending(&self) -> u64 {
        let consumed = self.consumer_position().load(Relaxed);
        self.producer_position().load(Acquire).wrapping_sub(consumed)
    }

    /// Only the consumer may write to it.
    pub(super) fn consumer_position(&self) -> &AtomicU64 {
        // SAFETY: the start of a mapping of at least 8 bytes, which lives as long as `self`. Only atomics access it, and
        // where it is mapped to be read only, only loads. (A position is an `unsigned long`; where that has 32 bits,
        // what follows it in its page is 0.)
        unsafe { AtomicU64::from_ptr(self.consumer.as_ptr().cast()) }
    }

    /// Only the producer may write to it.
    pub(super) fn producer_position(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(self.producer.as_ptr().cast()) }
    }

    /// The header of the record at a position that is a multiple of 8. Only the producer may write to it.
    pub(super) fn header(&self, position: u64) -> &AtomicU32 {
        debug_assert!(position.is_multiple_of(8));
        let offset = self.page + (position & (self.size - 1)) as usize;
        // SAFETY: within the data, since its size is a multiple of 8, and aligned since position and page are. Only
        // atomics access it, and where it is mapped to be read only, only loads.
        unsafe { AtomicU32::from_ptr(self.producer.as_ptr().add(offset).cast()) }
    }

    /// Where the data begins of the record at a position that is a multiple of 8. From there on at least as many bytes are
    /// mapped as the ring has, less the header's.
    pub(super) fn data_start(&self, position: u64) -> *mut u8 {
        let offset = self.page + ((position & (self.size - 1)) + HEADER) as usize;
        // SAFETY: at most the size of the ring behind the start of the data, which is there twice.
        unsafe { self.producer.as_ptr().add(offset) }
    }
}

/// Rings in memory of our own, for tests.
#[cfg(test)]
pub(super) mod fake {
    use super::*;

    pub(in super::super) const SIZE: u32 = 4096;
    const PAGE: usize = 4096;

    /// The data is not there twice: what goes past the end is seen only from where it began.
    pub(in super::super) fn ring() -> Ring {
        let consumer = Mapping::anonymous(PAGE).unwrap();
        let producer = Mapping::anonymous(PAGE + 2 * SIZE as usize).unwrap();
        Ring::new(consumer, producer, PAGE, SIZE).unwrap()
    }

    impl Ring {
        /// Writes to both places of the data.
        pub(in super::super) fn poke(&self, position: u64, bytes: &[u8]) {
            for (n, &byte) in bytes.iter().enumerate() {
                let offset = (position as usize + n) % SIZE as usize;
                for copy in [0, SIZE as usize] {
                    // SAFETY: within the mapping, which is writable here; no slice of it is there now.
                    unsafe { self.producer.as_ptr().add(PAGE + copy + offset).write(byte) };
                }
            }
        }
    }
}
