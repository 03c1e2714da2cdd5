//! Puts BPF objects through libbpf and through bpf-skel, and reports what the two disagree about.
//!
//! The script `run` next to it makes the objects.

mod child;
mod compare;
mod explained;
mod kernel;
mod libbpf;
mod normal;
mod ours;
mod outcome;
mod report;
mod side;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use child::{Answer, Side};
use outcome::Cut;

const USAGE: &str =
    "usage: differential compare EXPLAINED [--verbose] [--seconds N] OBJECT-OR-FOLDER...";

/// The processor time that the kernel gets for a program, where the command line does not say.
const LIMIT: Duration = Duration::from_secs(20);
/// How many times as long a program gets that timed out on one side alone.
const PATIENCE: u32 = 10;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match &args[..] {
        ["side", side, object, from] => side_of(side, object, from),
        ["compare", explained, rest @ ..] => compare_all(explained, rest),
        _ => Err(USAGE.to_owned()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("differential: {error}");
        ExitCode::from(2)
    })
}

fn side_of(side: &str, object: &str, from: &str) -> Result<ExitCode, String> {
    let side = Side::from_name(side).ok_or("no such side")?;
    let from = from.parse().map_err(|_| "expected a number")?;
    side::answer(side, Path::new(object), from).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn compare_all(explained: &str, mut args: &[&str]) -> Result<ExitCode, String> {
    let text = fs::read_to_string(explained).map_err(|error| format!("{explained}: {error}"))?;
    let explained = explained::parse(&text)?;
    let (mut verbose, mut limit) = (false, LIMIT);
    let mut objects = Vec::new();
    loop {
        args = match args {
            [] => break,
            ["--verbose", rest @ ..] => {
                verbose = true;
                rest
            }
            ["--seconds", seconds, rest @ ..] => {
                limit = Duration::from_secs(seconds.parse().map_err(|_| USAGE)?);
                rest
            }
            [path, rest @ ..] => {
                find(Path::new(path), &mut objects).map_err(|error| format!("{path}: {error}"))?;
                rest
            }
        };
    }
    if objects.is_empty() {
        return Err("no objects".to_owned());
    }
    let answers = ask_all(&objects, limit);

    let mut totals = compare::Totals::default();
    let mut all = Vec::new();
    for (path, answer) in objects.iter().zip(answers) {
        let (libbpf, ours) = answer.map_err(|error| format!("{}: {error}", path.display()))?;
        all.extend(compare::object(&name(path), &libbpf, &ours, &mut totals));
    }
    let unexplained = report::print(&totals, &all, &explained, verbose);
    Ok(if unexplained == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file, or every `.o` in a folder and those below it.
fn find(path: &Path, objects: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        objects.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|extension| extension == "o") {
            find(&entry, objects)?;
        }
    }
    Ok(())
}

/// `F/X` of `…/F/X.o` and of `…/F/X.bpf.o`.
fn name(path: &Path) -> String {
    let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (folder, name) = (text(path.parent().and_then(Path::file_name)), text(path.file_name()));
    let name = name.strip_suffix(".o").unwrap_or(&name);
    format!("{folder}/{}", name.strip_suffix(".bpf").unwrap_or(name))
}

type Both = io::Result<(Answer, Answer)>;

/// Both answers. Where a program times out on one side alone, both are asked again with more patience for it: a machine
/// that was busy with something else is no disagreement.
fn ask_both(object: &Path, limit: Duration) -> Both {
    let both = ask_with(object, &|_| limit)?;
    let late = timed_out_once(&both);
    if late.is_empty() {
        return Ok(both);
    }
    ask_with(object, &|name| if late.contains(name) { limit * PATIENCE } else { limit })
}

/// Our time is so far from libbpf's that a program on the brink of it does not time out on one side alone: twice as long
/// for a program that libbpf gets done, half as long for one that it does not.
fn ask_with(object: &Path, limit: &dyn Fn(&str) -> Duration) -> Both {
    let libbpf = child::ask(Side::Libbpf, object, limit)?;
    let late = timed_out(&libbpf);
    let ours = child::ask(Side::Ours, object, &|name| {
        if late.contains(name) { limit(name) / 2 } else { limit(name) * 2 }
    })?;
    Ok((libbpf, ours))
}

/// The programs that timed out.
fn timed_out(answer: &Answer) -> BTreeSet<String> {
    let programs = answer.opened.iter().flatten();
    let late = programs.filter(|program| program.cut == Some(Cut::TimedOut));
    late.map(|program| program.name.clone()).collect()
}

fn timed_out_once((libbpf, ours): &(Answer, Answer)) -> BTreeSet<String> {
    timed_out(libbpf).symmetric_difference(&timed_out(ours)).cloned().collect()
}

/// The answers of both sides, several objects at a time.
fn ask_all(objects: &[PathBuf], limit: Duration) -> Vec<Both> {
    let next = AtomicUsize::new(0);
    let progress = Mutex::new((0, Instant::now()));
    let answers: Vec<Mutex<Option<Both>>> = objects.iter().map(|_| Mutex::new(None)).collect();
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((object, place)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|at| Some((objects.get(at)?, answers.get(at)?)))
                {
                    let both = ask_both(object, limit);
                    if let Ok(mut place) = place.lock() {
                        *place = Some(both);
                    }
                    if let Ok(mut progress) = progress.lock() {
                        say_progress(&mut progress, objects.len());
                    }
                }
            });
        }
    });
    let missing = || Err(io::Error::other("no answer"));
    let answers = answers.into_iter().map(|place| place.into_inner().ok().flatten());
    answers.map(|answer| answer.unwrap_or_else(missing)).collect()
}

fn say_progress((done, last): &mut (usize, Instant), all: usize) {
    *done += 1;
    if last.elapsed() > Duration::from_secs(10) {
        *last = Instant::now();
        eprintln!("{done} of {all} objects");
    }
}
