//! What the consumer of a ring buffer does.
#![allow(unsafe_code, reason = "reads memory that the kernel writes, by the protocol of `ring`")]

use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::fence;

use super::ring::{BUSY, Corrupt, DISCARD, Ring, extent};

/// How a walk over the records ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drained<B> {
    /// How many records were given out.
    pub(super) count: usize,
    /// What the callback stopped with.
    pub(super) stopped: Option<B>,
}

impl Ring {
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
                if produced.wrapping_sub(position) > self.size() || !position.is_multiple_of(8) {
                    return Err(Corrupt);
                }
                // Pairs with the kernel's exchange that submits the record, after its data.
                let header = self.header(position).load(Acquire);
                if header & BUSY != 0 {
                    break;
                }
                let len = header & !(BUSY | DISCARD);
                let next = position.wrapping_add(extent(len));
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

    /// The data of a submitted record, which the caller has checked to end before the producer's position.
    fn data(&self, position: u64, len: u32) -> &[u8] {
        // SAFETY: header and data together are not longer than the ring (checked against the producer's position,
        // which is at most that far ahead), so that they end within the second copy of the data. Neither kernel nor
        // programs write to a submitted record before the consumer's position has passed it, and the slice is
        // used before that.
        unsafe { std::slice::from_raw_parts(self.data_start(position), len as usize) }
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
    use super::super::ring::HEADER;
    use super::super::ring::fake::{self, SIZE};
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    struct Fake {
        ring: Ring,
        produced: u64,
    }

    impl Fake {
        fn new() -> Self {
            Self { ring: fake::ring(), produced: 0 }
        }

        fn header(&self, position: u64, header: u32) {
            self.ring.poke(position, &header.to_ne_bytes());
        }

        /// Puts a record in and answers its position.
        fn put(&mut self, flags: u32, data: &[u8]) -> u64 {
            let position = self.produced;
            self.header(position, data.len() as u32 | flags);
            self.ring.poke(position + HEADER, data);
            self.produced += extent(data.len() as u32);
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
        fake.ring.poke(start + HEADER, b"x");
        fake.ring.producer_position().store(start.wrapping_add(16), Release);
        assert_eq!(fake.take(), [b"x"]);
        assert_eq!(fake.ring.consumer_position().load(Relaxed), 0);
    }
}
