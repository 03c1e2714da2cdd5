use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::output::first_free;
use crate::{Error, Result, cargo};

/// A folder for files of one run, gone with the value.
pub(crate) struct TemporaryFolder(pub(crate) PathBuf);

impl TemporaryFolder {
    /// In a build script in the folder that cargo made for it.
    pub(crate) fn new() -> Result<Self> {
        let out_dir = env::var_os("OUT_DIR").filter(|_| cargo::in_build_script());
        Self::new_in(&out_dir.map_or_else(env::temp_dir, PathBuf::from))
    }

    fn new_in(parent: &Path) -> Result<Self> {
        let path = |number| parent.join(format!("bpf-skel-{}-{number}", std::process::id()));
        // Not `create_dir_all`: in a folder that others may write to, one that is there already is somebody else's.
        first_free(|number| fs::create_dir(path(number)).map(|()| Self(path(number))))
            .map_err(|error| Error::io("create", &path(0), &error))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_there_is_another_runs() {
        let outer = TemporaryFolder::new().unwrap();
        let left = outer.0.join(format!("bpf-skel-{}-0", std::process::id()));
        fs::create_dir(&left).unwrap();
        let [one, two] = [(); 2].map(|()| TemporaryFolder::new_in(&outer.0).unwrap());
        assert!(one.0 != left && two.0 != left && one.0 != two.0);
        drop((one, two));
        assert!(left.is_dir());
    }
}
