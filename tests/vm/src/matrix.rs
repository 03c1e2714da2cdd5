//! Runs jobs over kernels and sums up.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::image::{Extra, Job};
use crate::kernels::{self, Files, Kernel, Version};
use crate::machine::{self, Limits, Report};
use crate::table::Table;
use crate::verdict::{self, End, Ground, Verdict};
use crate::{Result, context, image};

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
    for kernel in selected {
        let files = match kernels::fetch(root, kernel) {
            Ok(files) => files,
            Err(error) if kernel.is_newest() => {
                remarks
                    .push(format!("{}: left out, no failure for the newest: {error}", kernel.name));
                continue;
            }
            Err(error) => {
                remarks.push(format!("{}: {error}", kernel.name));
                table.kernel(
                    kernel.name,
                    vec![("(fetch)".into(), Verdict::Failed(error.to_string()))],
                );
                continue;
            }
        };
        let mut relay = |line: &str| println!("{:>4} | {line}", kernel.name);
        let mut report = boot(kernel, &files, jobs, extras, limits, &mut relay);
        // QEMU's software emulation of several processors lets a guest's kernel trip over its own changes of code
        // (`Oops: int3`), once in dozens of runs. What our programs do to a kernel, they do to it twice.
        if let Ok(first) = &report
            && !first.faults.is_empty()
        {
            remarks.push(format!(
                "{}: the kernel faulted, a second boot counts: {}",
                kernel.name,
                first.faults.join(" | ")
            ));
            report = boot(kernel, &files, jobs, extras, limits, &mut relay);
        }
        match report {
            Ok(report) => {
                remarks.push(summary(kernel, &report));
                table.kernel(kernel.name, rows(&files, jobs, &report)?);
            }
            Err(error) => {
                table.kernel(
                    kernel.name,
                    vec![("(boot)".into(), Verdict::Failed(error.to_string()))],
                );
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
