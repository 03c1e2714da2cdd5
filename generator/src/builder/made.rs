//! What this process has written to `OUT_DIR`: of two calls that write one file, only the last would be seen.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::list;
use crate::{Error, Result};

/// Skeletons, and what each is made of.
static MADE: Mutex<BTreeMap<PathBuf, Making>> = Mutex::new(BTreeMap::new());

/// What a skeleton is made of, and how.
#[derive(PartialEq, Eq)]
struct Making {
    sources: Vec<PathBuf>,
    /// The builder that makes it, as it prints.
    builder: String,
}

/// Notes that `builder` makes `skeleton` of `sources`.
///
/// # Errors
/// Where this process has made it of others, or by a builder with other options.
pub(super) fn claim(
    skeleton: &Path,
    sources: &[impl AsRef<Path>],
    builder: &impl fmt::Debug,
) -> Result<()> {
    let absolute = |path: &Path| path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let sources: Vec<PathBuf> = sources.iter().map(|source| absolute(source.as_ref())).collect();
    let now = Making { sources, builder: format!("{builder:?}") };
    // Nothing panics while it is locked.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = match made.entry(absolute(skeleton)) {
        Entry::Occupied(before) if *before.get() != now => before.into_mut(),
        entry => {
            entry.or_insert(now);
            return Ok(());
        }
    };
    let (file, earlier) = (skeleton.display(), list(&before.sources));
    let message = if before.sources == now.sources {
        format!("{file} was made of {earlier} and would be made of it with other options now")
    } else {
        format!("{file} was made of {earlier} and would be made of {} now", list(&now.sources))
    };
    Err(Error::invalid_input(message)
        .with_hint("give one of them another name with `Builder::module_name`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_in_one_way() {
        let skeleton = Path::new("/out/made_of.skel.rs");
        claim(skeleton, &["a/x.bpf.c"], &"").unwrap();
        claim(skeleton, &["./a/x.bpf.c"], &"").unwrap();
        let here = std::env::current_dir().unwrap();
        let here = here.display();
        for (sources, builder, now) in [
            (&["b/x.bpf.c", "y.bpf.c"][..], "", format!("{here}/b/x.bpf.c, {here}/y.bpf.c now")),
            (&["a/x.bpf.c"], "other", "it with other options now".to_owned()),
        ] {
            let error = claim(skeleton, sources, &builder).unwrap_err().to_string();
            let expected = format!(
                "/out/made_of.skel.rs was made of {here}/a/x.bpf.c and would be made of {now}"
            );
            assert!(error.contains(&expected), "{error}\n{expected}");
            claim(&Path::new("/elsewhere").join(now), sources, &builder).unwrap();
        }
        claim(skeleton, &["a/x.bpf.c"], &"").unwrap();
    }
}
