use std::fs;
use std::path::{Path, PathBuf};

use super::Skip;

/// Where the tests' BPF file system is.
pub const BPFFS: &str = "/sys/fs/bpf";

/// A directory of one's own on the BPF file system, which is removed with all that is in it.
pub struct PinDirectory(PathBuf);

impl PinDirectory {
    /// An empty one.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(name: &str) -> Result<Self, Skip> {
        let path = Path::new(BPFFS).join(format!("bpf-skel-test-{}-{name}", std::process::id()));
        fs::create_dir(&path)
            .map_err(|error| Skip(format!("mkdir {}: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// The path of a pin in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for PinDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
