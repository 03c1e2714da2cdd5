//! Pins by path.

use std::ffi::CString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::DEFAULT_ROOT;
use super::directory::{Directory, c_name};
use crate::error::Within;
use crate::sys::{self, explain};
use crate::{Error, ErrorKind, Frame, Result};

/// Gives `fd` the name `path`. The kernel takes only a new name on a BPF file system, in a directory that exists; it
/// follows links in the directories of the path, never in its last part.
pub(crate) fn pin(fd: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let name = c_path(path)?;
    sys::obj_pin(fd, &name)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::EEXIST) => Error::new(
                ErrorKind::AlreadyExists,
                "there is a pin or a directory of this name already",
            ),
            // Other file systems answer as they like: procfs with ENOENT.
            Some(libc::ENOENT | libc::EPERM | libc::EACCES)
                if !on_bpffs(parent(path)).unwrap_or(true) =>
            {
                not_bpffs(parent(path))
            }
            Some(libc::ENOENT) => Error::not_found("the directory of this pin does not exist"),
            Some(libc::EPERM | libc::EACCES) => {
                explain::permission(Error::system("BPF_OBJ_PIN", error), explain::BPF)
            }
            _ => Error::system("BPF_OBJ_PIN", error),
        })
        .within(|| at(path))
}

/// Opens what is pinned at `path`. What it is, is for the caller to check.
pub(crate) fn open(path: &Path) -> Result<OwnedFd> {
    let name = c_path(path)?;
    sys::obj_get(&name, 0)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => Error::not_found("nothing is pinned here"),
            // The answer for anything that is not a pin, directories on the BPF file system included.
            Some(libc::EACCES) if !on_bpffs(path).unwrap_or(true) => not_bpffs(parent(path)),
            Some(libc::EACCES) if path.is_dir() => {
                Error::mismatch("this is a directory, not a pin")
            }
            _ => explain::permission(Error::system("BPF_OBJ_GET", error), explain::BPF),
        })
        .within(|| at(path))
}

/// Takes the name away. What is not on a BPF file system is left alone: a wrong path must not delete a file.
pub(crate) fn unpin(path: &Path) -> Result<()> {
    remove(path).within(|| at(path))
}

fn remove(path: &Path) -> Result<()> {
    let gone = |call: &'static str| {
        move |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::not_found("nothing is pinned here"),
            _ => Error::system(call, error),
        }
    };
    if !on_bpffs(parent(path)).map_err(gone("statfs"))? {
        return Err(not_bpffs(parent(path)));
    }
    fs::remove_file(path).map_err(gone("unlink"))
}

/// Gives `fd` the name `path` in place of what has it: there is no moment without a pin.
pub(crate) fn replace(fd: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name =
        name.ok_or_else(|| Error::invalid_input("expected a pin's name").within(at(path)))?;
    Directory::unchecked(parent(path))?.replace(fd, &c_name(name)?)
}

/// Makes the directories that `path` needs, for the owner alone (0700), on a BPF file system only. Answers those
/// that were not there, outermost first, so that a caller which fails can remove them again.
pub(crate) fn make_parents(path: &Path) -> Result<Vec<PathBuf>> {
    make_directories(parent(path)).within(|| at(path))
}

fn make_directories(directory: &Path) -> Result<Vec<PathBuf>> {
    let missing: Vec<&Path> = directory
        .ancestors()
        .take_while(|part| fs::metadata(part_or_here(part)).is_err())
        .collect();
    let Some(outermost) = missing.last() else { return Ok(Vec::new()) };
    let existing = parent(outermost);
    if !on_bpffs(existing).map_err(|error| Error::system("statfs", error))? {
        return Err(not_bpffs(existing));
    }
    let mut made = Vec::new();
    for part in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(part) {
            Ok(()) => made.push(part.to_owned()),
            // Another loader was quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                remove_directories(&made);
                return Err(Error::system("mkdir", error).within(at(part)));
            }
        }
    }
    Ok(made)
}

/// Removes what [`make_parents`] made, as far as it is empty.
pub(crate) fn remove_directories(made: &[PathBuf]) {
    for directory in made.iter().rev() {
        // One that somebody else uses by now stays.
        let _ = fs::remove_dir(directory);
    }
}

fn on_bpffs(path: &Path) -> io::Result<bool> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    sys::is_bpffs(&path)
}

pub(super) fn not_bpffs(directory: &Path) -> Error {
    let root = Path::new(DEFAULT_ROOT);
    let error = Error::invalid_input("not on a BPF file system");
    if directory.starts_with(root) {
        error.with_hint(format!("mount one with `mount -t bpf bpf {DEFAULT_ROOT}`"))
    } else {
        error.with_hint(format!("a BPF file system is usually mounted at {DEFAULT_ROOT}"))
    }
}

/// The directory that holds `path`: `.` for a bare name.
fn parent(path: &Path) -> &Path {
    part_or_here(path.parent().unwrap_or(path))
}

fn part_or_here(part: &Path) -> &Path {
    if part.as_os_str().is_empty() { Path::new(".") } else { part }
}

fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::invalid_input("a path cannot hold a NUL byte").within(at(path)))
}

fn at(path: &Path) -> Frame {
    Frame::Path(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_a_path() {
        for (path, directory) in [("/a/b", "/a"), ("b", "."), ("a/b", "a"), ("/", "/")] {
            assert_eq!(parent(Path::new(path)), Path::new(directory), "{path}");
        }
    }

    #[test]
    fn files_elsewhere_are_not_deleted() {
        let file = std::env::temp_dir().join(format!("bpf-skel-unpin-{}", std::process::id()));
        fs::write(&file, "keep").unwrap();
        let error = unpin(&file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("not on a BPF file system"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"keep");
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn directories_elsewhere_are_not_made() {
        let path = std::env::temp_dir().join("bpf-skel-no-such-directory/pin");
        assert_eq!(make_parents(&path).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(!path.parent().unwrap().exists());
        assert!(make_parents(Path::new("/name")).unwrap().is_empty());
    }
}
