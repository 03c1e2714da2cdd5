use std::fmt;
use std::path::PathBuf;

/// A value and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// This crate.
    BuiltIn,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// One-based line.
        line: usize,
    },
    /// A variable of the environment.
    Environment(&'static str),
    /// The program, or its command line.
    Caller,
}

impl<T> Setting<T> {
    pub(super) fn built_in(value: T) -> Self {
        Self { value, source: Source::BuiltIn }
    }

    pub(super) fn by_caller(value: T) -> Self {
        Self { value, source: Source::Caller }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Caller => f.write_str("the caller"),
        }
    }
}
