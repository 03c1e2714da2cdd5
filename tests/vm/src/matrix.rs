//! Runs jobs over kernels and sums up.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::image::{Extra, Job};
use crate::kernels::{self, Files, Kernel, Version};
use crate::machine::{self, Limits, Report};
use crate::table::Table;
use crate::verdict::{self, End, Ground, Verdict};
use crate::{Result, context, image};

/// Guests at the same time: each keeps one processor busy.
const AT_ONCE: usize = 2;

/// Runs test binaries on each kernel and prints the matrix; fails where a cell does, or where nothing passed.
pub(crate) fn test(
    root: &Path,
    selected: &[&Kernel],
    jobs: &[Job],
    extras: &[Extra],
    limits: Limits,
) -> Result<ExitCode> {
    let mut table = Table::default();
    let mut remarks = Vec::new();
    // apt and the cache are for one at a time.
    let mut fetched = Vec::new();
    for kernel in selected {
        match kernels::fetch(root, kernel) {
            Ok(files) => fetched.push((*kernel, files)),
            Err(error) if kernel.is_newest() => remarks
                .push(format!("{}: left out, no failure for the newest: {error}", kernel.name)),
            Err(error) => {
                remarks.push(format!("{}: {error}", kernel.name));
                let verdict = Verdict::Failed(error.to_string());
                table.kernel(kernel.name, vec![("(fetch)".into(), verdict)]);
            }
        }
    }
    for ((kernel, _), outcome) in fetched.iter().zip(all(&fetched, jobs, extras, limits)) {
        match outcome {
            Ok(outcome) => {
                remarks.extend(outcome.remarks);
                table.kernel(kernel.name, outcome.rows);
            }
            Err(error) => {
                let verdict = Verdict::Failed(error.to_string());
                table.kernel(kernel.name, vec![("(boot)".into(), verdict)]);
            }
        }
    }
    println!();
    for remark in remarks {
        println!("{remark}");
    }
    print!("{}", table.render());
    let good = table.failed() == 0 && table.passed() > 0;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What came of a kernel.
struct Outcome {
    remarks: Vec<String>,
    rows: Vec<(String, Verdict)>,
}

/// Runs the jobs on all kernels, in the order in which they are given.
fn all(
    kernels: &[(&Kernel, Files)],
    jobs: &[Job],
    extras: &[Extra],
    limits: Limits,
) -> Vec<Result<Outcome>> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<Result<Outcome>>>> =
        kernels.iter().map(|_| Mutex::default()).collect();
    let work = || {
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let (Some((kernel, files)), Some(place)) = (kernels.get(at), outcomes.get(at))
        {
            let outcome = one(kernel, files, jobs, extras, limits);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        (1..AT_ONCE).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let outcomes = outcomes.into_iter().map(Mutex::into_inner);
    outcomes
        .map(|outcome| {
            let outcome = outcome.unwrap_or_else(PoisonError::into_inner);
            outcome.unwrap_or_else(|| Err("it was never begun".into()))
        })
        .collect()
}

fn one(
    kernel: &Kernel,
    files: &Files,
    jobs: &[Job],
    extras: &[Extra],
    limits: Limits,
) -> Result<Outcome> {
    let mut remarks = Vec::new();
    let mut relay = |line: &str| println!("{:>4} | {line}", kernel.name);
    let mut report = boot(kernel, files, jobs, extras, limits, &mut relay)?;
    // An emulator's fault may have been the reason. What our programs do to a kernel, they do to it twice.
    if !report.faults.is_empty() {
        remarks.push(format!(
            "{}: the kernel faulted, a second boot counts: {}",
            kernel.name,
            report.faults.join(" | ")
        ));
        report = boot(kernel, files, jobs, extras, limits, &mut relay)?;
    }
    remarks.push(summary(kernel, &report));
    Ok(Outcome { remarks, rows: rows(files, jobs, &report)? })
}

/// Runs one program on one kernel and ends as it does.
pub(crate) fn exec(
    root: &Path,
    kernel: &Kernel,
    job: Job,
    extras: &[Extra],
    limits: Limits,
) -> Result<ExitCode> {
    let files = kernels::fetch(root, kernel)?;
    let mut relay = |line: &str| println!("{line}");
    let report = boot(kernel, &files, &[job], extras, limits, &mut relay)?;
    for fault in &report.faults {
        eprintln!("vm: {fault}");
    }
    eprintln!("vm: {}", summary(kernel, &report));
    match report.jobs.first().map(|job| &job.end) {
        Some(End::Exit(0)) if !report.faults.is_empty() => Err("the kernel faulted".into()),
        Some(End::Exit(status)) => Ok(u8::try_from(*status).unwrap_or(1).into()),
        Some(End::Cut(why)) => Err(why.as_str().into()),
        None => Err("it never began".into()),
    }
}

fn boot(
    kernel: &Kernel,
    files: &Files,
    jobs: &[Job],
    extras: &[Extra],
    limits: Limits,
    relay: &mut dyn FnMut(&str),
) -> Result<Report> {
    let scratch = tempfile::tempdir()?;
    let image = scratch.path().join("initramfs");
    fs::write(&image, image::build(files, jobs, extras)?).map_err(context(&image.display()))?;
    machine::run(kernel, files, &image, limits, relay)
}

fn summary(kernel: &Kernel, report: &Report) -> String {
    let mut text = format!(
        "{}: Linux {}, booted in {:.1} s, {:.1} s in all",
        kernel.name,
        report.release,
        report.boot.as_secs_f64(),
        report.whole.as_secs_f64()
    );
    if report.restarts > 0 {
        text.push_str(&format!(", after {} boots that got stuck", report.restarts));
    }
    for note in &report.notes {
        text.push_str(&format!("\n{}: note: {note}", kernel.name));
    }
    text
}

fn rows(files: &Files, jobs: &[Job], report: &Report) -> Result<Vec<(String, Verdict)>> {
    let config = fs::read_to_string(&files.config).map_err(context(&files.config.display()))?;
    // By what really runs: sid moves on under the matrix's name.
    let version = Version::parse(&report.release)
        .ok_or_else(|| format!("{}: not a kernel's release", report.release))?;
    let ground = Ground { version, config: &config };
    let mut rows = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let name = job.name();
        let Some(found) = report.jobs.get(index) else {
            rows.push((name, Verdict::Failed("it never began".into())));
            continue;
        };
        for (test, verdict) in verdict::judge(&name, &found.output, &found.end, &ground) {
            let row = if jobs.len() > 1 && test != name { format!("{name}::{test}") } else { test };
            rows.push((row, verdict));
        }
    }
    if !report.faults.is_empty() {
        rows.push(("(kernel)".into(), Verdict::Failed(report.faults.join(" | "))));
    }
    Ok(rows)
}
