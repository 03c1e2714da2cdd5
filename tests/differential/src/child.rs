//! Runs one side of one object in processes of its own: a crash costs one program, and whatever leaks goes with the
//! process.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::kernel;
use crate::libbpf::Libbpf;
use crate::ours::Ours;
use crate::outcome::{Line, Program, Stage};

/// The longest that a program may take, its verification included.
const PATIENCE: Duration = Duration::from_secs(180);
/// How many lines of a side's messages are kept for a program.
const KEPT: usize = 12;
/// Begins the messages of a program on standard error.
const MARK: &str = "@@ ";

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

/// Asks one side, in as many processes as it takes.
pub(crate) fn ask(side: Side, object: &Path) -> io::Result<Answer> {
    let mut answer = Answer { opened: Ok(Vec::new()), messages: HashMap::new() };
    loop {
        let done = answer.opened.as_ref().map_or(0, Vec::len);
        let Some(lines) = run(side, object, done, &mut answer.messages)? else { continue };
        let mut names = None;
        let mut found = Vec::new();
        for line in lines {
            match line {
                Line::Refused { error } => {
                    answer.opened = Err(error);
                    return Ok(answer);
                }
                Line::Opened { programs } => names = Some(programs),
                Line::Program(program) => found.push(*program),
            }
        }
        let (Some(names), Ok(programs)) = (names, &mut answer.opened) else {
            answer.opened = Err("crashed".to_owned());
            return Ok(answer);
        };
        programs.extend(found);
        match names.get(programs.len()) {
            Some(name) => programs.push(Program::new(name, Stage::Crashed)),
            None => return Ok(answer),
        }
        if programs.len() == names.len() {
            return Ok(answer);
        }
    }
}

fn run(
    side: Side,
    object: &Path,
    from: usize,
    messages: &mut HashMap<String, String>,
) -> io::Result<Option<Vec<Line>>> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["side", side.name()])
        .arg(object)
        .arg(from.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Ok(None);
    };
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
        let found = collect(&mut child, &lines);
        child.wait()?;
        if let Ok(text) = err.join() {
            keep(&String::from_utf8_lossy(&text?), messages);
        }
        found.map(Some)
    })
}

fn collect(child: &mut Child, lines: &mpsc::Receiver<String>) -> io::Result<Vec<Line>> {
    let mut found = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => found.push(serde_json::from_str(&line)?),
            Err(RecvTimeoutError::Disconnected) => return Ok(found),
            Err(RecvTimeoutError::Timeout) => child.kill()?,
        }
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

/// An object that one side has opened.
pub(crate) trait Opened {
    /// The names of its programs.
    fn programs(&self) -> Vec<String>;
    /// Loads one program and no other.
    fn load(&self, index: usize) -> Program;
}

/// The other end: opens the object and loads its programs from the one with index `from`, each on its own.
pub(crate) fn answer(side: Side, object: &Path, from: usize) -> io::Result<()> {
    kernel::private_mounts()?;
    let mut mounted = false;
    kernel::empty_bpffs(&mut mounted)?;
    let open = match side {
        Side::Libbpf => Libbpf::open(object).map(|open| Box::new(open) as Box<dyn Opened>),
        Side::Ours => Ours::open(object).map(|open| Box::new(open) as Box<dyn Opened>),
    };
    let open = match open {
        Ok(open) => open,
        Err(error) => return say(&Line::Refused { error }),
    };
    let names = open.programs();
    say(&Line::Opened { programs: names.clone() })?;
    for (index, name) in names.iter().enumerate().skip(from) {
        eprintln!("{MARK}{name}");
        kernel::empty_bpffs(&mut mounted)?;
        say(&Line::Program(Box::new(open.load(index))))?;
    }
    Ok(())
}

fn say(line: &Line) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}
