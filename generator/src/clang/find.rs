//! Which clang to use.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// The variable that names the clang to use.
pub(crate) const VARIABLE: &str = "CLANG";

/// Oldest clang whose BPF objects carry what is needed (BTF, `.BTF.ext`, CO-RE, global data), and the newest name
/// that is tried. A plain `clang` goes first: it is what the user's own shell runs.
const OLDEST: u32 = 11;
const NEWEST: u32 = 22;

/// The clang to use: `chosen` by the builder, else `CLANG`, else the first of `clang`, `clang-22` … `clang-11` on
/// the search path.
pub(crate) fn find(chosen: Option<&Path>) -> Result<PathBuf> {
    let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(chosen, variable.as_deref(), &path)
}

fn find_in(chosen: Option<&Path>, variable: Option<&OsStr>, path: &OsStr) -> Result<PathBuf> {
    for (from, named) in [("the builder", chosen), ("CLANG", variable.map(Path::new))] {
        let Some(named) = named else { continue };
        return on_path(named, path).ok_or_else(|| {
            let message = format!("no executable {:?}, which {from} names", named.display());
            Error::new(ErrorKind::ClangNotFound, message)
                .with_hint("install clang, or leave this out to have it searched for")
        });
    }
    let names = std::iter::once("clang".to_owned())
        .chain((OLDEST..=NEWEST).rev().map(|version| format!("clang-{version}")));
    names.into_iter().find_map(|name| on_path(Path::new(&name), path)).ok_or_else(|| {
        let tried = format!("clang and clang-{NEWEST} down to clang-{OLDEST}");
        let folders: Vec<String> =
            env::split_paths(path).map(|folder| folder.display().to_string()).collect();
        Error::new(ErrorKind::ClangNotFound, "clang not found")
            .with_hint(
                "install it (Debian, Ubuntu, Fedora and Arch: package `clang`) or name it in CLANG",
            )
            .with_detail(format!("tried {tried} in {}", folders.join(":")))
    })
}

/// `name` itself if it has a folder in it, else where the search path has it.
fn on_path(name: &Path, path: &OsStr) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return is_executable(name).then(|| name.to_owned());
    }
    env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        path.is_file() || path.with_extension("exe").is_file()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_builder_then_the_variable_then_plain_then_newest() {
        let folder = std::env::temp_dir().join(format!("bpf-skel-find-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.as_os_str();
        let add = |name: &str, mode: u32| {
            let file = folder.join(name);
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            file
        };

        let error = find_in(None, None, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClangNotFound);
        assert!(format!("{error:?}").contains("clang-22 down to clang-11"), "{error:?}");

        let old = add("clang-15", 0o755);
        assert_eq!(find_in(None, None, path).unwrap(), old);
        let new = add("clang-19", 0o755);
        assert_eq!(find_in(None, None, path).unwrap(), new);
        add("clang", 0o644);
        assert_eq!(find_in(None, None, path).unwrap(), new, "not executable");
        let plain = add("clang", 0o755);
        assert_eq!(find_in(None, None, path).unwrap(), plain);
        assert_eq!(find_in(None, Some(OsStr::new("clang-15")), path).unwrap(), old);
        assert_eq!(find_in(Some(&new), Some(OsStr::new("clang-15")), path).unwrap(), new);
        let error = find_in(None, Some(OsStr::new("/no/clang")), path).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(r#"no executable "/no/clang", which CLANG names"#), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
