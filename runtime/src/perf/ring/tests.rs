use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

const PAGE: usize = 4096;
const SIZE: usize = 4096;

/// A ring in memory of our own.
struct Fake {
    ring: Ring,
    head: u64,
    scratch: Vec<u8>,
}

impl Fake {
    fn new() -> Self {
        let memory = Mapping::anonymous(PAGE + SIZE).unwrap();
        for (member, value) in [(DATA_OFFSET, PAGE), (DATA_SIZE, SIZE)] {
            // SAFETY: a member of the first page, which is writable; nobody else has the memory.
            unsafe { memory.as_ptr().add(member).cast::<u64>().write(value as u64) };
        }
        Self { ring: Ring::new(memory, PAGE).unwrap(), head: 0, scratch: Vec::new() }
    }

    /// Has both positions be here.
    fn start(&mut self, position: u64) {
        self.head = position;
        self.ring.member(DATA_TAIL).store(position, Relaxed);
        self.ring.member(DATA_HEAD).store(position, Relaxed);
    }

    fn poke(&self, position: u64, bytes: &[u8]) {
        for (n, &byte) in bytes.iter().enumerate() {
            let offset = (position as usize).wrapping_add(n) % SIZE;
            // SAFETY: within the mapping, which is writable; no slice of it is there now.
            unsafe { self.ring.memory.as_ptr().add(PAGE + offset).write(byte) };
        }
    }

    fn header(&self, position: u64, record_type: u32, size: u16) {
        self.poke(position, &record_type.to_ne_bytes());
        self.poke(position.wrapping_add(6), &size.to_ne_bytes());
    }

    fn put(&mut self, record_type: u32, body: &[u8]) {
        let size = (HEADER as usize + body.len()).next_multiple_of(8) as u16;
        self.header(self.head, record_type, size);
        self.poke(self.head.wrapping_add(HEADER), body);
        self.head = self.head.wrapping_add(size.into());
        self.ring.member(DATA_HEAD).store(self.head, Release);
    }

    /// As the kernel does: the length is rounded so that the next record is aligned.
    fn sample(&mut self, data: &[u8]) {
        let len = (data.len() + 4).next_multiple_of(8) - 4;
        let mut body = (len as u32).to_ne_bytes().to_vec();
        body.extend(data);
        body.resize(4 + len, 0xee);
        self.put(PERF_RECORD_SAMPLE, &body);
    }

    fn lost(&mut self, count: u64) {
        self.put(PERF_RECORD_LOST, &[7_u64.to_ne_bytes(), count.to_ne_bytes()].concat());
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        let drained = self.ring.drain::<()>(&mut self.scratch, |record| {
            records.push(record.to_vec());
            ControlFlow::Continue(())
        });
        assert_eq!(drained, Ok(Drained { count: records.len(), stopped: None }));
        records
    }

    fn is_corrupt(&mut self) -> bool {
        let never = |_: &[u8]| -> ControlFlow<()> { unreachable!() };
        self.ring.drain(&mut self.scratch, never) == Err(Corrupt)
    }
}

#[test]
fn samples_come_in_order_padded() {
    let mut fake = Fake::new();
    assert!(fake.take().is_empty());
    fake.sample(b"four");
    fake.sample(b"");
    fake.sample(b"a longer record");
    assert_eq!(fake.ring.pending(), 16 + 16 + 32);
    assert_eq!(
        fake.take(),
        [&b"four"[..], b"\xee\xee\xee\xee", b"a longer record\xee\xee\xee\xee\xee"]
    );
    assert_eq!(fake.ring.pending(), 0);
}

#[test]
fn losses_are_counted_and_other_records_passed_over() {
    let mut fake = Fake::new();
    fake.sample(b"one.");
    fake.lost(3);
    fake.put(5, &[0; 24]);
    fake.put(99, b"");
    fake.sample(b"two.");
    fake.lost(u64::MAX);
    assert_eq!(fake.ring.lost(), 0);
    assert_eq!(fake.take(), [b"one.", b"two."]);
    assert_eq!(fake.ring.lost(), u64::MAX);
}

#[test]
fn records_go_past_the_end_in_one_piece() {
    let mut fake = Fake::new();
    // Every place in a record is at the end once: within its header's second half, too, and its length.
    for start in (SIZE as u64 - 128..=SIZE as u64).step_by(8) {
        fake.start(start);
        let data: Vec<u8> = (0..100).collect();
        fake.sample(&data);
        fake.lost(1);
        fake.sample(&data[..20]);
        assert_eq!(fake.take(), [&data[..], &data[..20]]);
    }
    assert_eq!(fake.ring.lost(), 17);
    let longest = fake.scratch.capacity();
    fake.start(8);
    fake.sample(&[5; SIZE - 12]);
    assert_eq!(fake.take(), [[5; SIZE - 12]]);
    assert!(longest > 0 && fake.scratch.capacity() >= SIZE - 12);
}

#[test]
fn stopping_and_panicking_consume_the_record() {
    let mut fake = Fake::new();
    for data in [b"1111", b"2222", b"3333"] {
        fake.sample(data);
    }
    fake.lost(1);
    let drained = fake.ring.drain(&mut fake.scratch, |record| ControlFlow::Break(record.to_vec()));
    assert_eq!(drained, Ok(Drained { count: 1, stopped: Some(b"1111".to_vec()) }));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        fake.ring.drain::<()>(&mut fake.scratch, |_| std::panic::resume_unwind(Box::new(2)))
    }));
    assert!(panicked.is_err());
    assert_eq!(fake.ring.lost(), 0);
    assert_eq!(fake.take(), [b"3333"]);
    assert_eq!(fake.ring.lost(), 1);
}

#[test]
fn records_that_come_meanwhile_are_left() {
    let mut fake = Fake::new();
    fake.sample(b"1111");
    fake.sample(b"2222");
    let head = fake.head;
    // Only the first is there when it begins.
    fake.ring.member(DATA_HEAD).store(16, Release);
    let memory = fake.ring.memory.as_ptr();
    let drained = fake.ring.drain::<()>(&mut fake.scratch, |_| {
        // SAFETY: the member of a mapping that is there, by atomics as everywhere.
        unsafe { AtomicU64::from_ptr(memory.add(DATA_HEAD).cast()) }.store(head, Release);
        ControlFlow::Continue(())
    });
    assert_eq!(drained, Ok(Drained { count: 1, stopped: None }));
    assert_eq!(fake.take(), [b"2222"]);
}

#[test]
fn positions_wrap_around() {
    let mut fake = Fake::new();
    fake.start(u64::MAX - 15);
    fake.sample(b"first");
    fake.sample(b"then");
    assert_eq!(fake.take(), [&b"first\xee\xee\xee\xee\xee\xee\xee"[..], b"then"]);
    assert_eq!(fake.ring.member(DATA_TAIL).load(Relaxed), 24);
}

#[test]
fn impossible_positions_and_lengths_are_errors() {
    let positions = [(0, SIZE as u64 + 8), (4, 16), (16, 8), (0, 4)];
    for (tail, head) in positions {
        let mut fake = Fake::new();
        fake.header(0, 1, 8);
        fake.start(tail);
        fake.ring.member(DATA_HEAD).store(head, Relaxed);
        assert!(fake.is_corrupt(), "{tail} to {head}");
    }
    // Type, size, and what a sample says of its length; 64 bytes are there.
    let records = [
        (1, 0, 0),
        (1, 4, 0),
        (1, 12, 0),
        (1, 72, 0),
        (PERF_RECORD_SAMPLE, 8, 0),
        (PERF_RECORD_SAMPLE, 16, 5),
        (PERF_RECORD_SAMPLE, 64, u32::MAX),
        (PERF_RECORD_LOST, 16, 0),
    ];
    for (record_type, size, len) in records {
        let mut fake = Fake::new();
        fake.header(0, record_type, size);
        fake.poke(HEADER, &len.to_ne_bytes());
        fake.ring.member(DATA_HEAD).store(64, Relaxed);
        assert!(fake.is_corrupt(), "type {record_type}, {size} bytes, length {len}");
        // It stays so, and nothing is passed over.
        assert_eq!(fake.ring.pending(), 64);
    }
}

#[test]
fn memory_of_another_layout_is_refused() {
    for len in [PAGE, PAGE + 3 * PAGE, PAGE / 2] {
        assert!(Ring::new(Mapping::anonymous(len).unwrap(), PAGE).is_err(), "{len}");
    }
    // The kernel says something else than what was mapped.
    assert!(Ring::new(Mapping::anonymous(PAGE + SIZE).unwrap(), PAGE).is_err());
}

#[test]
fn half_of_it() {
    let mut fake = Fake::new();
    fake.sample(&[0; SIZE / 2 - 12]);
    assert!(!fake.ring.is_half_full());
    fake.sample(b"more");
    assert!(fake.ring.is_half_full());
}
