use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Longest name on a file system.
const NAME_MAX: usize = 255;

/// A path below a root that cannot lead out of it: names that are neither empty nor hold `.` (a BPF file system refuses
/// it), `/` or NUL, with one `/` between them. May have no name at all: the root itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubPath(Vec<String>);

impl SubPath {
    /// Checks a path: `tc/globals`.
    ///
    /// # Errors
    /// It is absolute, or the first of its names that breaks a rule, and which.
    pub fn new(path: &str) -> Result<Self> {
        if path.is_empty() {
            return Ok(Self::default());
        }
        if path.starts_with('/') {
            return Err(Error::invalid_input(format!(
                "{path:?}: expected a path relative to the root of the BPF file system"
            )));
        }
        let names = path.split('/').map(|name| {
            check_name(name).map(|()| name.to_owned()).map_err(|what| {
                Error::invalid_input(format!("{path:?}: a name in the path {what}"))
            })
        });
        names.collect::<Result<_>>().map(Self)
    }

    /// The path with one more name.
    ///
    /// # Errors
    /// The name breaks a rule.
    pub fn join(mut self, name: &str) -> Result<Self> {
        check_name(name)
            .map_err(|what| Error::invalid_input(format!("{name:?}: a pin's name {what}")))?;
        self.0.push(name.to_owned());
        Ok(self)
    }

    /// Its names, outermost first.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether it is the root itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path below `root`.
    pub fn below(&self, root: &Path) -> PathBuf {
        self.0.iter().fold(root.to_owned(), |path, name| path.join(name))
    }
}

/// What is wrong with a single name.
fn check_name(name: &str) -> Result<(), String> {
    match name {
        "" => Err("is empty".to_owned()),
        "." | ".." => Err(format!("is {name:?}")),
        _ if name.contains('.') => {
            Err(format!("holds a dot, which a BPF file system refuses: {name:?}"))
        }
        _ if name.contains(['/', '\0']) => Err(format!("holds a slash or a NUL byte: {name:?}")),
        _ if name.len() > NAME_MAX => {
            Err(format!("is {} bytes long; {NAME_MAX} are the most", name.len()))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for SubPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_stay_below_their_root() {
        for path in ["", "tc", "tc/globals", "a b/ü"] {
            let parsed = SubPath::new(path).unwrap();
            assert_eq!(parsed.to_string(), path);
            assert_eq!(parsed.below(Path::new("/r")), Path::new("/r").join(path), "{path}");
        }
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        let long = "x".repeat(256);
        for (path, reason) in [
            ("/tc", "relative"),
            ("a//b", "is empty"),
            ("a/", "is empty"),
            (".", "is \".\""),
            ("a/../b", "is \"..\""),
            ("a.b", "holds a dot"),
            ("a\0b", "NUL"),
            (&long, "256 bytes"),
        ] {
            let error = SubPath::new(path).unwrap_err().to_string();
            assert!(error.contains(reason), "{path:?}: {error}");
        }
        assert!(SubPath::default().join("a/b").is_err());
        assert!(SubPath::default().join(".bss").is_err());
    }
}
