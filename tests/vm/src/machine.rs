//! Runs one kernel under QEMU and watches it: a boot that gets stuck is tried again, a job that does is stopped.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::console::{self, Line, Lines};
use crate::kernels::{Files, Kernel};
use crate::verdict::End;
use crate::{Result, context};

/// How often a kernel may fail to reach its first process before it counts as broken.
const BOOTS: u32 = 4;

/// How long the runner waits for what.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// For the guest to begin the first job.
    pub(crate) boot: Duration,
    /// For the next line of a job.
    pub(crate) silence: Duration,
    /// For a job as a whole.
    pub(crate) job: Duration,
}

/// What came of a job.
pub(crate) struct JobReport {
    pub(crate) output: String,
    pub(crate) end: End,
}

/// What came of a run.
pub(crate) struct Report {
    pub(crate) release: String,
    /// Boots that never reached the first job.
    pub(crate) restarts: u32,
    /// From the start of QEMU to the first job, of the boot that worked.
    pub(crate) boot: Duration,
    /// From the start of QEMU to its end, of the boot that worked.
    pub(crate) whole: Duration,
    /// One for each job that was begun.
    pub(crate) jobs: Vec<JobReport>,
    /// What the guest could not do.
    pub(crate) notes: Vec<String>,
    /// Oopses and panics.
    pub(crate) faults: Vec<String>,
}

/// Boots a kernel and runs the image's jobs; `relay` gets each line of their output.
pub(crate) fn run(
    kernel: &Kernel,
    files: &Files,
    image: &Path,
    limits: Limits,
    relay: &mut dyn FnMut(&str),
) -> Result<Report> {
    let mut why = String::new();
    for restarts in 0..BOOTS {
        match boot(kernel, files, image, limits, relay)? {
            Ok(report) => return Ok(Report { restarts, ..report }),
            Err(reason) => {
                relay(&format!("boot {} of {BOOTS}: {reason}", restarts + 1));
                why = reason;
            }
        }
    }
    Err(format!("kernel {} did not boot {BOOTS} times; the last: {why}", kernel.name).into())
}

/// One boot; the inner error is that it never began a job.
fn boot(
    kernel: &Kernel,
    files: &Files,
    image: &Path,
    limits: Limits,
    relay: &mut dyn FnMut(&str),
) -> Result<std::result::Result<Report, String>> {
    let mut qemu = Qemu::start(kernel, files, image)?;
    let mut watch = Watch::new(limits);
    let mut lines = Lines::default();
    let mut console = Vec::new();
    let mut open = 2;
    let mut drained = None;
    while open > 0 {
        let deadline = drained.unwrap_or_else(|| watch.deadline());
        match qemu.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Tests(bytes)) => {
                for line in lines.feed(&bytes) {
                    watch.line(&line, relay);
                }
            }
            Ok(Event::Console(bytes)) => console.extend_from_slice(&bytes),
            Ok(Event::Closed) => open -= 1,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if drained.is_some() => break,
            Err(RecvTimeoutError::Timeout) => watch.stuck(),
        }
        if drained.is_none() && watch.is_over() {
            // What it wrote before it was killed is still in the pipes.
            qemu.kill();
            drained = Some(Instant::now() + Duration::from_secs(5));
        }
    }
    qemu.kill();
    let console = String::from_utf8_lossy(&console);
    Ok(watch.finish(&lines.rest(), &console))
}

/// What the lines and the clock add up to.
struct Watch {
    limits: Limits,
    begun: Instant,
    last: Instant,
    /// Start of the job that runs.
    job: Option<Instant>,
    stuck: Option<String>,
    done: bool,
    /// An empty line is not yet handed on: the guest puts one before each result, in case the job's last line
    /// has no end.
    empty: bool,
    report: Report,
}

impl Watch {
    fn new(limits: Limits) -> Self {
        let begun = Instant::now();
        let report = Report {
            release: String::new(),
            restarts: 0,
            boot: Duration::ZERO,
            whole: Duration::ZERO,
            jobs: Vec::new(),
            notes: Vec::new(),
            faults: Vec::new(),
        };
        Self {
            limits,
            begun,
            last: begun,
            job: None,
            stuck: None,
            done: false,
            empty: false,
            report,
        }
    }

    fn deadline(&self) -> Instant {
        match self.job {
            Some(job) => (job + self.limits.job).min(self.last + self.limits.silence),
            None if self.report.jobs.is_empty() => self.begun + self.limits.boot,
            None => self.last + self.limits.silence,
        }
    }

    fn line(&mut self, line: &str, relay: &mut dyn FnMut(&str)) {
        self.last = Instant::now();
        let line = console::parse(line);
        if std::mem::take(&mut self.empty) && !matches!(line, Line::Result(..)) {
            self.text("", relay);
        }
        match line {
            Line::Init(release) => self.report.release = release.to_owned(),
            Line::Begin(_) => {
                if self.report.jobs.is_empty() {
                    self.report.boot = self.begun.elapsed();
                }
                self.job = Some(self.last);
                let end = End::Cut("the guest went down with it".into());
                self.report.jobs.push(JobReport { output: String::new(), end });
            }
            Line::Result(_, status) => {
                self.job = None;
                if let Some(job) = self.report.jobs.last_mut() {
                    job.end = End::Exit(status);
                }
            }
            Line::Note(note) => {
                relay(&format!("note: {note}"));
                self.report.notes.push(note.to_owned());
            }
            Line::Done => self.done = true,
            Line::Text("") => self.empty = true,
            Line::Text(text) => self.text(text, relay),
        }
    }

    fn text(&mut self, text: &str, relay: &mut dyn FnMut(&str)) {
        relay(text);
        if let Some(job) = self.report.jobs.last_mut() {
            job.output.push_str(text);
            job.output.push('\n');
        }
    }

    fn stuck(&mut self) {
        let limit = match self.job {
            Some(job) if job.elapsed() >= self.limits.job => {
                format!("it took more than {} s", self.limits.job.as_secs())
            }
            _ => format!("no output for {} s", self.limits.silence.as_secs()),
        };
        self.stuck = Some(limit);
    }

    fn is_over(&self) -> bool {
        self.done || self.stuck.is_some()
    }

    fn finish(mut self, partial: &str, console: &str) -> std::result::Result<Report, String> {
        self.report.whole = self.begun.elapsed();
        let tail = last_lines(console, 4);
        if self.report.jobs.is_empty() && !self.done {
            let limit = self.limits.boot.as_secs();
            return Err(match self.stuck {
                Some(_) => format!("it did not begin a job within {limit} s; console: {tail}"),
                None => format!("QEMU ended before a job began; console: {tail}"),
            });
        }
        if let (Some(job), Some(_)) = (self.report.jobs.last_mut(), self.job) {
            job.output.push_str(partial);
            let last = last_lines(&job.output, 4);
            job.end = End::Cut(match self.stuck {
                Some(limit) => format!("hung ({limit}); its last output: {last}"),
                None => format!("the guest went down with it; console: {tail}"),
            });
        }
        self.report.faults = console::faults(console).into_iter().map(str::to_owned).collect();
        Ok(self.report)
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" | ")
}

enum Event {
    Tests(Vec<u8>),
    Console(Vec<u8>),
    Closed,
}

struct Qemu {
    child: Child,
    events: Receiver<Event>,
}

impl Qemu {
    fn start(kernel: &Kernel, files: &Files, image: &Path) -> Result<Self> {
        // Two processors, of which one is brought up: per-CPU memory has two places, and the emulation never has to
        // show one processor what another has changed of the kernel's code, which it does too late now and then.
        let append = "console=ttyS0 loglevel=3 panic=-1 oops=panic nokaslr maxcpus=1 \
            lsm=landlock,lockdown,yama,bpf rdinit=/init";
        // It must not outlive this process, however that ends.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "qemu-system-x86_64"])
            .args(["-accel", "tcg,thread=multi", "-cpu", kernel.cpu, "-smp", "2", "-m", "1G"])
            .args(["-nodefaults", "-display", "none", "-no-reboot"])
            .args(["-serial", "file:/dev/stderr", "-serial", "file:/dev/stdout"])
            .args(["-append", append, "-kernel"])
            .arg(&files.vmlinuz)
            .arg("-initrd")
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(context(&"setpriv qemu-system-x86_64"))?;
        let (sender, events) = mpsc::channel();
        let tests = child.stdout.take().ok_or("no pipe")?;
        let console = child.stderr.take().ok_or("no pipe")?;
        read(tests, Event::Tests, sender.clone());
        read(console, Event::Console, sender);
        Ok(Self { child, events })
    }

    fn kill(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read(mut pipe: impl Read + Send + 'static, wrap: fn(Vec<u8>) -> Event, sender: Sender<Event>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if sender.send(wrap(buffer[..count].to_vec())).is_err() {
                return;
            }
        }
        // The receiver may be gone already.
        let _ = sender.send(Event::Closed);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        boot: Duration::from_secs(40),
        silence: Duration::from_secs(20),
        job: Duration::from_secs(300),
    };

    fn watch(lines: &[&str]) -> Watch {
        let mut watch = Watch::new(LIMITS);
        for line in lines {
            watch.line(line, &mut |_| {});
        }
        watch
    }

    #[test]
    fn a_run_is_read_job_by_job() {
        let watch = watch(&[
            "@@INIT 6.1.0",
            "@@NOTE no tracefs",
            "@@BEGIN 0",
            "one",
            "",
            "more",
            "",
            "@@RESULT 0 0",
            "@@BEGIN 1",
            "two",
            "@@RESULT 1 7",
            "@@DONE",
        ]);
        assert!(watch.is_over());
        let report = watch.finish("", "").unwrap();
        assert_eq!((report.release.as_str(), report.notes.len()), ("6.1.0", 1));
        let jobs: Vec<_> = report.jobs.iter().map(|job| (job.output.as_str(), &job.end)).collect();
        assert_eq!(jobs, [("one\n\nmore\n", &End::Exit(0)), ("two\n", &End::Exit(7))]);
    }

    #[test]
    fn a_boot_without_a_job_is_to_be_tried_again() {
        let mut watch = watch(&["@@INIT 6.12.0"]);
        assert_eq!(watch.deadline(), watch.begun + LIMITS.boot);
        watch.stuck();
        let reason = watch.finish("", "\nBUG: list corruption\n").err().unwrap();
        assert!(reason.contains("40 s") && reason.contains("list corruption"), "{reason}");
    }

    #[test]
    fn a_hang_shows_the_last_output_with_the_line_that_never_ended() {
        let mut watch = watch(&["@@INIT 6.1.0", "@@BEGIN 0", "test a ... ok"]);
        assert_eq!(watch.deadline(), watch.last + LIMITS.silence);
        watch.stuck();
        let report = watch.finish("test b ... ", "").unwrap();
        let End::Cut(why) = &report.jobs[0].end else { panic!("it ended") };
        assert!(why.contains("20 s") && why.contains("test b ..."), "{why}");
    }

    #[test]
    fn a_panic_within_a_job_is_a_fault_and_no_new_boot() {
        let watch = watch(&["@@INIT 6.1.0", "@@BEGIN 0"]);
        let report = watch.finish("", "[1.0] Kernel panic - not syncing: x\n").unwrap();
        assert_eq!(report.faults.len(), 1);
        assert!(matches!(&report.jobs[0].end, End::Cut(why) if why.contains("Kernel panic")));
    }
}
