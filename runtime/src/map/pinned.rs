use std::os::fd::AsFd;
use std::path::Path;

use super::Map;
use crate::error::Within;
use crate::{Frame, Result, pin};

impl Map {
    /// Opens the map that is pinned at `path`.
    ///
    /// # Errors
    /// Where nothing, or something else than a map, is pinned there.
    #[doc(alias = "BPF_OBJ_GET")]
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut map =
            Self::from_fd(pin::open(path)?).within(|| Frame::Path(path.display().to_string()))?;
        if map.name().is_empty() {
            // Kernels before 4.15 keep no names.
            map.rename(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
        Ok(map)
    }

    /// Pins the map: it lives on under this name on a BPF file system until it is unpinned, whatever becomes of this
    /// process. Directories of the path that do not exist are made.
    ///
    /// # Errors
    /// Where the name is taken, or the path is not on a BPF file system.
    #[doc(alias = "BPF_OBJ_PIN")]
    pub fn pin(&self, path: impl AsRef<Path>) -> Result<()> {
        self.present()?;
        let path = path.as_ref();
        let made = pin::make_parents(path)?;
        pin::pin(self.as_fd(), path)
            .inspect_err(|_| pin::remove_directories(&made))
            .within(|| super::untyped::map_frame(self.info()))
    }

    /// Removes a pin of this map.
    ///
    /// # Errors
    /// Where nothing, or another map, is pinned there; that stays as it is.
    pub fn unpin(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let there = Self::from_pin(path)?;
        let (expected, found) = (self.id()?, there.id()?);
        if expected != found {
            let message = format!("pin: expected this map (id {expected}), found id {found}");
            return Err(self.mismatch(message).within(Frame::Path(path.display().to_string())));
        }
        pin::unpin(path)
    }
}
