//! What this process has written to `OUT_DIR`: of two calls that write one file, only the last would be seen.

use std::collections::BTreeMap;
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{Error, Result};

/// Skeletons, and what each is made of.
static MADE: Mutex<BTreeMap<PathBuf, Vec<PathBuf>>> = Mutex::new(BTreeMap::new());

/// Notes that `skeleton` is made of `sources`.
///
/// # Errors
/// Where this process has made it of others.
pub(super) fn claim(skeleton: &Path, sources: &[impl AsRef<Path>]) -> Result<()> {
    let absolute = |path: &Path| path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let sources: Vec<PathBuf> = sources.iter().map(|source| absolute(source.as_ref())).collect();
    // Nothing panics while it is locked.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    match made.get(&absolute(skeleton)) {
        Some(others) if *others != sources => {
            let message = format!(
                "{} was made of {} and would be made of {} now",
                skeleton.display(),
                list(others),
                list(&sources),
            );
            Err(Error::invalid_input(message)
                .with_hint("give one of them another name with `Builder::module_name`"))
        }
        Some(_) => Ok(()),
        None => {
            made.insert(absolute(skeleton), sources);
            Ok(())
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_of_the_same_sources_each_time() {
        let skeleton = Path::new("/out/made_of.skel.rs");
        claim(skeleton, &["a/x.bpf.c"]).unwrap();
        claim(skeleton, &["./a/x.bpf.c"]).unwrap();
        let error = claim(skeleton, &["b/x.bpf.c", "y.bpf.c"]).unwrap_err().to_string();
        let here = std::env::current_dir().unwrap();
        let expected = format!(
            "/out/made_of.skel.rs was made of {0}/a/x.bpf.c and would be made of {0}/b/x.bpf.c, {0}/y.bpf.c now",
            here.display()
        );
        assert!(error.contains(&expected), "{error}\n{expected}");
        claim(Path::new("/elsewhere/made_of.skel.rs"), &["b/x.bpf.c"]).unwrap();
    }
}
