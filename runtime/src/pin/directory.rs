use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::SubPath;
use crate::error::Within;
use crate::sys::{self, explain};
use crate::{Error, ErrorKind, Frame, Result};

/// What iproute2 calls its directory, and the names that it gives it besides.
const IPROUTE2: &CStr = c"tc";
const IPROUTE2_ALIASES: [&CStr; 2] = [c"xdp", c"ip"];

/// A directory on a BPF file system, by descriptor. Walking to it has checked every level: it is on a BPF file system,
/// it belongs to root or to whoever loads, and it is no symbolic link but iproute2's own (`xdp` and `ip`, which lead to
/// exactly `ROOT/tc`).
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a walk has made, for a load that fails to remove.
#[derive(Debug)]
pub(super) enum MadeEntry {
    Directory { within: Directory, name: CString },
    Alias { within: Directory, name: CString },
}

impl MadeEntry {
    /// Removes it, unless somebody uses it by now.
    pub(super) fn remove(&self) -> io::Result<()> {
        match self {
            Self::Directory { within, name } => sys::remove_directory_at(within.fd.as_fd(), name),
            Self::Alias { within, name } => sys::unlink_at(within.fd.as_fd(), name),
        }
    }
}

impl Directory {
    pub(super) fn root(path: &Path) -> Result<Self> {
        Self::open_root(path).within(|| at(path))
    }

    fn open_root(path: &Path) -> Result<Self> {
        let root = Self::open_unchecked(path)?;
        root.check()?;
        Ok(root)
    }

    fn open_unchecked(path: &Path) -> Result<Self> {
        let name = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| Error::invalid_input("a path cannot hold a NUL byte"))?;
        let fd = sys::open_directory(&name).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOTDIR) => Error::invalid_input(
                "expected a directory, found something else or a symbolic link",
            ),
            _ => Error::system("open", error),
        })?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// The directory of a path that the user has given, followed as any path is.
    pub(super) fn unchecked(path: &Path) -> Result<Self> {
        let real = path.canonicalize().map_err(|error| Error::system("realpath", error));
        Self::open_unchecked(&real.within(|| at(path))?).within(|| at(path))
    }

    /// Walks down to `path`; `None` where a part of it does not exist.
    pub(super) fn walk(root: &Path, path: &SubPath) -> Result<Option<Self>> {
        let mut at = Self::root(root)?;
        for (level, name) in path.names().enumerate() {
            match at.enter(level, &c_name(name)?)? {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Walks down to `path`, and makes what does not exist, for its owner alone (0700); appends that to `made`.
    /// iproute2's `xdp` and `ip` are made as it makes them, so that it finds there what it expects.
    pub(super) fn make(root: &Path, path: &SubPath, made: &mut Vec<MadeEntry>) -> Result<Self> {
        let mut at = Self::root(root)?;
        for (level, name) in path.names().enumerate() {
            at = at.make_child(level, &c_name(name)?, made)?;
        }
        Ok(at)
    }

    fn make_child(&self, level: usize, name: &CStr, made: &mut Vec<MadeEntry>) -> Result<Self> {
        // Others may make and remove it at the same time.
        for _ in 0..100 {
            if let Some(there) = self.enter(level, name)? {
                return Ok(there);
            }
            let alias = level == 0 && IPROUTE2_ALIASES.contains(&name);
            let result = if alias {
                self.make_child(level, IPROUTE2, made)?;
                sys::symlink_at(&self.alias_target()?, self.fd.as_fd(), name)
            } else {
                sys::make_directory_at(self.fd.as_fd(), name, 0o700)
            };
            match result {
                Ok(()) => {
                    let (within, name) = (self.try_clone()?, name.to_owned());
                    made.push(match alias {
                        true => MadeEntry::Alias { within, name },
                        false => MadeEntry::Directory { within, name },
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let call = if alias { "symlink" } else { "mkdir" };
                    return Err(Error::system(call, error).within(at(&self.child_path(name))));
                }
            }
        }
        Err(Error::new(ErrorKind::System, "it appears and disappears: somebody removes it")
            .within(at(&self.child_path(name))))
    }

    /// The directory of this name, or `None` where there is nothing of the name.
    fn enter(&self, level: usize, name: &CStr) -> Result<Option<Self>> {
        let path = self.child_path(name);
        self.open_child(level, name).within(|| at(&path))
    }

    fn open_child(&self, level: usize, name: &CStr) -> Result<Option<Self>> {
        let fd = match sys::open_directory_at(self.fd.as_fd(), name) {
            Ok(fd) => fd,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
            // A symbolic link, or no directory.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP)) => {
                return self.follow_alias(level, name);
            }
            Err(error) => {
                return Err(explain::permission(Error::system("open", error), explain::BPF));
            }
        };
        let child = Self { fd, path: self.child_path(name) };
        child.check()?;
        Ok(Some(child))
    }

    /// Follows iproute2's own links, and no others.
    fn follow_alias(&self, level: usize, name: &CStr) -> Result<Option<Self>> {
        let target = match sys::read_link_at(self.fd.as_fd(), name) {
            Ok(target) => target,
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                return Err(Error::mismatch("expected a directory, found something else"));
            }
            // Removed meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
            Err(error) => return Err(Error::system("readlink", error)),
        };
        let text = target.to_bytes();
        let ours = self.alias_target()?;
        let same = text.strip_suffix(b"/").unwrap_or(text) == ours.to_bytes();
        if level == 0 && IPROUTE2_ALIASES.contains(&name) && same {
            return self.open_child(level, IPROUTE2);
        }
        Err(Error::new(
            ErrorKind::PermissionDenied,
            format!(
                "it is a symbolic link to {}, which is not followed",
                String::from_utf8_lossy(text)
            ),
        )
        .with_hint(format!("only `xdp` and `ip` may lead to {}", ours.to_string_lossy())))
    }

    fn alias_target(&self) -> Result<CString> {
        let path = self.path.join("tc");
        CString::new(path.as_os_str().as_bytes())
            .map_err(|_| Error::invalid_input("a path cannot hold a NUL byte"))
    }

    fn check(&self) -> Result<()> {
        let status = sys::status(self.fd.as_fd()).map_err(|error| Error::system("fstat", error))?;
        if !status.bpffs {
            return Err(super::by_path::not_bpffs(&self.path));
        }
        if status.owner != 0 && status.owner != sys::effective_user() {
            return Err(Error::new(
                ErrorKind::PermissionDenied,
                format!(
                    "the directory belongs to user {}: expected root or the user who loads",
                    status.owner
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn open_pin(&self, name: &CStr) -> Result<OwnedFd> {
        self.get_pin(name).within(|| at(&self.child_path(name)))
    }

    fn get_pin(&self, name: &CStr) -> Result<OwnedFd> {
        let absent = |error: io::Error| match error.raw_os_error() {
            Some(libc::ENOENT) => Error::not_found("nothing is pinned here"),
            _ => explain::permission(Error::system("open", error), explain::BPF),
        };
        let found = sys::open_name_at(self.fd.as_fd(), name).map_err(absent)?;
        let status = sys::status(found.as_fd()).map_err(|error| Error::system("fstat", error))?;
        // BPF_OBJ_GET would follow it to wherever it leads.
        if status.mode & libc::S_IFMT == libc::S_IFLNK {
            return Err(Error::new(
                ErrorKind::PermissionDenied,
                "it is a symbolic link, which is not followed: expected a pin",
            ));
        }
        let opened = match sys::obj_get_opened(found.as_fd()) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                sys::obj_get_at(self.fd.as_fd(), name)
            }
            opened => opened,
        };
        opened.map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => Error::not_found("nothing is pinned here"),
            // The answer for anything that is not a pin.
            Some(libc::EACCES) if status.mode & libc::S_IFMT == libc::S_IFDIR => {
                Error::mismatch("this is a directory, not a pin")
            }
            _ => explain::permission(Error::system("BPF_OBJ_GET", error), explain::BPF),
        })
    }

    pub(super) fn pin(&self, fd: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        let pinned = sys::obj_pin_at(fd, self.fd.as_fd(), name);
        let pinned = pinned.map_err(|error| match error.raw_os_error() {
            Some(libc::EEXIST) => Error::new(
                ErrorKind::AlreadyExists,
                "there is a pin or a directory of this name already",
            ),
            Some(libc::ENOENT) => Error::not_found("the directory of this pin is gone"),
            _ => explain::permission(Error::system("BPF_OBJ_PIN", error), explain::BPF),
        });
        pinned.within(|| at(&self.child_path(name)))
    }

    /// Gives `fd` this name in place of what has it: there is no moment without a pin.
    pub(super) fn replace(&self, fd: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        let mut aside = b"new_".to_vec();
        aside.extend_from_slice(&name.to_bytes()[..name.to_bytes().len().min(200)]);
        aside.extend_from_slice(format!("_{}", std::process::id()).as_bytes());
        let aside = CString::new(aside).map_err(|_| Error::invalid_input("a NUL byte"))?;
        self.pin(fd, &aside)?;
        sys::rename_at(self.fd.as_fd(), &aside, name).map_err(|error| {
            let error = Error::system("rename", error).within(at(&self.child_path(name)));
            // It was made a moment ago, by us.
            let _ = sys::unlink_at(self.fd.as_fd(), &aside);
            error
        })
    }

    pub(super) fn unpin(&self, name: &CStr) -> Result<()> {
        let gone = sys::unlink_at(self.fd.as_fd(), name);
        let gone = gone.map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => Error::not_found("nothing is pinned here"),
            _ => Error::system("unlink", error),
        });
        gone.within(|| at(&self.child_path(name)))
    }

    pub(super) fn try_clone(&self) -> Result<Self> {
        let fd = sys::try_clone(self.fd.as_fd()).map_err(|error| Error::system("dup", error))?;
        Ok(Self { fd, path: self.path.clone() })
    }

    fn child_path(&self, name: &CStr) -> PathBuf {
        self.path.join(std::ffi::OsStr::from_bytes(name.to_bytes()))
    }
}

pub(super) fn c_name(name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| Error::invalid_input("a name cannot hold a NUL byte"))
}

fn at(path: &Path) -> Frame {
    Frame::Path(path.display().to_string())
}
