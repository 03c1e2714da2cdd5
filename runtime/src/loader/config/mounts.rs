use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use bpf_skel::pin::DEFAULT_ROOT;

/// Where a BPF file system is mounted: `/sys/fs/bpf`, else the first one. `None`: nowhere that can be seen.
pub(super) fn find_root() -> Option<PathBuf> {
    roots(&fs::read("/proc/mounts").ok()?)
}

/// Whether a BPF file system is mounted exactly there.
pub(super) fn is_root(path: &Path) -> bool {
    fs::read("/proc/mounts").is_ok_and(|text| list(&text).any(|root| root == path))
}

fn roots(mounts: &[u8]) -> Option<PathBuf> {
    let default = Path::new(DEFAULT_ROOT);
    list(mounts).find(|root| root == default).or_else(|| list(mounts).next())
}

fn list(mounts: &[u8]) -> impl Iterator<Item = PathBuf> + '_ {
    mounts.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut words = line.split(|&byte| byte == b' ');
        let (_, path, kind) = (words.next()?, words.next()?, words.next()?);
        (kind == b"bpf").then(|| PathBuf::from(std::ffi::OsString::from_vec(unescape(path))))
    })
}

/// The kernel writes blanks and backslashes as three octal digits.
fn unescape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after
            .get(..3)
            .filter(|_| byte == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match code {
            Some(code) => {
                out.push(code);
                rest = &after[3..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_one_goes_before_the_first_one() {
        for (mounts, root) in [
            ("bpf /sys/fs/bpf bpf rw 0 0\n", Some("/sys/fs/bpf")),
            ("none /run/bpf bpf rw 0 0\nbpf /sys/fs/bpf bpf rw 0 0\n", Some("/sys/fs/bpf")),
            ("none /run/b\\040pf bpf rw 0 0\nnone /x bpf rw 0 0\n", Some("/run/b pf")),
            ("tmpfs /sys/fs/bpf tmpfs rw 0 0\nbpf\n", None),
            ("", None),
        ] {
            assert_eq!(roots(mounts.as_bytes()).as_deref(), root.map(Path::new), "{mounts}");
        }
    }
}
