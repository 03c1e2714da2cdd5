//! An object that is shipped beside its source, so that whoever builds the crate needs no clang.
//!
//! Next to `x.bpf.o` is `x.bpf.o.sources`: a line for each file that the object was compiled from, with a hash of its
//! bytes, and one with a hash of what else decides it, such as macros. Lines that begin with `#` are comments.
//!
//! ```text
//! options 84222325cbf29ce4
//! cbf29ce484222325 x.bpf.c
//! af63dc4c8601ec8c ../include/x.h
//! 8601ec8caf63dc4c $OUT_DIR/config.h
//! ```
//!
//! Paths are relative to the object's folder. Hashes are FNV-1a of 64 bits: they tell that something changed by
//! accident or by work, not by malice.

use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::cargo::Folders;
use crate::output::write_if_changed;
use crate::{Error, Result, fnv};

/// Set to anything but nothing, it renews bundled objects.
pub(crate) const RENEW: &str = "BPF_SKEL_BUNDLE";

/// The word in place of a file's hash.
const OPTIONS: &str = "options";

/// Begins the path of a file that the build script has made.
const OUT_DIR: &str = "$OUT_DIR/";

/// A bundled object and the list of its sources.
pub(crate) struct Bundled<'b> {
    object: &'b Path,
    folders: &'b Folders,
}

impl<'b> Bundled<'b> {
    pub(crate) fn new(object: &'b Path, folders: &'b Folders) -> Self {
        Self { object, folders }
    }

    /// The files that the object was compiled from, or `None` where the object or the list is missing, or where a file or
    /// what else decides it has changed since.
    pub(crate) fn unchanged_sources(&self, options: u64) -> Option<Vec<PathBuf>> {
        let list = fs::read_to_string(self.list()).ok()?;
        self.object.metadata().ok().filter(fs::Metadata::is_file)?;
        let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (mut sources, mut same_options) = (Vec::new(), false);
        for line in lines {
            let (recorded, path) = line.split_once(' ')?;
            if recorded == OPTIONS {
                same_options = u64::from_str_radix(path, 16) == Ok(options);
                continue;
            }
            let path = match path.strip_prefix(OUT_DIR) {
                Some(made) => self.folders.out_dir.as_ref()?.join(made),
                None => self.folder().join(path),
            };
            let bytes = fs::read(&path).ok()?;
            (u64::from_str_radix(recorded, 16) == Ok(hash(&bytes))).then_some(())?;
            sources.push(path);
        }
        same_options.then_some(sources)
    }

    /// Puts a freshly compiled object in place, with the list of what it was made from: `dependencies`, of which `sources`
    /// were named.
    pub(crate) fn renew(
        &self,
        fresh: &Path,
        sources: &[PathBuf],
        dependencies: &[PathBuf],
        options: u64,
    ) -> Result<()> {
        let mut list = format!(
            "# What {} was compiled from. {RENEW}=1 cargo build renews both.\n{OPTIONS} {options:016x}\n",
            self.object.file_name().unwrap_or_default().display()
        );
        let object = fs::read(fresh).map_err(|error| Error::io("read", fresh, &error))?;
        write_if_changed(self.object, &object)?;
        let folder = absolute(self.folder())?;
        let mut own = vec![folder.clone()];
        for source in sources {
            own.extend(absolute(source)?.parent().map(Path::to_owned));
        }
        for dependency in dependencies {
            let bytes =
                fs::read(dependency).map_err(|error| Error::io("read", dependency, &error))?;
            let path = absolute(dependency)?;
            let _ = match self.folders.made(&path) {
                Some(made) => writeln!(list, "{:016x} {OUT_DIR}{}", hash(&bytes), slashed(made)),
                None if self.folders.is_own(&path, &own) => {
                    writeln!(list, "{:016x} {}", hash(&bytes), relative(&folder, &path))
                }
                // A header of the machine's own, which is elsewhere on the next one, would always look changed.
                None => continue,
            };
        }
        write_if_changed(&self.list(), list.as_bytes())?;
        Ok(())
    }

    /// The file that lists the sources.
    pub(crate) fn list(&self) -> PathBuf {
        let mut name = self.object.as_os_str().to_owned();
        name.push(".sources");
        name.into()
    }

    fn folder(&self) -> &Path {
        self.object
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| Error::io("find", path, &error))
}

/// The way from a folder to a file, both absolute.
fn relative(folder: &Path, path: &Path) -> String {
    let common = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    slashed(&up.chain(path.components().skip(common)).collect::<PathBuf>())
}

/// The same on every machine.
pub(crate) fn slashed(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(windows) { text.replace('\\', "/") } else { text }
}

/// A carriage return before a line feed does not count: git may put it there.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let next = bytes.iter().copied().skip(1).chain([0]);
    let text = bytes.iter().copied().zip(next).filter(|pair| *pair != (b'\r', b'\n'));
    fnv::hash(text.map(|(byte, _)| byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_fnv_1a_and_know_no_carriage_returns() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"a\r\nb\r"), hash(b"a\nb\r"));
        assert_ne!(hash(b"a\nb"), hash(b"a\nc"));
    }

    #[test]
    fn a_bundle_holds_until_a_source_or_an_option_changes() {
        let root = std::env::temp_dir().join(format!("bpf-skel-bundled-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let root = {
            fs::create_dir_all(root.join("src/deep")).unwrap();
            fs::create_dir_all(root.join("target/build/x/out")).unwrap();
            root.canonicalize().unwrap()
        };
        let file = |name: &str, text: &str| {
            fs::write(root.join(name), text).unwrap();
            root.join(name)
        };
        let source = file("src/x.bpf.c", "int x;\n");
        let header = file("common.h", "");
        let made = file("target/build/x/out/made.h", "");
        let other = file("target/build/other.h", "");
        let fresh = file("fresh.o", "object");
        // In another folder than its source.
        let object = root.join("src/deep/x.bpf.o");
        let out_dir = root.join("target/build/x/out");
        let folders = Folders::new(Some(root.clone()), Some(out_dir));

        let bundled = Bundled::new(&object, &folders);
        assert_eq!(bundled.unchanged_sources(7), None, "nothing is bundled yet");
        let all = [source.clone(), header.clone(), made.clone(), other, "/dev/null".into()];
        bundled.renew(&fresh, std::slice::from_ref(&source), &all, 7).unwrap();
        assert_eq!(fs::read(&object).unwrap(), b"object");
        let list = fs::read_to_string(bundled.list()).unwrap();
        let names: Vec<_> = list.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(
            names[1..],
            ["0000000000000007", "../x.bpf.c", "../../common.h", "$OUT_DIR/made.h"]
        );
        assert_eq!(bundled.unchanged_sources(7).map(|sources| sources.len()), Some(3));
        assert_eq!(bundled.unchanged_sources(8), None, "other options");
        for changed in [source, header, made] {
            let before = fs::read(&changed).unwrap();
            fs::write(&changed, "int y;\n").unwrap();
            assert_eq!(bundled.unchanged_sources(7), None, "{}", changed.display());
            fs::write(&changed, before).unwrap();
        }
        fs::remove_dir_all(root).unwrap();
    }
}
