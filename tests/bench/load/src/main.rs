//! Time to loaded, system calls, allocations and memory of bpf-skel, libbpf-rs and aya on the same objects.
//!
//! `cargo run --release -p load [ROUNDS]`, as root. Each load is a process of its own, the loaders take turns, and a row
//! is the median. "user" is the time outside of bpf(2); with several threads it is not told apart. "again" is a second load
//! in the same process, after the first was dropped: what first touches of code and memory cost is the difference.

mod counted;
mod loaders;

use std::process::Command;
use std::time::Instant;

use counted::Counts;
use loaders::{LOADERS, objects};

/// What loading has cost.
#[derive(Clone, Copy)]
struct Cost {
    /// Microseconds in all and in bpf(2): of the process' first load, and of its second.
    first: [u64; 2],
    again: [u64; 2],
    calls: u64,
    allocations: u64,
    /// Pages that the first load was the first to touch.
    faults: u64,
    /// KiB of memory at the most.
    peak: u64,
}

impl Cost {
    const NUMBERS: usize = 8;

    fn numbers(self) -> [u64; Self::NUMBERS] {
        let Self { first, again, calls, allocations, faults, peak } = self;
        [first[0], first[1], again[0], again[1], calls, allocations, faults, peak]
    }

    fn of_numbers([a, b, c, d, calls, allocations, faults, peak]: [u64; Self::NUMBERS]) -> Self {
        Self { first: [a, b], again: [c, d], calls, allocations, faults, peak }
    }

    /// Number by number.
    fn median(costs: &[Self]) -> Self {
        Self::of_numbers(std::array::from_fn(|n| {
            let mut all: Vec<u64> = costs.iter().map(|cost| cost.numbers()[n]).collect();
            all.sort_unstable();
            all[all.len() / 2]
        }))
    }
}

/// The time outside of bpf(2).
fn user([total, inside]: [u64; 2]) -> u64 {
    total.saturating_sub(inside).max(1)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [one, object, loader] if one == "one" => {
            let cost =
                one_load(object.parse().expect("a number"), loader.parse().expect("a number"));
            println!("{}", cost.numbers().map(|number| number.to_string()).join(" "));
        }
        [] => table(31),
        [rounds] => table(rounds.parse().expect("a number of rounds")),
        _ => eprintln!("load [ROUNDS]"),
    }
}

fn one_load(object: usize, loader: usize) -> Cost {
    let objects = objects();
    let load = || {
        let (counts, faults, start) = (Counts::now(), faults(), Instant::now());
        let loaded = (LOADERS[loader].load)(&objects[object]);
        let time = start.elapsed().as_nanos() as u64;
        let (counts, faults) = (Counts::now().since(counts), self::faults() - faults);
        drop(loaded);
        ([time / 1000, counts.nanos / 1000], counts, faults)
    };
    let (first, counts, faults) = load();
    let peak = peak_kib();
    let (again, ..) = load();
    Cost { first, again, calls: counts.calls, allocations: counts.allocations, faults, peak }
}

/// Page faults of this process that took no disk.
fn faults() -> u64 {
    // SAFETY: plain numbers, of which zeros are some.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the address is of a `rusage`, which it writes.
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    assert_eq!(result, 0, "getrusage");
    usage.ru_minflt as u64
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn table(rounds: usize) {
    let this = std::env::current_exe().expect("this program");
    println!(
        "| object | loader | total µs | bpf(2) µs | user µs | again: total µs | bpf(2) µs | calls | allocations | pages | peak KiB | total, libbpf = 1 | user, libbpf = 1 |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (number, object) in objects().iter().enumerate() {
        let mut all = LOADERS.map(|_| Vec::<Cost>::new());
        for _ in 0..rounds {
            for (loader, costs) in all.iter_mut().enumerate() {
                let args = ["one", &number.to_string(), &loader.to_string()];
                let out = Command::new(&this).args(args).output().expect("it runs");
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                let text = String::from_utf8(out.stdout).expect("numbers");
                let mut numbers = text.split_whitespace().map(|n| n.parse().expect("a number"));
                costs.push(Cost::of_numbers(std::array::from_fn(|_| {
                    numbers.next().expect("its numbers")
                })));
            }
        }
        let medians = all.map(|costs| Cost::median(&costs));
        let libbpf = medians[2];
        for (loader, cost) in LOADERS.iter().zip(medians) {
            let Cost { first: [total, inside], again, calls, allocations, faults, peak } = cost;
            println!(
                "| {} | {} | {total} | {inside} | {} | {} | {} | {calls} | {allocations} | {faults} | {peak} | {:.2} | {:.2} |",
                object.name,
                loader.name,
                user(cost.first),
                again[0],
                again[1],
                total as f64 / libbpf.first[0] as f64,
                user(cost.first) as f64 / user(libbpf.first) as f64,
            );
        }
    }
}
