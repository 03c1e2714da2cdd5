//! Whole processes, in turns: from an object to its skeleton.
//!
//! `cargo run --release -p generate BPF_SKEL [OBJECT]...`: the release build of the command, and objects; those that are
//! not given are made: one small, one of a megabyte of data and types.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use generate::Result;

/// Tells the process to be libbpf-cargo.
const AS_LIBBPF_CARGO: &str = "--libbpf-cargo";
const BPFTOOL: &str = "bpftool";
const ROUNDS: usize = 41;

fn main() -> Result<()> {
    let args: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if let [first, object, output] = &args[..]
        && first.as_os_str() == AS_LIBBPF_CARGO
    {
        return Ok(libbpf_cargo::SkeletonBuilder::new().obj(object).generate(output)?);
    }
    let (command, objects) = args.split_first().ok_or("expected: BPF_SKEL [OBJECT]...")?;
    let scratch = env::temp_dir().join(format!("bpf-skel-generate-{}", std::process::id()));
    fs::create_dir(&scratch)?;
    let made = if objects.is_empty() { generate::objects(&scratch)? } else { Vec::new() };
    println!(
        "| object | bytes | step | bpf-skel ms | bpftool ms | libbpf-cargo ms | of bpftool | of libbpf-cargo |"
    );
    println!("|---|--:|---|--:|--:|--:|--:|--:|");
    for object in objects.iter().chain(&made) {
        measure(command, object, &scratch)?;
    }
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

fn measure(command: &Path, object: &Path, scratch: &Path) -> Result<()> {
    let name = object.file_name().ok_or("an object")?.to_string_lossy().into_owned();
    let bytes = fs::metadata(object)?.len();
    let (ours, theirs) = (scratch.join("ours.rs"), scratch.join("theirs.rs"));
    let own = env::current_exe()?;
    let mut generators = [
        vec![
            command.as_os_str(),
            "gen".as_ref(),
            object.as_os_str(),
            "-o".as_ref(),
            ours.as_os_str(),
        ],
        vec![BPFTOOL.as_ref(), "gen".as_ref(), "skeleton".as_ref(), object.as_os_str()],
        vec![own.as_os_str(), AS_LIBBPF_CARGO.as_ref(), object.as_os_str(), theirs.as_os_str()],
    ];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (words, times) in generators.iter_mut().zip(&mut times) {
            let _ = fs::remove_file(&ours);
            let _ = fs::remove_file(&theirs);
            let start = Instant::now();
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).stdout(Stdio::null());
            if words[0] == BPFTOOL {
                // It prints the skeleton, which is for a file as the others' are.
                command.stdout(fs::File::create(&theirs)?);
            }
            let status = command.status()?;
            times.push(start.elapsed());
            if !status.success() {
                return Err(format!("{words:?}: {status}").into());
            }
        }
    }
    let [ours, bpftool, theirs] = times.map(median);
    println!(
        "| {name} | {bytes} | generate | {:.1} | {:.1} | {:.1} | {:.2} | {:.3} |",
        millis(ours),
        millis(bpftool),
        millis(theirs),
        ours.as_secs_f64() / bpftool.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64(),
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
