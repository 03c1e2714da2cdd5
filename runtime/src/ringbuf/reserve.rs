//! What the producer of a user ring buffer does.
#![allow(unsafe_code, reason = "lends memory that the kernel reads, by the protocol of `ring`")]

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::ring::{BUSY, Corrupt, HEADER, Ring, extent};
use super::sample::UserRingBufSample;

/// What a dynptr can hold, which is what programs get a sample as: `DYNPTR_MAX_SIZE` of `kernel/bpf/helpers.c`.
const DYNPTR_MAX: u64 = (1 << 24) - 1;

impl Ring {
    /// The longest sample that the kernel takes.
    pub(super) fn max_sample_len(&self) -> u32 {
        (self.size() - HEADER).min(DYNPTR_MAX) as u32
    }

    /// Where the producer before us has stopped.
    pub(super) fn produced(&self) -> u64 {
        self.producer_position().load(Acquire)
    }

    /// A record of this length, at most [`max_sample_len`](Self::max_sample_len), with the bytes that were there before;
    /// `None` where there is no room for it now. `produced` is where all that was reserved ends, which nobody else
    /// may change: one producer at a time.
    pub(super) fn reserve(
        &self,
        produced: &mut u64,
        len: u32,
    ) -> Result<Option<UserRingBufSample<'_>>, Corrupt> {
        let position = *produced;
        // Pairs with the kernel's release of the position, after programs are done with the sample.
        let consumed = self.consumer_position().load(Acquire);
        let used = position.wrapping_sub(consumed);
        let moved = self.producer_position().load(Relaxed) != position;
        if moved || used > self.size() || !position.is_multiple_of(8) {
            return Err(Corrupt);
        }
        if self.size() - used < extent(len) {
            return Ok(None);
        }
        let header = self.header(position);
        header.store(len | BUSY, Relaxed);
        *produced = position.wrapping_add(extent(len));
        // Pairs with the kernel's load of the position: where it sees this one, it sees that the record is busy.
        self.producer_position().store(*produced, Release);
        // SAFETY: header and data together fit between the producer's and the consumer's position, as just checked, and
        // so are not longer than the ring: they end within the second copy of the data. The kernel looks at a busy
        // record's header only and does not pass it, and until it has passed it nobody gets these bytes again, since
        // `produced` only grows: a producer's position that another process has moved was found out above. That none
        // writes here by itself is asked of whoever may map the ring; any bytes are valid.
        let data =
            unsafe { std::slice::from_raw_parts_mut(self.data_start(position), len as usize) };
        Ok(Some(UserRingBufSample::new(header, data)))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::super::ring::fake::{self, SIZE};
    use super::*;

    /// The ring and the position of its producer. The kernel drains a user ring buffer by the rules by which we drain one
    /// of its own.
    struct Fake {
        ring: Ring,
        produced: u64,
    }

    impl Fake {
        fn new() -> Self {
            Self { ring: fake::ring(), produced: 0 }
        }

        fn reserve(&mut self, len: u32) -> Option<UserRingBufSample<'_>> {
            self.ring.reserve(&mut self.produced, len).unwrap()
        }

        fn send(&mut self, data: &[u8]) -> bool {
            let Some(mut sample) = self.reserve(data.len() as u32) else { return false };
            sample.copy_from_slice(data);
            sample.submit();
            true
        }

        fn take(&self) -> Vec<Vec<u8>> {
            take(&self.ring)
        }
    }

    fn take(ring: &Ring) -> Vec<Vec<u8>> {
        let mut samples = Vec::new();
        let drained = ring.drain::<()>(|sample| {
            samples.push(sample.to_vec());
            ControlFlow::Continue(())
        });
        assert_eq!(drained.unwrap().count, samples.len());
        samples
    }

    #[test]
    fn submitted_samples_come_in_order_dropped_ones_not() {
        let mut fake = Fake::new();
        assert!(fake.send(b"one"));
        drop(fake.reserve(8));
        assert!(fake.send(b""));
        assert!(fake.send(b"a longer sample"));
        assert_eq!(fake.ring.pending(), 16 + 16 + 8 + 24);
        assert_eq!(fake.take(), [&b"one"[..], b"", b"a longer sample"]);
        assert_eq!(fake.ring.pending(), 0);
    }

    #[test]
    fn a_reserved_sample_holds_up_what_is_behind_it() {
        let (ring, mut produced) = (fake::ring(), 0);
        let mut reserve = || ring.reserve(&mut produced, 4).unwrap().unwrap();
        let (mut slow, mut fast) = (reserve(), reserve());
        fast.copy_from_slice(b"fast");
        fast.submit();
        assert!(take(&ring).is_empty());
        slow.copy_from_slice(b"slow");
        slow.submit();
        assert_eq!(take(&ring), [b"slow", b"fast"]);
    }

    #[test]
    fn a_full_ring_has_no_room_until_it_is_drained() {
        let mut fake = Fake::new();
        let longest = fake.ring.max_sample_len() as usize;
        assert_eq!(longest, SIZE as usize - 8);
        let count = (0..).take_while(|n: &u64| fake.send(&n.to_ne_bytes())).count();
        assert_eq!(count, SIZE as usize / 16);
        assert!(!fake.send(b""));
        assert_eq!(fake.take().len(), count);
        assert!(fake.send(&vec![7; longest]));
        assert!(!fake.send(b""));
        assert_eq!(fake.take(), [vec![7; longest]]);
    }

    #[test]
    fn samples_go_past_the_end_in_one_piece() {
        let mut fake = Fake::new();
        let data: Vec<u8> = (0..1000).map(|n| n as u8).collect();
        for _ in 0..100 {
            assert!(fake.send(&data) && fake.send(&data[..500]));
            assert_eq!(fake.take(), [&data[..], &data[..500]]);
        }
    }

    #[test]
    fn impossible_positions_are_errors() {
        // What the ring says of consumer and producer, and where our producer is.
        for (consumed, said, produced, fits) in [
            (0, 0, 0, true),
            (8, 0, 0, false),
            (0, 4096, 4096, true),
            (0, 4104, 4104, false),
            (0, 4, 4, false),
            (0, 16, 8, false),
            (u64::MAX - 7, 8, 8, true),
        ] {
            let fake = Fake { ring: fake::ring(), produced };
            fake.ring.consumer_position().store(consumed, Relaxed);
            fake.ring.producer_position().store(said, Relaxed);
            let reserved = fake.ring.reserve(&mut { produced }, 0);
            assert_eq!(reserved.is_ok(), fits, "{consumed} {said} {produced}");
        }
    }
}
