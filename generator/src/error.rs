//! The one error type of this crate.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use bpf_skel::Frame;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why no skeleton came out.
///
/// [`Display`](fmt::Display) is one line; `Debug` is the whole [`report`](Error::report), so that a `build.rs` with
/// `fn main() -> bpf_skel_build::Result<()>` prints something that a person can act on.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    inner: bpf_skel::Error,
    /// What does not fit on a line: clang's own words, the list of what was tried.
    detail: Option<String>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No clang was found, or the one that was found does not run.
    ClangNotFound,
    /// clang ran and refused the source.
    Clang,
    /// A file could not be read or written.
    Io,
    /// The object is broken, or holds what this version has no support for.
    Object,
    /// The builder, the command or the macro was given something that cannot be.
    InvalidInput,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, inner: bpf_skel::Error::invalid_input(message), detail: None }))
    }

    /// A mistake of the caller's.
    pub(crate) fn invalid_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// A file that could not be read or written; `doing` is "read", "write", …
    pub(crate) fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("cannot {doing}: {error}")).within_path(path)
    }

    #[must_use]
    pub(crate) fn within(mut self, frame: Frame) -> Self {
        self.0.inner = self.0.inner.within(frame);
        self
    }

    #[must_use]
    pub(crate) fn within_path(self, path: &Path) -> Self {
        self.within(Frame::Path(path.display().to_string()))
    }

    /// More lines of detail.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.0.detail = Some(match self.0.detail.take() {
            Some(before) => format!("{before}\n{detail}"),
            None => detail,
        });
        self
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.inner = self.0.inner.with_hint(hint);
        self
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without the places it was found in.
    pub fn message(&self) -> &str {
        self.0.inner.message()
    }

    /// The places it was found in, from the outside in.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.0.inner.frames()
    }

    /// What a person can do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.inner.hint()
    }

    /// clang's own words, or the list of what was tried.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Everything that is known, over several lines.
    pub fn report(&self) -> impl fmt::Display + '_ {
        Report(self)
    }
}

struct Report<'e>(&'e Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.0.inner.report())?;
        for line in self.0.detail().into_iter().flat_map(str::lines) {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.inner, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report(), f)
    }
}

impl std::error::Error for Error {}

impl From<bpf_skel::Error> for Error {
    fn from(inner: bpf_skel::Error) -> Self {
        Self(Box::new(Inner { kind: ErrorKind::Object, inner, detail: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_the_report() {
        let error = Error::new(ErrorKind::Clang, "clang failed")
            .with_detail("x.bpf.c:1:1: error: unknown type name 'u33'\n1 error generated.")
            .within_path(Path::new("src/x.bpf.c"));
        assert_eq!(error.to_string(), "src/x.bpf.c: clang failed");
        assert_eq!(
            format!("{error:?}"),
            "src/x.bpf.c: clang failed\n  x.bpf.c:1:1: error: unknown type name 'u33'\n  1 error generated."
        );
    }

    #[test]
    fn an_error_of_the_runtime_keeps_its_frames() {
        let error: Error = bpf_skel::Error::malformed("expected a pointer, found int")
            .within(Frame::Map("events".into()))
            .into();
        assert_eq!(error.to_string(), r#"map "events": expected a pointer, found int"#);
        assert_eq!(error.kind(), ErrorKind::Object);
    }
}
