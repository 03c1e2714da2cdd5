//! An object that is shipped for C sources: when it may be used, and how it is renewed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::Builder;
use super::generate::elf_endian;
use crate::btf_file::BtfFile;
use crate::bundled::{Bundled, RENEW, hash, slashed};
use crate::cargo::{self, Folders};
use crate::{Error, ErrorKind, Result};

/// Options of clang whose value may follow them at once, and be a path. Longer ones first.
const BEFORE_PATHS: [&str; 8] =
    ["-isystem", "-idirafter", "-iquote", "-include", "-imacros", "--sysroot=", "-I", ""];

impl Builder {
    /// The skeleton of the bundled object, if there is one that may be used.
    pub(super) fn bundled_skeleton(&self, sources: &[PathBuf]) -> Result<Option<PathBuf>> {
        let Some(path) = &self.bundled else { return Ok(None) };
        let folders = Folders::of_environment();
        let bundled = Bundled::new(path, &folders);
        if cargo::in_build_script() {
            cargo::rerun_if_env_changed(RENEW);
            cargo::rerun_if_changed(path);
            cargo::rerun_if_changed(&bundled.list());
        }
        // What cannot be read is for the compilation to say.
        let options = self.decisive(sources, &folders).ok().filter(|_| !renewing());
        let Some(listed) = options.and_then(|options| bundled.unchanged_sources(options)) else {
            return Ok(None);
        };
        let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        if elf_endian(&bytes) != Some(self.target_endian()) {
            return Ok(None);
        }
        if cargo::in_build_script() {
            // What the build script makes is newer than its start, which cargo would take for a change.
            let watched = listed.iter().chain(sources).filter(|path| folders.made(path).is_none());
            watched.chain(self.watched_kernel()).for_each(|path| cargo::rerun_if_changed(path));
        }
        let skeleton = self.skeleton_from(path, std::slice::from_ref(path));
        let skeleton = skeleton.map_err(|error| match error.kind() {
            ErrorKind::Object => error
                .with_hint(format!("it is the bundled object: {RENEW}=1 cargo build renews it")),
            _ => error,
        })?;
        self.write_skeleton(&skeleton, sources).map(Some)
    }

    /// Renews the bundled object where that is asked for; else says that it is not what it should be.
    pub(super) fn renew_bundled(
        &self,
        fresh: &Path,
        sources: &[PathBuf],
        dependencies: &[PathBuf],
    ) -> Result<()> {
        let Some(path) = &self.bundled else { return Ok(()) };
        if renewing() {
            let folders = Folders::of_environment();
            let options = self.decisive(sources, &folders)?;
            return Bundled::new(path, &folders).renew(fresh, sources, dependencies, options);
        }
        if cargo::in_build_script() {
            let was_there = path.exists();
            let path = path.display();
            cargo::warning(&if was_there {
                format!("{path} does not belong to its source: {RENEW}=1 cargo build renews it")
            } else {
                format!("{path} is not there: {RENEW}=1 cargo build makes it")
            });
        }
        Ok(())
    }

    /// A hash of what decides the object beside the headers: the sources, and what clang is told. It is the same on every
    /// machine: a folder outside of the crate is a different one on each.
    fn decisive(&self, sources: &[PathBuf], folders: &Folders) -> Result<u64> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut line = |word: &str, rest: &[u8]| lines.push([word.as_bytes(), b" ", rest].concat());
        for source in sources {
            let bytes = fs::read(source).map_err(|error| Error::io("read", source, &error))?;
            let name = place(source, folders)
                .or_else(|| source.file_name().map(|name| slashed(Path::new(name))));
            line("source", name.unwrap_or_default().as_bytes());
            line("bytes", &hash(&bytes).to_le_bytes());
        }
        for (name, value) in &self.defines {
            line("define", name.as_bytes());
            line("value", value.as_deref().unwrap_or("1").as_bytes());
        }
        for folder in &self.include_dirs {
            line("folder", place(folder, folders).unwrap_or_default().as_bytes());
        }
        for arg in &self.args {
            line("arg", &portable(arg, folders));
        }
        if let Some(arch) = &self.target_arch {
            line("arch", arch.as_bytes());
        }
        match &self.vmlinux {
            // The running kernel's: another one on each machine.
            Some(from) if from.starts_with("/sys") => line("vmlinux", b"running"),
            Some(from) => line("vmlinux", &hash(BtfFile::read(from)?.bytes()).to_le_bytes()),
            None => {}
        }
        Ok(hash(&lines.join(&b'\n')))
    }
}

fn renewing() -> bool {
    env::var_os(RENEW).is_some_and(|value| !value.is_empty())
}

/// A path within the crate, if it is one.
fn place(path: &Path, folders: &Folders) -> Option<String> {
    if path.is_relative() {
        return Some(slashed(path));
    }
    Some(slashed(folders.in_crate(&path.canonicalize().ok()?)?))
}

/// An argument without a path that is outside of the crate.
fn portable(arg: &OsString, folders: &Folders) -> Vec<u8> {
    let bytes = arg.as_encoded_bytes();
    let Some(text) = arg.to_str() else { return bytes.to_vec() };
    let split = BEFORE_PATHS.iter().find_map(|option| Some((option, text.strip_prefix(option)?)));
    match split {
        Some((option, path)) if Path::new(OsStr::new(path)).is_absolute() => {
            let place = place(Path::new(path), folders).unwrap_or_default();
            format!("{option}{place}").into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_decides_the_object_counts() {
        let root = env::temp_dir().join(format!("bpf-skel-decisive-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        let root = root.canonicalize().unwrap();
        let [one, two] = ["one.c", "two.c"].map(|name| root.join(name));
        fs::write(&one, "int one;").unwrap();
        fs::write(&two, "int two;").unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
        let [kernel, other_kernel] = ["types-el.o", "maps-el.o"].map(|name| fixtures.join(name));
        let folders = Folders::new(Some(root.clone()), None);
        let of = |builder: Builder, sources: &[&PathBuf]| {
            let sources: Vec<PathBuf> = sources.iter().map(|&source| source.clone()).collect();
            builder.decisive(&sources, &folders).unwrap()
        };

        let mut all = vec![
            of(Builder::new(), &[&one]),
            of(Builder::new(), &[&two]),
            of(Builder::new(), &[&one, &two]),
            of(Builder::new(), &[&two, &one]),
            of(Builder::new().define("X", "2"), &[&one]),
            of(Builder::new().define("X", None), &[&one]),
            of(Builder::new().clang_arg("-O1"), &[&one]),
            of(Builder::new().clang_arg("-I").clang_arg("include"), &[&one]),
            of(Builder::new().include_dir("include"), &[&one]),
            of(Builder::new().include_dir("/usr/include"), &[&one]),
            of(Builder::new().target_arch("arm"), &[&one]),
            of(Builder::new().vmlinux(), &[&one]),
            of(Builder::new().vmlinux_from(&kernel), &[&one]),
            of(Builder::new().vmlinux_from(&other_kernel), &[&one]),
        ];
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);

        // Wherever the crate is, and wherever what is outside of it.
        fs::create_dir(root.join("include")).unwrap();
        let include = root.join("include");
        let relative = of(Builder::new().include_dir("include"), &[&one]);
        assert_eq!(of(Builder::new().include_dir(&include), &[&one]), relative);
        let arg = |arg: String| of(Builder::new().clang_arg(arg), &[&one]);
        assert_eq!(arg(format!("-I{}", include.display())), arg("-Iinclude".into()));
        assert_eq!(arg("-I/usr/include".into()), arg("-I/usr".into()));
        assert_ne!(arg("-I/usr/include".into()), arg("-isystem/usr/include".into()));
        fs::remove_dir_all(root).unwrap();
    }
}
