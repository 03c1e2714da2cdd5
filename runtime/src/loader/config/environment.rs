use std::env;
use std::fs;
use std::path::PathBuf;

use super::{Config, Setting, Source};

/// Names the root, before what files say; ours before iproute2's.
const ROOT: [&str; 2] = ["BPF_SKEL_PIN_ROOT", "TC_BPF_MNT"];

/// `AT_SECURE` in the auxiliary vector.
const AT_SECURE: usize = 23;

pub(super) fn apply(config: &mut Config) {
    let Some((name, root)) = ROOT.iter().find_map(|&name| Some((name, value(name)?))) else {
        return;
    };
    if is_set_id() {
        config.warnings.push(format!("${name} is ignored: the program is set-id"));
        return;
    }
    config.root = Setting { value: Some(root), source: Source::Environment(name) };
}

fn value(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether the program runs with privileges that its caller need not have. Taken to be so where it cannot be told.
fn is_set_id() -> bool {
    const WORD: usize = size_of::<usize>();
    let Ok(vector) = fs::read("/proc/self/auxv") else { return true };
    let (words, _) = vector.as_chunks::<WORD>();
    let secure = words.chunks_exact(2).find_map(|pair| {
        let [key, value] = [pair[0], pair[1]].map(usize::from_ne_bytes);
        (key == AT_SECURE).then_some(value)
    });
    secure != Some(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test_is_not_set_id() {
        assert!(!super::is_set_id());
    }
}
