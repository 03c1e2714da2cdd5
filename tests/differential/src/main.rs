//! Puts BPF objects through libbpf and through bpf-skel, and reports what the two disagree about.
//!
//! `differential compare EXPLAINED [--verbose] OBJECT...`; the script `run` next to it makes the objects.

mod child;
mod compare;
mod explained;
mod kernel;
mod libbpf;
mod normal;
mod ours;
mod outcome;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

use child::{Answer, Side};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match &args[..] {
        ["side", side, object, from] => side_of(side, object, from),
        ["compare", explained, "--verbose", objects @ ..] => compare_all(explained, objects, true),
        ["compare", explained, objects @ ..] => compare_all(explained, objects, false),
        _ => Err("usage: differential compare EXPLAINED [--verbose] OBJECT...".to_owned()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("differential: {error}");
        ExitCode::from(2)
    })
}

fn side_of(side: &str, object: &str, from: &str) -> Result<ExitCode, String> {
    let side = Side::from_name(side).ok_or("no such side")?;
    let from = from.parse().map_err(|_| "expected a number")?;
    child::answer(side, Path::new(object), from).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn compare_all(explained: &str, objects: &[&str], verbose: bool) -> Result<ExitCode, String> {
    let text = fs::read_to_string(explained).map_err(|error| format!("{explained}: {error}"))?;
    let explained = explained::parse(&text)?;
    let objects: Vec<PathBuf> = objects.iter().map(PathBuf::from).collect();
    let answers = ask_all(&objects);

    let mut totals = compare::Totals::default();
    let mut all = Vec::new();
    for (path, answer) in objects.iter().zip(answers) {
        let (libbpf, ours) = answer.map_err(|error| format!("{}: {error}", path.display()))?;
        all.extend(compare::object(&name(path), &libbpf, &ours, &mut totals));
    }
    let unexplained = report::print(&totals, &all, &explained, verbose);
    Ok(if unexplained == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `X` of `…/X.o` and of `…/X.bpf.o`.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let name = name.strip_suffix(".o").unwrap_or(&name);
    name.strip_suffix(".bpf").unwrap_or(name).to_owned()
}

type Both = io::Result<(Answer, Answer)>;

/// The answers of both sides, several objects at a time.
fn ask_all(objects: &[PathBuf]) -> Vec<Both> {
    let next = AtomicUsize::new(0);
    let answers: Vec<Mutex<Option<Both>>> = objects.iter().map(|_| Mutex::new(None)).collect();
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((object, place)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|at| Some((objects.get(at)?, answers.get(at)?)))
                {
                    let both = child::ask(Side::Libbpf, object)
                        .and_then(|libbpf| Ok((libbpf, child::ask(Side::Ours, object)?)));
                    if let Ok(mut place) = place.lock() {
                        *place = Some(both);
                    }
                }
            });
        }
    });
    let missing = || Err(io::Error::other("no answer"));
    let answers = answers.into_iter().map(|place| place.into_inner().ok().flatten());
    answers.map(|answer| answer.unwrap_or_else(missing)).collect()
}
