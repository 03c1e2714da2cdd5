//! Time to loaded, system calls, allocations and memory of bpf-skel, libbpf-rs and aya on the same objects.
//!
//! `cargo run --release -p load [ROUNDS]`, as root. Each load is a process of its own, the loaders take turns, and a row
//! is the median. "user" is the time outside of bpf(2); with several threads it is not told apart.

mod counted;
mod loaders;

use std::process::Command;
use std::time::Instant;

use counted::Counts;
use loaders::{LOADERS, objects};

/// What one load has cost: microseconds in all and in bpf(2), calls, allocations, KiB of memory at the most.
type Cost = [u64; 5];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [one, object, loader] if one == "one" => {
            let cost = one_load(object.parse().expect("a number"), loader.parse().expect("a number"));
            println!("{}", cost.map(|number| number.to_string()).join(" "));
        }
        [] => table(31),
        [rounds] => table(rounds.parse().expect("a number of rounds")),
        _ => eprintln!("load [ROUNDS]"),
    }
}

fn one_load(object: usize, loader: usize) -> Cost {
    let objects = objects();
    let before = Counts::now();
    let start = Instant::now();
    let loaded = (LOADERS[loader].load)(&objects[object]);
    let time = start.elapsed().as_nanos() as u64;
    let counts = Counts::now().since(before);
    drop(loaded);
    [time / 1000, counts.nanos / 1000, counts.calls, counts.allocations, peak_kib()]
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn table(rounds: usize) {
    let this = std::env::current_exe().expect("this program");
    println!("| object | loader | total µs | bpf(2) µs | user µs | calls | allocations | peak KiB | total, libbpf = 1 | user, libbpf = 1 |");
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (number, object) in objects().iter().enumerate() {
        let mut all = LOADERS.map(|_| Vec::<Cost>::new());
        for _ in 0..rounds {
            for (loader, costs) in all.iter_mut().enumerate() {
                let args = ["one", &number.to_string(), &loader.to_string()];
                let out = Command::new(&this).args(args).output().expect("it runs");
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                let text = String::from_utf8(out.stdout).expect("numbers");
                let mut numbers = text.split_whitespace().map(|n| n.parse().expect("a number"));
                costs.push(std::array::from_fn(|_| numbers.next().expect("five numbers")));
            }
        }
        let medians = all.map(|costs| -> Cost { std::array::from_fn(|n| median(&costs, |cost| cost[n])) });
        let user = |cost: &Cost| cost[0].saturating_sub(cost[1]).max(1);
        let libbpf = &medians[2];
        for (loader, cost) in LOADERS.iter().zip(&medians) {
            let [total, inside, calls, allocations, peak] = *cost;
            println!(
                "| {} | {} | {total} | {inside} | {} | {calls} | {allocations} | {peak} | {:.2} | {:.2} |",
                object.name,
                loader.name,
                user(cost),
                total as f64 / libbpf[0] as f64,
                user(cost) as f64 / user(libbpf) as f64,
            );
        }
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> u64) -> u64 {
    let mut all: Vec<u64> = costs.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}
