use std::path::{Path, PathBuf};

use crate::pin;

/// The pins that this load has made, and the directories for them. Dropped before the load is done, it removes them
/// again; what was found is never among them.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    pins: Vec<PathBuf>,
    /// Outermost first.
    directories: Vec<PathBuf>,
}

impl Pins {
    pub(crate) fn made(&mut self, path: &Path) {
        self.pins.push(path.to_owned());
    }

    pub(crate) fn made_directories(&mut self, directories: Vec<PathBuf>) {
        self.directories.extend(directories);
    }

    /// The load is done: the pins stay.
    pub(crate) fn keep(mut self) {
        self.pins.clear();
        self.directories.clear();
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        for path in &self.pins {
            // Nobody is left to tell, and a pin that somebody else removed meanwhile is no loss.
            let _ = pin::unpin(path);
        }
        pin::remove_directories(&self.directories);
    }
}
