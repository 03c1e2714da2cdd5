use std::panic::{AssertUnwindSafe, catch_unwind};

use bpf_skel::elf::{Legacy, Reader};
use bpf_skel::spec::Endian;
use bpf_skel_tests::fixtures;
use bpf_skel_tests::random::Random;

use crate::memory;

/// Numbers that checks stumble over.
const ODD: [u64; 12] = [
    0,
    1,
    7,
    8,
    0x7f,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff8,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let orders = [Endian::Little, Endian::Big];
    let good = fixtures::names();
    let good = good.iter().flat_map(|name| orders.map(|o| fixtures::bytes(name, o)));
    let sizes = [16, 20, 24, 28, 32, 36].into_iter();
    let legacy = sizes.flat_map(|size| orders.map(|order| fixtures::legacy_size(size, order)));
    good.chain(legacy).chain(fixtures::refused().into_iter().map(|(_, bytes)| bytes)).collect()
}

pub(crate) fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            return;
        }
        // Half of the changes hit the section headers, which are at the end: what they say is believed most.
        let headers = bytes.len() / 4;
        let at = match random.below(2) {
            0 => random.below(bytes.len()),
            _ => bytes.len() - 1 - random.below(headers.max(1)),
        };
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.bits() as u8,
            2 | 3 => {
                // A whole field, in either byte order.
                let width = [1, 2, 4, 8][random.below(4)];
                let at = at & !(width - 1);
                let value = ODD[random.below(ODD.len())];
                let value = match random.below(2) {
                    0 => value.to_le_bytes(),
                    _ => (value << (64 - 8 * width)).to_be_bytes(),
                };
                let end = (at + width).min(bytes.len());
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
            4 => {
                // A piece of this or of another object, over this one.
                let own = bytes.clone();
                let other = match random.below(2) {
                    0 => &own,
                    _ => &corpus[random.below(corpus.len())],
                };
                let from = random.below(other.len()) & !7;
                let len = (1 + random.below(128)).min(other.len() - from).min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&other[from..from + len]);
            }
            5 => bytes[at] = bytes[at].wrapping_add(1),
            6 => bytes[at] = bytes[at].wrapping_sub(1),
            _ if random.below(4) == 0 => bytes.truncate(at),
            _ => {
                let len = (1 + random.below(64)).min(bytes.len() - at);
                bytes[at..at + len].fill(0);
            }
        }
    }
}

/// What reading may take at the most: the reader's budget of 64 times the input, and its tables of what is in the file.
pub(crate) fn limit(len: usize) -> usize {
    (1 << 20) + 80 * len
}

#[test]
fn mutated_objects_neither_panic_nor_exhaust_memory() {
    let count: u64 = match std::env::var("BPF_SKEL_MUTATIONS") {
        Ok(count) => count.parse().expect("BPF_SKEL_MUTATIONS: a number"),
        Err(_) => 2_000,
    };
    let corpus = corpus();
    let reader = Reader::new().legacy(Legacy::Iproute2).relaxed();
    let mut read = 0;
    for seed in 0..count {
        let mut random = Random::new(seed);
        let mut bytes = corpus[random.below(corpus.len())].clone();
        mutate(&mut bytes, &corpus, &mut random);
        let result = catch_unwind(AssertUnwindSafe(|| {
            memory::peak(|| reader.read(&bytes, "mutated.o").is_ok())
        }));
        let (ok, peak) = result.unwrap_or_else(|_| panic!("seed {seed} panics"));
        assert!(peak <= limit(bytes.len()), "seed {seed}: {} bytes take {peak}", bytes.len());
        read += u64::from(ok);
    }
    // So that the mutations do not all die at the first check.
    assert!(read > count / 20 && read < count, "{read} of {count} still read");
}
