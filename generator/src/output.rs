//! Files that are written only where their contents change, so that nothing is rebuilt for nothing.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes `bytes` to `path` unless that is what it holds. Returns whether it was written.
///
/// A file appears whole or not at all where that can be: a build that is interrupted leaves no half of it. It keeps its
/// mode. What is no file, such as a pipe, is written as it is, and a link to a file stays one.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    write_parts_if_changed(path, &[bytes])
}

/// As [`write_if_changed`], of bytes that are in several places.
pub(crate) fn write_parts_if_changed(path: &Path, parts: &[impl AsRef<[u8]>]) -> Result<bool> {
    if holds(path, parts) {
        return Ok(false);
    }
    write_parts(path, parts).map(|()| true)
}

/// As [`write_if_changed`], of a file that is to be as new as what it was made from.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_parts(path, &[bytes])
}

/// Writes a line for a person. Where nobody hears it, nothing can be done about that.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

fn write_parts(path: &Path, parts: &[impl AsRef<[u8]>]) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    }
    let written = match fs::metadata(path) {
        Ok(old) if !old.is_file() => write_through(path, parts),
        Ok(old) => match own_place(path, &old) {
            Some(place) => replace(&place, Some(&old), parts),
            None => write_in_place(path, parts),
        },
        // A link to a file that is to be.
        Err(_) if path.is_symlink() => write_in_place(path, parts),
        Err(_) => replace(path, None, parts),
    };
    written.map_err(|error| Error::io("write", path, &error))
}

fn holds(path: &Path, parts: &[impl AsRef<[u8]>]) -> bool {
    let mut parts = parts.iter().map(AsRef::as_ref);
    let len: usize = parts.clone().map(<[u8]>::len).sum();
    let as_long = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == len as u64);
    let same = |old: Vec<u8>| {
        let mut rest = &old[..];
        parts.all(|part| rest.strip_prefix(part).map(|after| rest = after).is_some())
    };
    as_long && fs::read(path).is_ok_and(same)
}

/// Where the file is behind links, if another one may take its place: if it is known by no other name.
fn own_place(path: &Path, old: &Metadata) -> Option<PathBuf> {
    // Behind a link of /proc there may be a file without a name, or with that of another one.
    let place = path.canonicalize().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;

        let found = place.symlink_metadata().ok()?;
        if (found.dev(), found.ino()) != (old.dev(), old.ino()) || old.nlink() > 1 {
            return None;
        }
    }
    #[cfg(not(unix))]
    let _ = old;
    Some(place)
}

/// Puts a new file in the place of the old one, if there is one. Where the folder does not allow that, the file itself
/// may.
fn replace(place: &Path, old: Option<&Metadata>, parts: &[impl AsRef<[u8]>]) -> io::Result<()> {
    let Ok((temporary, mut file)) = create_beside(place, old) else {
        return write_in_place(place, parts);
    };
    let written = write_all(&mut file, parts);
    drop(file);
    if written.is_ok() && fs::rename(&temporary, place).is_ok() {
        return Ok(());
    }
    let _ = fs::remove_file(&temporary);
    // Where there is no room for the new one, the old one is not lost for it.
    written.and_then(|()| write_in_place(place, parts))
}

/// A new file beside another one, of its mode and its owner.
fn create_beside(place: &Path, old: Option<&Metadata>) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    // Not `create`: in a folder that others may write to, what is there already is somebody else's.
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

        options.mode(old.mode() & 0o777);
    }
    let (temporary, file) = first_free(|number| {
        let mut name = place.as_os_str().to_owned();
        name.push(format!(".{}.{number}.tmp", std::process::id()));
        options.open(&name).map(|file| (PathBuf::from(name), file))
    })?;
    match old.map_or(Ok(()), |old| be_like(&file, old)) {
        Ok(()) => Ok((temporary, file)),
        Err(error) => {
            let _ = fs::remove_file(temporary);
            Err(error)
        }
    }
}

fn be_like(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};

        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            fchown(file, Some(old.uid()), Some(old.gid()))?;
        }
    }
    file.set_permissions(old.permissions())
}

/// What `make` makes of the first number for which there is nothing yet: a run that was killed leaves something.
pub(crate) fn first_free<T>(mut make: impl FnMut(u32) -> io::Result<T>) -> io::Result<T> {
    let mut number = 0;
    loop {
        match make(number) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 10_000 => {
                number += 1;
            }
            made => return made,
        }
    }
}

fn write_in_place(path: &Path, parts: &[impl AsRef<[u8]>]) -> io::Result<()> {
    write_all(&mut File::create(path)?, parts)
}

/// To a pipe or a device. A reader that has seen enough is no failure.
fn write_through(path: &Path, parts: &[impl AsRef<[u8]>]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    match write_all(&mut file, parts) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn write_all(file: &mut File, parts: &[impl AsRef<[u8]>]) -> io::Result<()> {
    parts.iter().try_for_each(|part| file.write_all(part.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let name = format!("bpf-skel-output-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }

    #[test]
    fn an_unchanged_file_keeps_its_time() {
        let folder = folder("time");
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

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_its_names() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

        let folder = folder("mode");
        let [file, link, other] = ["file", "link", "other"].map(|name| folder.join(name));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
        symlink("file", &link).unwrap();
        assert!(write_if_changed(&link, b"new").unwrap());
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o660);

        fs::hard_link(&file, &other).unwrap();
        assert!(write_if_changed(&file, b"third").unwrap());
        assert_eq!(fs::read(&other).unwrap(), b"third");
        fs::remove_file(&other).unwrap();

        // A link to what is not there yet.
        fs::remove_file(&file).unwrap();
        assert!(write_if_changed(&link, b"fourth").unwrap());
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"fourth");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_in_nobodys_way() {
        let folder = folder("killed");
        let path = folder.join("x.rs");
        let left = folder.join(format!("x.rs.{}.0.tmp", std::process::id()));
        fs::write(&left, "half").unwrap();
        assert!(write_if_changed(&path, b"whole").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read(&left).unwrap(), b"half");
        fs::remove_dir_all(folder).unwrap();
    }
}
