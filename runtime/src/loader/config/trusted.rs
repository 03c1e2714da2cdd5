//! Reading files that decide where root puts things: only such as nobody but root can have written.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bpf_skel::{Error, ErrorKind, Frame, Result};

/// The most that is read of a file.
const MOST_BYTES: u64 = 64 << 10;
/// The most files that are read of a directory.
const MOST_FILES: usize = 1000;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The text of a file, or `None` where there is none of the name.
pub(super) fn read(path: &Path) -> Result<Option<String>> {
    read_if_there(path).map_err(|error| error.within(at(path)))
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    let Some((directory, name)) = path.parent().zip(path.file_name()) else {
        return Err(Error::invalid_input("expected a file"));
    };
    if !path.is_absolute() {
        return Err(Error::invalid_input("expected an absolute path"));
    }
    let Some(directory) = trusted_directory(directory)? else { return Ok(None) };
    // From here on nobody else can change what the name stands for.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(directory.join(name));
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err(refused("a symbolic link, which is not followed"));
        }
        Err(error) => return Err(Error::system("open", error)),
    };
    let metadata = file.metadata().map_err(|error| Error::system("stat", error))?;
    if !metadata.is_file() {
        return Err(refused("not a regular file"));
    }
    check(&metadata)?;
    let mut text = String::new();
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Error::malformed("not UTF-8"),
        _ => Error::system("read", error),
    })?;
    if text.len() as u64 > MOST_BYTES {
        return Err(refused(format!("larger than {MOST_BYTES} bytes")));
    }
    Ok(Some(text))
}

/// The files of a directory whose names end in `.conf`, by name. None where there is no such directory.
pub(super) fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let list = || {
        let Some(real) = trusted_directory(directory)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in fs::read_dir(real).map_err(|error| Error::system("readdir", error))? {
            let entry = entry.map_err(|error| Error::system("readdir", error))?;
            let path = directory.join(entry.file_name());
            if path.extension().is_some_and(|extension| extension == "conf") {
                names.push(path);
            }
            if names.len() > MOST_FILES {
                return Err(refused(format!("more than {MOST_FILES} files")));
            }
        }
        names.sort();
        Ok(names)
    };
    list().map_err(|error: Error| error.within(at(directory)))
}

/// The directory without links in its path, if nobody but root can change what is in it, or in one above it.
fn trusted_directory(path: &Path) -> Result<Option<PathBuf>> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(Error::system("realpath", error)),
    };
    // From the root down: what is found trusted cannot change any more under what comes next. The path as it was
    // given too, since somebody else's link could lead to a directory of root's.
    for path in [path, &real] {
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for directory in above {
            let metadata = fs::symlink_metadata(directory)
                .map_err(|error| Error::system("stat", error).within(at(directory)))?;
            // A link has no mode of its own; the directory that holds it was looked at.
            match metadata.is_symlink() {
                true => owned_by_root(&metadata),
                false => check(&metadata),
            }
            .map_err(|error| error.within(at(directory)))?;
        }
    }
    Ok(Some(real))
}

fn check(metadata: &Metadata) -> Result<()> {
    owned_by_root(metadata)?;
    let mode = metadata.mode();
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(refused(format!(
            "group or others may write to it (mode {:04o})",
            mode & 0o7777
        )));
    }
    Ok(())
}

fn owned_by_root(metadata: &Metadata) -> Result<()> {
    match metadata.uid() {
        0 => Ok(()),
        user => Err(refused(format!("it belongs to user {user}, not to root"))),
    }
}

fn refused(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::PermissionDenied, format!("not trusted: {}", what.into()))
}

fn at(path: &Path) -> Frame {
    Frame::Path(path.display().to_string())
}
