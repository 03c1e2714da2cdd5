//! The memory of a ring buffer, and the protocol between its producers and its one consumer.
//!
//! ```text
//! page 0   consumer position                   written by the consumer alone
//! page 1   producer position                   written by the kernel
//! page 2…  data, and the same data once more   so that a record that goes past the end is in one piece
//!
//! record   | length: u32, BUSY and DISCARD in its top bits | u32 for the kernel | data | padding up to 8 bytes |
//! ```
//!
//! Source: the kernel's `kernel/bpf/ringbuf.c` and `Documentation/bpf/ringbuf.rst`.
#![allow(unsafe_code, reason = "reads memory that the kernel writes, by the protocol above")]

use std::io;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, fence};

use crate::sys::{self, Access, Mapping};

/// The record is reserved and not yet submitted.
const BUSY: u32 = 1 << 31;
/// The record was given up.
const DISCARD: u32 = 1 << 30;
const HEADER: u64 = 8;

/// A mapped ring buffer. Who calls [`drain`](Self::drain) must be the only one.
#[derive(Debug)]
pub(super) struct Ring {
    consumer: Mapping,
    /// The producer's page and the data twice.
    producer: Mapping,
    page: usize,
    /// Bytes of data, a power of two.
    size: u64,
}

/// The positions or a length can't be: somebody else writes to the consumer's page.
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

impl Ring {
    pub(super) fn map(fd: BorrowedFd<'_>, size: u32) -> io::Result<Self> {
        let page = sys::page_size();
        let consumer = Mapping::shared(fd, 0, page, Access::ReadWrite)?;
        let len = page + 2 * size as usize;
        let producer = Mapping::shared(fd, page as u64, len, Access::Read)?;
        Self::new(consumer, producer, page, size)
    }

    fn new(consumer: Mapping, producer: Mapping, page: usize, size: u32) -> io::Result<Self> {
        let fits = consumer.len() >= page && producer.len() >= page + 2 * size as usize;
        if !fits || !size.is_power_of_two() || size < 8 || page < 8 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        Ok(Self { consumer, producer, page, size: u64::from(size) })
    }

    /// Bytes from the consumer's position to the producer's.
    pub(super) fn pending(&self) -> u64 {
        let consumed = self.consumer_position().load(Relaxed);
        self.producer_position().load(Acquire).wrapping_sub(consumed)
    }

    /// Gives out all records that are submitted, in order, until `each` stops. A record is consumed once `each` is
    /// done with it, by whichever way: also where it stops or panics.
    pub(super) fn drain<B>(
        &self,
        mut each: impl FnMut(&[u8]) -> ControlFlow<B>,
    ) -> Result<Drained<B>, Corrupt> {
        let consumed = self.consumer_position();
        let mut position = consumed.load(Relaxed);
        let mut count = 0;
        loop {
            let before = position;
            // Pairs with the kernel's release of the position, after it has marked the record busy.
            let produced = self.producer_position().load(Acquire);
            while position != produced {
                if produced.wrapping_sub(position) > self.size || !position.is_multiple_of(8) {
                    return Err(Corrupt);
                }
                // Pairs with the kernel's exchange that submits the record, after its data.
                let header = self.header(position).load(Acquire);
                if header & BUSY != 0 {
                    break;
                }
                let len = header & !(BUSY | DISCARD);
                let next = position.wrapping_add((HEADER + u64::from(len)).next_multiple_of(8));
                if produced.wrapping_sub(position) < next.wrapping_sub(position) {
                    return Err(Corrupt);
                }
                let advance = Advance { consumed, next };
                if header & DISCARD == 0 {
                    count += 1;
                    let flow = each(self.data(position, len));
                    if let ControlFlow::Break(value) = flow {
                        return Ok(Drained { count, stopped: Some(value) });
                    }
                }
                drop(advance);
                position = next;
            }
            if position == before {
                return Ok(Drained { count, stopped: None });
            }
            // A producer wakes the consumer only where it sees that this has caught up. Our position must be visible
            // before we look for the last time, or both sides could miss the other: level-triggered waits look
            // again by themselves, edge-triggered ones (tokio) do not.
            fence(SeqCst);
        }
    }

    fn consumer_position(&self) -> &AtomicU64 {
        // SAFETY: the start of a writable mapping of at least 8 bytes, which lives as long as `self`. Only atomics
        // access it. (A position is an `unsigned long`; where that has 32 bits, what follows it in its page is 0.)
        unsafe { AtomicU64::from_ptr(self.consumer.as_ptr().cast()) }
    }

    fn producer_position(&self) -> &AtomicU64 {
        // SAFETY: as above, of a mapping that can be read only, and is only read.
        unsafe { AtomicU64::from_ptr(self.producer.as_ptr().cast()) }
    }

    /// The header of the record at a position that is a multiple of 8.
    fn header(&self, position: u64) -> &AtomicU32 {
        let offset = self.page + (position & (self.size - 1)) as usize;
        // SAFETY: within the data, since its size is a multiple of 8, and aligned since position and page are. It is
        // only read, by atomics.
        unsafe { AtomicU32::from_ptr(self.producer.as_ptr().add(offset).cast()) }
    }

    /// The data of a submitted record, which the caller has checked to end before the producer's position.
    fn data(&self, position: u64, len: u32) -> &[u8] {
        let offset = self.page + ((position & (self.size - 1)) + HEADER) as usize;
        // SAFETY: header and data together are not longer than the ring (checked against the producer's position,
        // which is at most that far ahead), so that they end within the second copy of the data. Neither kernel nor
        // programs write to a submitted record before the consumer's position has passed it, and the slice is
        // used before that.
        unsafe { std::slice::from_raw_parts(self.producer.as_ptr().add(offset), len as usize) }
    }
}

/// Gives the record's memory back to the producers when dropped, so also when the callback panics.
struct Advance<'a> {
    consumed: &'a AtomicU64,
    next: u64,
}

impl Drop for Advance<'_> {
    fn drop(&mut self) {
        // Everything that was read of the record was read before.
        self.consumed.store(self.next, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const PAGE: usize = 4096;
    const SIZE: u32 = 4096;

    /// A ring in memory of our own. The data is not there twice, so each write goes to both places.
    struct Fake {
        ring: Ring,
        produced: u64,
    }

    impl Fake {
        fn new() -> Self {
            let consumer = Mapping::anonymous(PAGE).unwrap();
            let producer = Mapping::anonymous(PAGE + 2 * SIZE as usize).unwrap();
            Self { ring: Ring::new(consumer, producer, PAGE, SIZE).unwrap(), produced: 0 }
        }

        fn poke(&self, position: u64, bytes: &[u8]) {
            for (n, &byte) in bytes.iter().enumerate() {
                let offset = (position as usize + n) % SIZE as usize;
                for copy in [0, SIZE as usize] {
                    // SAFETY: within the mapping, which is writable here; no slice of it is there now.
                    unsafe { self.ring.producer.as_ptr().add(PAGE + copy + offset).write(byte) };
                }
            }
        }

        fn header(&self, position: u64, header: u32) {
            self.poke(position, &header.to_ne_bytes());
        }

        /// Puts a record in and answers its position.
        fn put(&mut self, flags: u32, data: &[u8]) -> u64 {
            let position = self.produced;
            self.header(position, data.len() as u32 | flags);
            self.poke(position + HEADER, data);
            self.produced += (HEADER + data.len() as u64).next_multiple_of(8);
            self.ring.producer_position().store(self.produced, Release);
            position
        }

        fn take(&self) -> Vec<Vec<u8>> {
            let mut records = Vec::new();
            let drained = self.ring.drain::<()>(|record| {
                records.push(record.to_vec());
                ControlFlow::Continue(())
            });
            assert_eq!(drained, Ok(Drained { count: records.len(), stopped: None }));
            records
        }
    }

    #[test]
    fn submitted_records_come_in_order_discarded_ones_not() {
        let mut fake = Fake::new();
        assert!(fake.take().is_empty());
        fake.put(0, b"one");
        fake.put(DISCARD, b"given up");
        fake.put(0, b"");
        fake.put(0, b"a longer record");
        assert_eq!(fake.ring.pending(), 16 + 16 + 8 + 24);
        assert_eq!(fake.take(), [&b"one"[..], b"", b"a longer record"]);
        assert_eq!(fake.ring.pending(), 0);
    }

    #[test]
    fn a_busy_record_holds_up_what_is_behind_it() {
        let mut fake = Fake::new();
        fake.put(0, b"before");
        let busy = fake.put(BUSY, b"slow");
        fake.put(0, b"behind");
        assert_eq!(fake.take(), [b"before"]);
        assert!(fake.take().is_empty());
        fake.header(busy, 4);
        assert_eq!(fake.take(), [&b"slow"[..], b"behind"]);
    }

    #[test]
    fn records_go_past_the_end_in_one_piece() {
        let mut fake = Fake::new();
        let data: Vec<u8> = (0..1000).map(|n| n as u8).collect();
        for _ in 0..100 {
            fake.put(0, &data);
            fake.put(0, &data[..500]);
            assert_eq!(fake.take(), [&data[..], &data[..500]]);
        }
    }

    #[test]
    fn stopping_and_panicking_consume_the_record() {
        let mut fake = Fake::new();
        for data in [b"1", b"2", b"3"] {
            fake.put(0, data);
        }
        let drained = fake.ring.drain(|record| ControlFlow::Break(record.to_vec()));
        assert_eq!(drained, Ok(Drained { count: 1, stopped: Some(b"1".to_vec()) }));
        let panicked = catch_unwind(AssertUnwindSafe(|| fake.ring.drain::<()>(|_| panic!("2"))));
        assert!(panicked.is_err());
        assert_eq!(fake.take(), [b"3"]);
    }

    #[test]
    fn impossible_positions_are_errors() {
        let fake = Fake::new();
        let never = |_: &[u8]| -> ControlFlow<()> { unreachable!() };
        fake.ring.producer_position().store(u64::from(SIZE) + 8, Relaxed);
        assert_eq!(fake.ring.drain(never), Err(Corrupt));
        fake.ring.producer_position().store(16, Relaxed);
        fake.ring.consumer_position().store(4, Relaxed);
        assert_eq!(fake.ring.drain(never), Err(Corrupt));
        fake.ring.consumer_position().store(0, Relaxed);
        fake.header(0, 100);
        assert_eq!(fake.ring.drain(never), Err(Corrupt));
    }

    #[test]
    fn positions_wrap_around() {
        let mut fake = Fake::new();
        let start = u64::MAX - 15;
        fake.produced = start;
        fake.ring.consumer_position().store(start, Relaxed);
        fake.header(start, 1);
        fake.poke(start + HEADER, b"x");
        fake.ring.producer_position().store(start.wrapping_add(16), Release);
        assert_eq!(fake.take(), [b"x"]);
        assert_eq!(fake.ring.consumer_position().load(Relaxed), 0);
    }
}
