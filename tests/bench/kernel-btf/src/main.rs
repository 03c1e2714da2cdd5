//! How long it takes to find types in the running kernel: `cargo run --release -p kernel-btf`.

use std::time::{Duration, Instant};

use bpf_skel::Result;
use bpf_skel::btf::BtfKind;
use bpf_skel::kernel_btf::{KernelBtf, Wanted};

const RUNS: usize = 50;

fn main() -> Result<()> {
    let names = struct_names(40)?;
    let many: Vec<_> = names.iter().map(|name| Wanted::core(name, BtfKind::Struct)).collect();
    let one = [Wanted::core("task_struct", BtfKind::Struct)];
    let targets = [Wanted::function("vfs_read"), Wanted::tracepoint("sched_switch")];
    let cases: [(&str, &[Wanted<'_>]); 4] =
        [("index only", &[]), ("1 struct", &one), ("2 targets", &targets), ("40 structs", &many)];

    println!("{:<12}{:>12}{:>12}{:>8}", "", "median µs", "min µs", "found");
    for (name, wanted) in cases {
        let (median, min, found) = measure(wanted)?;
        println!("{name:<12}{:>12}{:>12}{found:>8}", median.as_micros(), min.as_micros());
    }
    Ok(())
}

/// Names from all over the kernel.
fn struct_names(count: usize) -> Result<Vec<String>> {
    let kernel = KernelBtf::running()?;
    let btf = kernel.btf()?;
    println!("{} types; {RUNS} times open and look for:", btf.len());
    let structs = btf.types().filter(|(_, ty)| ty.kind.code() == BtfKind::Struct);
    let named = structs.filter(|(_, ty)| !ty.name.is_empty()).step_by(200);
    Ok(named.take(count).map(|(_, ty)| ty.name.to_string()).collect())
}

fn measure(wanted: &[Wanted<'_>]) -> Result<(Duration, Duration, usize)> {
    let (mut times, mut found) = (Vec::with_capacity(RUNS), 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        let kernel = KernelBtf::running()?;
        let candidates = kernel.find_all(wanted)?;
        times.push(start.elapsed());
        found = (0..wanted.len()).map(|n| candidates.of(n).len()).sum();
    }
    times.sort_unstable();
    Ok((times[RUNS / 2], times[0], found))
}
