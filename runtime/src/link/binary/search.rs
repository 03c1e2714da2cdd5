use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The file that a name means, as libbpf finds it: one with a slash is a path; a library is looked for in
/// `LD_LIBRARY_PATH` and the system's directories, anything else in `PATH` and `/usr/bin`, `/usr/sbin`.
pub(crate) fn search(binary: &Path) -> Result<PathBuf> {
    let name = binary.to_string_lossy();
    if name.is_empty() {
        return Err(Error::invalid_input("expected a file, found an empty name"));
    }
    if name.contains('/') {
        return Ok(binary.to_owned());
    }
    let is_library = name.ends_with(".so") || name.contains(".so.");
    let (variable, system) = if is_library {
        ("LD_LIBRARY_PATH", LIBRARIES)
    } else {
        ("PATH", &["/usr/bin", "/usr/sbin"][..])
    };
    let own = env::var_os(variable).unwrap_or_default();
    let directories =
        env::split_paths(&own).chain(system.iter().map(PathBuf::from)).collect::<Vec<_>>();
    let fits = |path: &PathBuf| {
        path.metadata().is_ok_and(|meta| {
            meta.is_file() && (is_library || meta.permissions().mode() & 0o111 != 0)
        })
    };
    let candidates = directories.iter().filter(|directory| directory.is_absolute());
    candidates.map(|directory| directory.join(binary)).find(fits).ok_or_else(|| {
        let looked = directories.iter().map(|directory| directory.display().to_string());
        Error::not_found("there is no such file where programs and libraries are")
            .with_hint(format!("looked in: {}", looked.collect::<Vec<_>>().join(", ")))
    })
}

#[rustfmt::skip]
const LIBRARIES: &[&str] = &[
    "/usr/lib64",
    "/usr/lib",
    #[cfg(target_arch = "x86_64")]
    "/lib/x86_64-linux-gnu",
    #[cfg(target_arch = "x86")]
    "/lib/i386-linux-gnu",
    #[cfg(target_arch = "aarch64")]
    "/lib/aarch64-linux-gnu",
    #[cfg(target_arch = "arm")]
    "/lib/arm-linux-gnueabihf",
    #[cfg(target_arch = "riscv64")]
    "/lib/riscv64-linux-gnu",
    #[cfg(target_arch = "s390x")]
    "/lib/s390x-linux-gnu",
    #[cfg(target_arch = "powerpc64")]
    "/lib/powerpc64le-linux-gnu",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        assert_eq!(search(Path::new("./x")).unwrap(), Path::new("./x"));
        assert!(search(Path::new("")).is_err());
        let shell = search(Path::new("sh")).unwrap();
        assert!(shell.is_absolute() && shell.ends_with("sh"));
        let error = search(Path::new("libno-such-library.so.1")).unwrap_err();
        assert!(error.to_string().contains("/usr/lib64, /usr/lib"), "{error}");
    }
}
