//! The one error type of the crate: what failed, where it was, and what a person can do about it.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::Difference;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, with the places it was found in from the outside in.
///
/// [`Display`](fmt::Display) is one line that a person can act on:
///
/// ```text
/// runqslower.bpf.o: section ".maps": map "events": member "key": expected a pointer, found int
/// ```
///
/// [`report`](Error::report) adds what does not fit on a line: the hint, the C source position and the
/// end of the verifier's log.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    /// Innermost first: frames are added while the error travels outwards.
    frames: Vec<Frame>,
    os: Option<i32>,
    hint: Option<Cow<'static, str>>,
    log: Option<String>,
    location: Option<Location>,
    differences: Vec<Difference>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The object, its BTF, or another input file breaks its format.
    Malformed,
    /// The input is valid, but this version of bpf-skel has no support for it yet.
    NotSupportedYet,
    /// Section `maps`, or a member of a definition in `.maps` that is not known: a map definition that only a loader of
    /// its own time or making understands. Raised when an object is read, before anything else happens, and the one
    /// failure that leads from the standard loader to the compatibility loader.
    MapDefinition,
    /// The running kernel lacks a feature that is needed.
    NotSupportedByKernel,
    /// The caller asked for something that cannot be: a wrong size, a wrong phase, a wrong type.
    InvalidInput,
    /// A name, a file, a kernel type or an attach target does not exist.
    NotFound,
    /// What was to be made is there already: a pin, an element, a program on a hook that takes only one.
    AlreadyExists,
    /// Two things that must agree do not: a reused map and its definition, say.
    Mismatch,
    /// The process lacks a capability, or a policy of the kernel refuses.
    PermissionDenied,
    /// The verifier rejected a program; [`Error::verifier_log`] has its words.
    Rejected,
    /// Any other failed system call; [`Error::raw_os_error`] has the number.
    System,
}

/// A place that an [`Error`] was found in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant holds the name of what it says")]
pub enum Frame {
    Object(String),
    Section(String),
    Symbol(String),
    Map(String),
    Program(String),
    Variable(String),
    Type(String),
    Member(String),
    /// A CO-RE relocation, in the words of C: `struct task_struct.pid`.
    CoreAccess(String),
    Path(String),
    /// What a program was to be attached to, with its kind: `tracepoint sched/sched_switch`.
    Target(String),
    /// What was being done, such as "load" or "attach".
    Step(&'static str),
}

/// A position in C source, as recorded in `.BTF.ext`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file as the compiler was given it.
    pub file: String,
    /// One-based line.
    pub line: u32,
    /// One-based column, or 0 where it is not known.
    pub column: u32,
    /// The text of the line, where the object has it.
    pub text: String,
}

impl Error {
    /// A new error of this kind with a message.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            frames: Vec::new(),
            os: None,
            hint: None,
            log: None,
            location: None,
            differences: Vec::new(),
        }))
    }

    /// Input that breaks its format.
    pub fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed, message)
    }

    /// Input that is valid and that this version cannot handle: "not supported yet: …".
    pub fn not_supported_yet(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotSupportedYet, format!("not supported yet: {what}"))
    }

    /// A caller's mistake.
    pub fn invalid_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// Something that does not exist.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Two things that do not agree.
    pub fn mismatch(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Mismatch, message)
    }

    /// A failed system call; `call` is its name (`BPF_MAP_CREATE`, `mmap`, …).
    pub fn system(call: &str, error: io::Error) -> Self {
        let kind = match error.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => ErrorKind::PermissionDenied,
            Some(libc::ENOENT | libc::ESRCH | libc::ENODEV) => ErrorKind::NotFound,
            Some(libc::EEXIST) => ErrorKind::AlreadyExists,
            _ => ErrorKind::System,
        };
        let mut made = Self::new(kind, format!("{call}: {error}"));
        made.0.os = error.raw_os_error();
        made
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The `errno` of the system call that failed, if one did.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.os
    }

    /// The message without the places it was found in.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The places it was found in, from the outside in.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.0.frames.iter().rev()
    }

    /// What a person can do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The verifier's log of a rejected program or BTF, whole.
    pub fn verifier_log(&self) -> Option<&str> {
        self.0.log.as_deref()
    }

    /// Where in the C source it is, where `.BTF.ext` tells.
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// In what a map that exists differs from its definition: of a [`Mismatch`](ErrorKind::Mismatch) where one was to be
    /// reused.
    pub fn differences(&self) -> &[Difference] {
        &self.0.differences
    }

    /// The same error, found in `frame`.
    #[must_use]
    pub fn within(mut self, frame: Frame) -> Self {
        self.0.frames.push(frame);
        self
    }

    /// The same error with a hint; the first hint stays.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint.get_or_insert(hint.into());
        self
    }

    /// The same error with another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error with the `errno` of the system call that it comes from.
    #[must_use]
    pub fn with_raw_os_error(mut self, number: i32) -> Self {
        self.0.os = Some(number);
        self
    }

    /// The same error with the verifier's log.
    #[must_use]
    pub fn with_log(mut self, log: String) -> Self {
        self.0.log = Some(log);
        self
    }

    /// The same error with the position in the C source.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.0.location = Some(location);
        self
    }

    /// The same error with what differs.
    #[must_use]
    pub fn with_differences(mut self, differences: Vec<Difference>) -> Self {
        self.0.differences = differences;
        self
    }

    /// Everything that is known, over several lines, for a terminal or a log file.
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for frame in self.frames() {
            write!(f, "{frame}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    /// As [`Error::report`], so that `fn main() -> Result<()>` prints something useful.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report(), f)
    }
}

impl std::error::Error for Error {}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(name) | Self::Path(name) => f.write_str(name),
            Self::Section(name) => write!(f, "section {name:?}"),
            Self::Symbol(name) => write!(f, "symbol {name:?}"),
            Self::Map(name) => write!(f, "map {name:?}"),
            Self::Program(name) => write!(f, "program {name:?}"),
            Self::Variable(name) => write!(f, "variable {name:?}"),
            Self::Type(name) => write!(f, "type {name:?}"),
            Self::Member(name) => write!(f, "member {name:?}"),
            Self::CoreAccess(access) => write!(f, "CO-RE relocation of {access}"),
            Self::Target(target) => write!(f, "attach to {target}"),
            Self::Step(what) => f.write_str(what),
        }
    }
}

/// The long form of an [`Error`], from [`Error::report`].
pub struct Report<'e>(&'e Error);

/// How many of the log's last lines a report shows; [`Error::verifier_log`] has the whole.
const REPORT_LOG_LINES: usize = 20;

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if let Some(at) = self.0.location() {
            write!(f, "\n  --> {}:{}", at.file, at.line)?;
            if at.column != 0 {
                write!(f, ":{}", at.column)?;
            }
            if !at.text.is_empty() {
                write!(f, "\n   | {}", at.text.trim_end())?;
            }
        }
        if let Some(log) = self.0.verifier_log() {
            let lines: Vec<&str> = log.lines().collect();
            let skipped = lines.len().saturating_sub(REPORT_LOG_LINES);
            f.write_str("\nverifier log")?;
            if skipped > 0 {
                write!(f, " (last {REPORT_LOG_LINES} of {} lines)", lines.len())?;
            }
            f.write_str(":")?;
            for line in &lines[skipped..] {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

/// Adds the place to an error on its way out.
pub(crate) trait Within<T> {
    /// Runs `frame` only for an error.
    fn within(self, frame: impl FnOnce() -> Frame) -> Result<T>;
}

impl<T> Within<T> for Result<T> {
    fn within(self, frame: impl FnOnce() -> Frame) -> Result<T> {
        self.map_err(|error| error.within(frame()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_goes_from_the_outside_in() {
        let error = Error::malformed("expected a pointer, found int")
            .within(Frame::Member("key".into()))
            .within(Frame::Map("events".into()))
            .within(Frame::Section(".maps".into()))
            .within(Frame::Object("runqslower.bpf.o".into()));
        assert_eq!(
            error.to_string(),
            r#"runqslower.bpf.o: section ".maps": map "events": member "key": expected a pointer, found int"#
        );
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }

    #[test]
    fn report_has_the_line_and_the_end_of_the_log() {
        let log: String = (0..50).map(|n| format!("line {n}\n")).collect();
        let error =
            Error::new(ErrorKind::Rejected, "rejected").with_log(log).with_location(Location {
                file: "a.bpf.c".into(),
                line: 3,
                column: 7,
                text: "\treturn *p;".into(),
            });
        let report = error.report().to_string();
        assert!(report.contains("a.bpf.c:3:7"), "{report}");
        assert!(report.contains("last 20 of 50 lines"), "{report}");
        assert!(report.contains("line 49") && !report.contains("line 29\n"), "{report}");
    }
}
