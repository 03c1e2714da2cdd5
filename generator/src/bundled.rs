//! An object that is shipped beside its source, so that whoever builds the crate needs no clang.
//!
//! Next to `x.bpf.o` is `x.bpf.o.sources`: a line for each file that the object was compiled from, with a hash of its
//! bytes. Lines that begin with `#` are comments.
//!
//! ```text
//! cbf29ce484222325 x.bpf.c
//! af63dc4c8601ec8c include/x.h
//! ```
//!
//! Paths are relative to the object's folder. Hashes are FNV-1a of 64 bits: they tell that something changed by
//! accident or by work, not by malice.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::output::write_if_changed;
use crate::{Error, Result};

/// Set to anything but nothing, it renews bundled objects whose sources have changed.
pub(crate) const RENEW: &str = "BPF_SKEL_BUNDLE";

/// A bundled object and the list of its sources.
pub(crate) struct Bundled<'b> {
    object: &'b Path,
}

impl<'b> Bundled<'b> {
    pub(crate) fn new(object: &'b Path) -> Self {
        Self { object }
    }

    /// The files that the object was compiled from, or `None` where the object or the list is missing, or a file has
    /// changed since.
    pub(crate) fn unchanged_sources(&self) -> Option<Vec<PathBuf>> {
        let list = fs::read_to_string(self.list()).ok()?;
        self.object.metadata().ok().filter(fs::Metadata::is_file)?;
        let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let sources: Option<Vec<PathBuf>> = lines
            .map(|line| {
                let (recorded, path) = line.split_once(' ')?;
                let path = self.folder().join(path);
                let bytes = fs::read(&path).ok()?;
                (u64::from_str_radix(recorded, 16) == Ok(hash(&bytes))).then_some(path)
            })
            .collect();
        sources.filter(|sources| !sources.is_empty())
    }

    /// Whether all that the object is to be made of is among what it was made of. What lies outside of its folder is not
    /// listed.
    pub(crate) fn covers(&self, listed: &[PathBuf], wanted: &[PathBuf]) -> bool {
        let Ok(folder) = absolute(self.folder()) else { return false };
        let listed: Vec<_> = listed.iter().filter_map(|path| path.canonicalize().ok()).collect();
        wanted.iter().all(|source| {
            source
                .canonicalize()
                .is_ok_and(|source| !source.starts_with(&folder) || listed.contains(&source))
        })
    }

    /// Puts a freshly compiled object in place, with the list of its `sources`.
    pub(crate) fn renew(&self, fresh: &Path, sources: &[PathBuf]) -> Result<()> {
        let mut list = format!(
            "# What {} was compiled from. {RENEW}=1 cargo build renews both.\n",
            self.object.file_name().unwrap_or_default().display()
        );
        let folder = absolute(self.folder())?;
        for source in sources {
            let bytes = fs::read(source).map_err(|error| Error::io("read", source, &error))?;
            let source = absolute(source)?;
            // A header of the machine's own, which is elsewhere on the next one, would always look changed.
            let Ok(path) = source.strip_prefix(&folder) else { continue };
            let _ = writeln!(list, "{:016x} {}", hash(&bytes), path.display());
        }
        let object = fs::read(fresh).map_err(|error| Error::io("read", fresh, &error))?;
        write_if_changed(self.object, &object)?;
        write_if_changed(&self.list(), list.as_bytes())?;
        Ok(())
    }

    /// The file that lists the sources.
    pub(crate) fn list(&self) -> PathBuf {
        let mut name = self.object.as_os_str().to_owned();
        name.push(".sources");
        name.into()
    }

    fn folder(&self) -> &Path {
        self.object
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| Error::io("find", path, &error))
}

/// FNV-1a. A carriage return before a line feed does not count: git may put it there.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let next = bytes.iter().copied().skip(1).chain([0]);
    let text = bytes.iter().copied().zip(next).filter(|pair| *pair != (b'\r', b'\n'));
    text.fold(0xcbf2_9ce4_8422_2325, |hash, (byte, _)| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_fnv_1a_and_know_no_carriage_returns() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"a\r\nb\r"), hash(b"a\nb\r"));
        assert_ne!(hash(b"a\nb"), hash(b"a\nc"));
    }

    #[test]
    fn a_bundle_holds_until_a_source_changes() {
        let folder = std::env::temp_dir().join(format!("bpf-skel-bundled-{}", std::process::id()));
        let (source, object, fresh) =
            (folder.join("x.bpf.c"), folder.join("x.bpf.o"), folder.join("fresh.o"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(&source, "int x;\n").unwrap();
        fs::write(&fresh, "object").unwrap();

        let bundled = Bundled::new(&object);
        assert_eq!(bundled.unchanged_sources(), None, "nothing is bundled yet");
        bundled.renew(&fresh, &[source.clone(), "/dev/null".into()]).unwrap();
        assert_eq!(fs::read(&object).unwrap(), b"object");
        assert_eq!(bundled.unchanged_sources(), Some(vec![source.clone()]));
        assert!(bundled.covers(std::slice::from_ref(&source), std::slice::from_ref(&source)));
        assert!(!bundled.covers(std::slice::from_ref(&source), &[source.clone(), fresh.clone()]));
        fs::write(&source, "int y;\n").unwrap();
        assert_eq!(bundled.unchanged_sources(), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
