//! The ring of one CPU's perf event, and the protocol between the kernel and its one reader.
//!
//! ```text
//! page 0   struct perf_event_mmap_page: data_head, written by the kernel, and data_tail, written by the reader alone
//! page 1…  data, a power of two of pages
//!
//! record   | type: u32 | misc: u16 | bytes of the whole: u16 | body |   starts and ends at multiples of 8
//! SAMPLE   body: | length: u32 | data, of this length |                with PERF_SAMPLE_RAW alone
//! LOST     body: | id of the event: u64 | how many: u64 |
//! ```
//!
//! Source: the kernel's `include/uapi/linux/perf_event.h`, `kernel/events/ring_buffer.c`, and `perf_output_sample()` in
//! `kernel/events/core.c`.
#![allow(unsafe_code, reason = "reads memory that the kernel writes, by the protocol above")]

use std::io;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sys::{self, Access, Mapping};

// Where the members are that are used of the first page. The last two are there since Linux 4.1.
const DATA_HEAD: usize = 1024;
const DATA_TAIL: usize = 1032;
const DATA_OFFSET: usize = 1040;
const DATA_SIZE: usize = 1048;

const PERF_RECORD_LOST: u32 = 2;
const PERF_RECORD_SAMPLE: u32 = 9;

const HEADER: u64 = 8;
/// The header and the length of a sample.
const SAMPLE_HEADER: u64 = HEADER + 4;
const LOST_SIZE: u64 = HEADER + 16;

/// A mapped ring, with its one reader.
#[derive(Debug)]
pub(super) struct Ring {
    memory: Mapping,
    /// Where the data begins.
    page: usize,
    /// Bytes of data, a power of two.
    size: u64,
    /// How many records the kernel has said were lost.
    lost: u64,
}

/// The positions or a length can't be: somebody else writes to the ring.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Corrupt;

/// How a walk over the records ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drained<B> {
    /// How many records were given out.
    pub(super) count: usize,
    /// What the callback stopped with.
    pub(super) stopped: Option<B>,
}

/// What a record is, and where the next one begins.
struct Record {
    kind: Kind,
    next: u64,
}

enum Kind {
    /// Data of so many bytes.
    Sample(usize),
    Lost(u64),
    /// Nothing that programs output.
    Other,
}

impl Ring {
    /// Maps the ring of an event, which then has one.
    pub(super) fn map(event: BorrowedFd<'_>, pages: usize) -> io::Result<Self> {
        let page = sys::page_size();
        let len = pages.checked_add(1).and_then(|pages| pages.checked_mul(page));
        let len = len.ok_or_else(invalid)?;
        // Writable: else the kernel would not wait for the reader.
        Self::new(Mapping::shared(event, 0, len, Access::ReadWrite)?, page)
    }

    fn new(memory: Mapping, page: usize) -> io::Result<Self> {
        let size = memory.len().checked_sub(page).ok_or_else(invalid)?;
        if !size.is_power_of_two() || size < 8 || !page.is_power_of_two() || page < DATA_SIZE + 8 {
            return Err(invalid());
        }
        let ring = Self { memory, page, size: size as u64, lost: 0 };
        let layout = [DATA_OFFSET, DATA_SIZE].map(|member| ring.member(member).load(Relaxed));
        if layout == [page as u64, ring.size] { Ok(ring) } else { Err(invalid()) }
    }

    /// Bytes that wait to be read.
    pub(super) fn pending(&self) -> u64 {
        let tail = self.member(DATA_TAIL).load(Relaxed);
        self.member(DATA_HEAD).load(Acquire).wrapping_sub(tail)
    }

    /// Whether more than half of the ring waits to be read.
    pub(super) fn is_half_full(&self) -> bool {
        self.pending() > self.size / 2
    }

    /// How many records were lost, as far as was read.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Gives out the records that are there now, in order, until `each` stops. A record is consumed once `each` is done
    /// with it, by whichever way: also where it stops or panics. One that goes past the end is put together in `scratch`.
    ///
    /// A record that comes meanwhile is left for the next time, so that a busy CPU does not keep others from theirs; the
    /// kernel wakes for it anew.
    pub(super) fn drain<B>(
        &mut self,
        scratch: &mut Vec<u8>,
        mut each: impl FnMut(&[u8]) -> ControlFlow<B>,
    ) -> Result<Drained<B>, Corrupt> {
        let mut count = 0;
        let mut position = self.member(DATA_TAIL).load(Relaxed);
        // Pairs with the kernel's barrier between the records and the position.
        let head = self.member(DATA_HEAD).load(Acquire);
        while position != head {
            let Record { kind, next } = self.record(position, head)?;
            if let Kind::Lost(lost) = kind {
                self.lost = self.lost.saturating_add(lost);
            }
            let advance = Advance { tail: self.member(DATA_TAIL), next };
            if let Kind::Sample(len) = kind {
                count += 1;
                let data = self.data(position.wrapping_add(SAMPLE_HEADER), len, scratch);
                if let ControlFlow::Break(value) = each(data) {
                    return Ok(Drained { count, stopped: Some(value) });
                }
            }
            drop(advance);
            position = next;
        }
        Ok(Drained { count, stopped: None })
    }

    /// The record at a position before `head`: whole between the two, and its content within it.
    fn record(&self, position: u64, head: u64) -> Result<Record, Corrupt> {
        let left = head.wrapping_sub(position);
        if left > self.size || left < HEADER || !position.is_multiple_of(8) {
            return Err(Corrupt);
        }
        let [a, b, c, d, _, _, e, f] = self.word(position).to_ne_bytes();
        let (record_type, size) =
            (u32::from_ne_bytes([a, b, c, d]), u64::from(u16::from_ne_bytes([e, f])));
        if size < HEADER || size > left || !size.is_multiple_of(8) {
            return Err(Corrupt);
        }
        let kind = match record_type {
            PERF_RECORD_SAMPLE if size >= SAMPLE_HEADER => {
                let [a, b, c, d, ..] = self.word(position.wrapping_add(HEADER)).to_ne_bytes();
                let len = u32::from_ne_bytes([a, b, c, d]);
                if u64::from(len) > size - SAMPLE_HEADER {
                    return Err(Corrupt);
                }
                Kind::Sample(len as usize)
            }
            PERF_RECORD_LOST if size >= LOST_SIZE => {
                Kind::Lost(self.word(position.wrapping_add(HEADER + 8)))
            }
            PERF_RECORD_SAMPLE | PERF_RECORD_LOST => return Err(Corrupt),
            _ => Kind::Other,
        };
        Ok(Record { kind, next: position.wrapping_add(size) })
    }

    /// A member of the first page.
    fn member(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: one of the constants above, all of them multiples of 8 in the first page, which is as long as they need
        // (checked when this was made), in a writable mapping that lives as long as `self`. Only atomics access it.
        unsafe { AtomicU64::from_ptr(self.memory.as_ptr().add(offset).cast()) }
    }

    /// Eight bytes of the data at a position that is a multiple of 8.
    fn word(&self, position: u64) -> u64 {
        let offset = self.page + (position & (self.size - 1)) as usize;
        // SAFETY: within the data, since its size is a multiple of 8, and aligned since position and page are. No slice of
        // it is written to, and the kernel's writing would only make it another number.
        unsafe { AtomicU64::from_ptr(self.memory.as_ptr().add(offset).cast()) }.load(Relaxed)
    }

    /// The data of a sample, which `record` has found to lie between the two positions.
    fn data<'a>(&'a self, position: u64, len: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let offset = (position & (self.size - 1)) as usize;
        let first = len.min(self.size as usize - offset);
        // SAFETY: the first part ends at the end of the data at the latest, the second is what is left of a record that is
        // not longer than the data (checked against `head`, which is at most that far ahead). The kernel does not write
        // to what lies between the two positions, we never do, and both slices are used before the reader's position
        // passes them.
        let (first, second) = unsafe {
            let data = self.memory.as_ptr().add(self.page).cast_const();
            (
                std::slice::from_raw_parts(data.add(offset), first),
                std::slice::from_raw_parts(data, len - first),
            )
        };
        if second.is_empty() {
            return first;
        }
        scratch.clear();
        scratch.extend_from_slice(first);
        scratch.extend_from_slice(second);
        scratch
    }
}

fn invalid() -> io::Error {
    io::Error::from_raw_os_error(libc::EINVAL)
}

/// Gives the record's memory back to the kernel when dropped, so also when the callback panics.
struct Advance<'a> {
    tail: &'a AtomicU64,
    next: u64,
}

impl Drop for Advance<'_> {
    fn drop(&mut self) {
        // Everything that was read of the record was read before.
        self.tail.store(self.next, Release);
    }
}

#[cfg(test)]
mod tests;
