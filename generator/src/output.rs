//! Files that are written only where their contents change, so that nothing is rebuilt for nothing.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::{Error, Result};

/// Writes `bytes` to `path` unless that is what it holds. Returns whether it was written.
///
/// The file appears whole or not at all: a build that is interrupted leaves no half of it.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    write_parts_if_changed(path, &[bytes])
}

/// As [`write_if_changed`], of bytes that are in several places.
pub(crate) fn write_parts_if_changed(path: &Path, parts: &[impl AsRef<[u8]>]) -> Result<bool> {
    if holds(path, parts) {
        return Ok(false);
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    write_all(temporary.as_ref(), parts).and_then(|()| fs::rename(&temporary, path)).map_err(
        |error| {
            let _ = fs::remove_file(&temporary);
            Error::io("write", path, &error)
        },
    )?;
    Ok(true)
}

fn holds(path: &Path, parts: &[impl AsRef<[u8]>]) -> bool {
    let mut parts = parts.iter().map(AsRef::as_ref);
    let len: usize = parts.clone().map(<[u8]>::len).sum();
    let as_long = fs::metadata(path).is_ok_and(|file| file.len() == len as u64);
    let same = |old: Vec<u8>| {
        let mut rest = &old[..];
        parts.all(|part| rest.strip_prefix(part).map(|after| rest = after).is_some())
    };
    as_long && fs::read(path).is_ok_and(same)
}

fn write_all(path: &Path, parts: &[impl AsRef<[u8]>]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    parts.iter().try_for_each(|part| file.write_all(part.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_file_keeps_its_time() {
        let folder = std::env::temp_dir().join(format!("bpf-skel-output-{}", std::process::id()));
        let path = folder.join("deep").join("x.rs");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert!(!write_if_changed(&path, b"two").unwrap());
        assert!(!write_parts_if_changed(&path, &["t", "", "wo"]).unwrap());
        assert!(write_parts_if_changed(&path, &["tw", "O"]).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"twO");
        assert_eq!(fs::read_dir(folder.join("deep")).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
