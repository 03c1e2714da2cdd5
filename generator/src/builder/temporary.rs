use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use crate::{Error, Result};

/// A folder for files of one run, gone with the value.
pub(super) struct TemporaryFolder(pub(super) PathBuf);

impl TemporaryFolder {
    pub(super) fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bpf-skel-{}-{count}", std::process::id());
        let path = env::temp_dir().join(name);
        // Not `create_dir_all`: in a folder that others may write to, one that is there already is somebody else's.
        fs::create_dir(&path).map_err(|error| Error::io("create", &path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
