//! Counts context switches by process and prints a small live table for a few seconds.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bpf_skel::pod::CStrExt;

bpf_skel::include_skel!(hello);

/// How often the table is printed, and how many times.
const PERIOD: Duration = Duration::from_secs(1);
const TABLES: u32 = 3;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> bpf_skel::Result<()> {
    let mut open = hello::open();
    open.rodata.report_every = 200;
    open.maps.counts.set_max_entries(16_384);
    println!("opened: a report after every {} switches of a process", open.rodata.report_every);

    let skel = open.load()?;
    let _links = skel.attach()?;
    println!("attached: counting context switches for {} s", (PERIOD * TABLES).as_secs());

    for _ in 0..TABLES {
        reports(&skel, Instant::now() + PERIOD)?;
        table(&skel)?;
    }
    Ok(())
}

/// Prints the ring buffer's records as they come, until `end`.
fn reports(skel: &hello::Skel, end: Instant) -> bpf_skel::Result<()> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        skel.maps.events.wait_for_each(left, |event: &hello::types::event| {
            println!(
                "  {} ({}) made {} switches",
                event.comm.to_cstr_lossy(),
                event.pid,
                event.switches
            );
        })?;
    }
}

/// Prints the processes with the most switches.
fn table(skel: &hello::Skel) -> bpf_skel::Result<()> {
    let mut rows = skel.maps.counts.iter().collect::<bpf_skel::Result<Vec<_>>>()?;
    rows.sort_by_key(|(_, counter)| std::cmp::Reverse(counter.switches));
    let (total, dropped) = (skel.bss.total.get(), skel.bss.dropped.get());
    println!("\n{total} switches by {} processes, {dropped} reports dropped", rows.len());
    println!("{:>8}  {:<16} {:>10}", "PID", "COMMAND", "SWITCHES");
    for (pid, counter) in rows.iter().take(8) {
        println!("{pid:>8}  {:<16} {:>10}", counter.comm.to_cstr_lossy(), counter.switches);
    }
    Ok(())
}
