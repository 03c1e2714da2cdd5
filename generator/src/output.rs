//! Files that are written only where their contents change, so that nothing is rebuilt for nothing.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// Writes `bytes` to `path` unless that is what it holds. Returns whether it was written.
///
/// The file appears whole or not at all: a build that is interrupted leaves no half of it.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if holds(path, bytes) {
        return Ok(false);
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::io("write", path, &error)
    })?;
    Ok(true)
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let as_long = fs::metadata(path).is_ok_and(|file| file.len() == bytes.len() as u64);
    as_long && fs::read(path).is_ok_and(|old| old == bytes)
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
        assert!(write_if_changed(&path, b"twO").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"twO");
        assert_eq!(fs::read_dir(folder.join("deep")).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
