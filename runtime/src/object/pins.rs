use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Error, Result};
use crate::pin::{Location, Made};

/// The pins that this load has made, and the directories for them. Dropped before the load is done, it removes them
/// again; what was found is never among them.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    made: Vec<Made>,
    replacements: Vec<Replacement>,
}

/// A map that takes a pin over once the programs are attached.
#[derive(Debug)]
pub(crate) struct Replacement {
    location: Location,
    map: OwnedFd,
}

/// What a load that is done has pinned, and will.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) made: Vec<Made>,
    pub(crate) replacements: Vec<Replacement>,
}

impl Replacement {
    pub(crate) fn replace(&self) -> Result<()> {
        self.location.replace(self.map.as_fd())
    }
}

impl Pins {
    /// What has been made so far, to add to.
    pub(crate) fn made(&mut self) -> &mut Vec<Made> {
        &mut self.made
    }

    pub(crate) fn replace_later(&mut self, location: Location, map: BorrowedFd<'_>) -> Result<()> {
        let map = map.try_clone_to_owned().map_err(|error| Error::system("dup", error))?;
        self.replacements.push(Replacement { location, map });
        Ok(())
    }

    /// The load is done: the pins stay.
    pub(crate) fn keep(mut self) -> Kept {
        Kept {
            made: std::mem::take(&mut self.made),
            replacements: std::mem::take(&mut self.replacements),
        }
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        self.made.iter().rev().for_each(Made::remove);
    }
}
