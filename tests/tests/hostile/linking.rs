use std::panic::{AssertUnwindSafe, catch_unwind};

use bpf_skel::spec::Endian;
use bpf_skel_tests::fixtures;
use bpf_skel_tests::random::Random;

use crate::memory;
use crate::mutation::{limit, mutate};

/// Linking compares and copies more than reading: fewer of them.
const SHARE: u64 = 4;

#[test]
fn mutated_objects_link_or_say_why() {
    let count: u64 = match std::env::var("BPF_SKEL_MUTATIONS") {
        Ok(count) => count.parse().expect("BPF_SKEL_MUTATIONS: a number"),
        Err(_) => 2_000,
    };
    let pairs: Vec<[Vec<u8>; 2]> = [Endian::Little, Endian::Big]
        .into_iter()
        .flat_map(|endian| {
            let named = move |name: &str| fixtures::bytes(name, endian);
            [
                ["link/main", "link/lib"],
                ["link/lib", "link/main"],
                ["link/third", "link/lib"],
                ["jump_tables", "jump_tables_other"],
            ]
            .map(|pair| pair.map(named))
        })
        .collect();
    let corpus: Vec<Vec<u8>> = pairs.iter().flatten().cloned().collect();
    let mut linked = 0;
    for seed in 0..count / SHARE {
        let mut random = Random::new(seed);
        let [mut mutated, other] = pairs[random.below(pairs.len())].clone();
        mutate(&mut mutated, &corpus, &mut random);
        let len = mutated.len() + other.len();
        let result = catch_unwind(AssertUnwindSafe(|| {
            memory::peak(|| bpf_skel_build::link(&[("a.o", &mutated), ("b.o", &other)]))
        }));
        let (result, peak) = result.unwrap_or_else(|_| panic!("seed {seed} panics"));
        assert!(peak <= limit(len), "seed {seed}: {len} bytes take {peak}");
        if let Ok(bytes) = result {
            linked += 1;
            // What is written can be read, or is refused for what was in it before.
            let read = catch_unwind(|| bpf_skel::elf::read(&bytes, "linked.o").is_ok());
            assert!(read.is_ok(), "seed {seed}: what was linked panics when it is read");
            let again = catch_unwind(|| bpf_skel_build::link(&[("linked.o", &bytes)]).is_ok());
            assert!(again.is_ok(), "seed {seed}: what was linked panics when it is linked");
        }
    }
    assert!(linked > count / SHARE / 20 && linked < count / SHARE, "{linked} of them are linked");
}
