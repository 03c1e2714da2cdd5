//! Runs one side of one object in processes of its own: a crash costs one program, and whatever leaks goes with the
//! process.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::{Cut, Line, Program};

/// How often the time that a process has used is looked at.
const TICK: Duration = Duration::from_millis(200);
/// A process that only waits is given this many times as long as one that works; the machine may be busy.
const IDLE: u32 = 20;
/// How many lines of a side's messages are kept for a program.
const KEPT: usize = 12;
/// Begins the messages of a program on standard error.
pub(crate) const MARK: &str = "@@ ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Libbpf,
    Ours,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Libbpf => "libbpf",
            Self::Ours => "ours",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Libbpf, Self::Ours].into_iter().find(|side| side.name() == name)
    }
}

/// All that a side has to say of an object.
pub(crate) struct Answer {
    /// The programs in the side's order, or why the object does not open.
    pub(crate) opened: Result<Vec<Program>, String>,
    /// The end of the side's messages, by program.
    pub(crate) messages: HashMap<String, String>,
}

/// Asks one side, in as many processes as it takes. A program may take as much processor time as `limit` says for its
/// name, verification included.
pub(crate) fn ask(
    side: Side,
    object: &Path,
    limit: &dyn Fn(&str) -> Duration,
) -> io::Result<Answer> {
    let mut answer = Answer { opened: Ok(Vec::new()), messages: HashMap::new() };
    loop {
        let from = answer.opened.as_ref().map_or(0, Vec::len);
        let mut talk = Talk::default();
        run(side, object, from, limit, &mut talk, &mut answer.messages)?;
        if let Some(error) = talk.refused {
            answer.opened = Err(error);
            return Ok(answer);
        }
        let (Some(names), Ok(programs)) = (talk.names, &mut answer.opened) else {
            let why = if talk.timed_out { "took too long" } else { "crashed" };
            return Err(io::Error::other(format!("{} {why} before it was open", side.name())));
        };
        programs.extend(talk.done);
        if let Some(name) = names.get(programs.len()) {
            let cut = if talk.timed_out { Cut::TimedOut } else { Cut::Crashed };
            let program = talk.prepared.unwrap_or_else(|| Program::new(name));
            programs.push(Program { cut: Some(cut), ..program });
        }
        if programs.len() == names.len() {
            return Ok(answer);
        }
    }
}

/// What a process has said.
#[derive(Default)]
struct Talk {
    refused: Option<String>,
    names: Option<Vec<String>>,
    done: Vec<Program>,
    /// The program after those, if it has come that far.
    prepared: Option<Program>,
    timed_out: bool,
}

impl Talk {
    fn line(&mut self, line: Line) {
        match line {
            Line::Refused { error } => self.refused = Some(error),
            Line::Opened { programs } => self.names = Some(programs),
            Line::Prepared(program) => self.prepared = Some(*program),
            Line::Done(program) => {
                self.prepared = None;
                self.done.push(*program);
            }
        }
    }

    /// The program that the process, which began with number `from`, is at.
    fn at(&self, from: usize) -> &str {
        self.names.as_ref().and_then(|names| names.get(from + self.done.len())).map_or("", |x| x)
    }
}

fn run(
    side: Side,
    object: &Path,
    from: usize,
    limit: &dyn Fn(&str) -> Duration,
    talk: &mut Talk,
    messages: &mut HashMap<String, String>,
) -> io::Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["side", side.name()])
        .arg(object)
        .arg(from.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let err = child.stderr.take().ok_or_else(|| io::Error::other("no standard error"))?;
    let (to, lines) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        let err = scope.spawn(move || {
            let mut text = Vec::new();
            BufReader::new(err).read_to_end(&mut text).map(|_| text)
        });
        let followed = follow(&mut child, &lines, from, limit, talk);
        child.wait()?;
        if let Ok(text) = err.join() {
            keep(&String::from_utf8_lossy(&text?), messages);
        }
        followed
    })
}

fn follow(
    child: &mut Child,
    lines: &mpsc::Receiver<String>,
    from: usize,
    limit: &dyn Fn(&str) -> Duration,
    talk: &mut Talk,
) -> io::Result<()> {
    let mut begun = (processor_time(child), Instant::now());
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                talk.line(serde_json::from_str(&line)?);
                if talk.prepared.is_none() {
                    begun = (processor_time(child), Instant::now());
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                let limit = limit(talk.at(from));
                let used = processor_time(child).saturating_sub(begun.0);
                if used > limit || begun.1.elapsed() > limit * IDLE {
                    child.kill()?;
                    talk.timed_out = true;
                }
            }
        }
    }
}

/// What a process has used so far; nothing where it has ended.
fn processor_time(child: &Child) -> Duration {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both places are valid for writes, and the second call gets what the first one has written.
    let failed = unsafe {
        libc::clock_getcpuclockid(child.id().cast_signed(), &mut clock) != 0
            || libc::clock_gettime(clock, &mut time) != 0
    };
    match (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec)) {
        (Ok(seconds), Ok(nanoseconds)) if !failed => Duration::new(seconds, nanoseconds),
        _ => Duration::ZERO,
    }
}

fn keep(text: &str, messages: &mut HashMap<String, String>) {
    let mut name = "";
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain([MARK]) {
        match line.strip_prefix(MARK) {
            Some(next) => {
                let from = lines.len().saturating_sub(KEPT);
                messages.insert(name.to_owned(), lines[from..].join("\n"));
                lines.clear();
                name = next;
            }
            None => lines.push(line),
        }
    }
}
