use std::ffi::CString;
use std::fmt;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use super::directory::{Directory, MadeEntry, c_name};
use super::{Place, by_path};
use crate::{Error, Result};

/// Where a map is pinned, however that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Path(PathBuf),
    Place(Place),
}

/// A pin or a directory that this load has made.
#[derive(Debug)]
pub(crate) enum Made {
    Pin(PathBuf),
    PinIn(PinIn),
    Directories(Vec<PathBuf>),
    Entries(Entries),
}

/// A pin by descriptor.
#[derive(Debug)]
pub(crate) struct PinIn {
    directory: Directory,
    name: CString,
}

/// Directories by descriptor, outermost first.
#[derive(Debug)]
pub(crate) struct Entries(Vec<MadeEntry>);

impl Made {
    /// Takes it away again: nobody is left to tell where that fails, and what somebody else has removed or uses by
    /// now is no loss.
    pub(crate) fn remove(&self) {
        match self {
            Self::Pin(path) => drop(by_path::unpin(path)),
            Self::PinIn(pin) => drop(pin.directory.unpin(&pin.name)),
            Self::Directories(made) => by_path::remove_directories(made),
            // One that is in use keeps those around it.
            Self::Entries(Entries(made)) => {
                let _ = made.iter().rev().try_for_each(MadeEntry::remove);
            }
        }
    }
}

impl Location {
    /// Opens what is pinned there. What it is, is for the caller to check.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is nothing of the name, or no directory for it.
    pub(crate) fn open(&self) -> Result<OwnedFd> {
        match self {
            Self::Path(path) => by_path::open(path),
            Self::Place(place) => match Directory::walk(place.root(), place.directory())? {
                Some(directory) => directory.open_pin(&c_name(place.name())?),
                None => Err(Error::not_found("nothing is pinned here")),
            },
        }
    }

    /// Pins `fd` there; what that makes, the directories it needs among them, is appended to `made`, whether it
    /// fails or not.
    pub(crate) fn pin(&self, fd: BorrowedFd<'_>, made: &mut Vec<Made>) -> Result<()> {
        match self {
            Self::Path(path) => {
                made.push(Made::Directories(by_path::make_parents(path)?));
                by_path::pin(fd, path)?;
                made.push(Made::Pin(path.clone()));
            }
            Self::Place(place) => {
                let mut entries = Vec::new();
                let directory = Directory::make(place.root(), place.directory(), &mut entries);
                made.push(Made::Entries(Entries(entries)));
                let (directory, name) = (directory?, c_name(place.name())?);
                directory.pin(fd, &name)?;
                made.push(Made::PinIn(PinIn { directory, name }));
            }
        }
        Ok(())
    }

    /// Gives `fd` this name in place of what has it by now.
    pub(crate) fn replace(&self, fd: BorrowedFd<'_>) -> Result<()> {
        match self {
            Self::Path(path) => by_path::replace(fd, path),
            Self::Place(place) => Directory::walk(place.root(), place.directory())?
                .ok_or_else(|| Error::not_found("the directory of this pin is gone"))?
                .replace(fd, &c_name(place.name())?),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Place(place) => place.path().display().fmt(f),
        }
    }
}
