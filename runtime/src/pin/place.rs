use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::SubPath;
use crate::error::Within;
use crate::sys::{self, explain};
use crate::{Error, Frame, Result};

/// Where something is to be pinned: a name in a directory below the root of a BPF file system.
///
/// Nothing on the way is looked up twice or trusted by its name: each directory is opened from the one before, must be
/// on a BPF file system and belong to root or to the user who loads, and must not be a symbolic link, but for those that
/// iproute2 makes (`ROOT/xdp` and `ROOT/ip`, to exactly `ROOT/tc`). Directories that do not exist are made with mode
/// 0700; the mode of those that exist is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    root: PathBuf,
    directory: SubPath,
    name: String,
}

impl Place {
    /// The name `name` in `directory` below `root`.
    ///
    /// # Errors
    /// `root` is not absolute, or the name is not one that a BPF file system takes.
    pub fn new(root: impl Into<PathBuf>, directory: SubPath, name: &str) -> Result<Self> {
        let root = root.into();
        if !root.is_absolute() {
            return Err(Error::invalid_input("the root of pins: expected an absolute path")
                .within(Frame::Path(root.display().to_string())));
        }
        directory.clone().join(name)?;
        Ok(Self { root, directory, name: name.to_owned() })
    }

    /// The whole path, to show it.
    pub fn path(&self) -> PathBuf {
        self.directory.below(&self.root).join(&self.name)
    }

    /// The root of the BPF file system.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory below the root.
    pub fn directory(&self) -> &SubPath {
        &self.directory
    }

    /// The name within the directory.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Mounts a BPF file system at `path`, mode 0700, unless there is one.
///
/// # Errors
/// The directory does not exist, or the kernel refuses (`CAP_SYS_ADMIN` is needed).
pub fn mount_root(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let mount = || {
        let name = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| Error::invalid_input("a path cannot hold a NUL byte"))?;
        if sys::is_bpffs(&name).map_err(|error| Error::system("statfs", error))? {
            return Ok(());
        }
        sys::mount_bpffs(&name)
            .map_err(|error| explain::permission(Error::system("mount", error), explain::MOUNT))
    };
    mount().within(|| Frame::Path(path.display().to_string()))
}
