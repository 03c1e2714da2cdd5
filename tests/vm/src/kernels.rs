//! The kernels of the matrix: where Debian keeps each, and how QEMU must be told to run it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, context};

/// A kernel of the matrix, oldest first in [`MATRIX`].
pub(crate) struct Kernel {
    /// Series, as the user names it.
    pub(crate) name: &'static str,
    /// Debian's suite.
    pub(crate) suite: &'static str,
    /// QEMU's `-cpu`.
    pub(crate) cpu: &'static str,
}

pub(crate) const MATRIX: &[Kernel] = &[
    Kernel { name: "5.10", suite: "bullseye", cpu: "max" },
    Kernel { name: "6.1", suite: "bookworm", cpu: "max" },
    // QEMU 7.2 emulates cmpxchg16b in a way that crashes this kernel's slab allocator at random.
    Kernel { name: "6.12", suite: "trixie", cpu: "max,-cx16" },
    // Without cmpxchg16b this one has no arena maps (ENOMEM).
    Kernel { name: "7.2", suite: "sid", cpu: "max" },
];

impl Kernel {
    /// The newest one moves with sid: that it can't be fetched on some day is reported, but is no failure.
    pub(crate) fn is_newest(&self) -> bool {
        MATRIX.last().is_some_and(|last| last.name == self.name)
    }
}

/// The kernels of those names, all where none is given.
pub(crate) fn select(names: &[String]) -> Result<Vec<&'static Kernel>> {
    if names.is_empty() {
        return Ok(MATRIX.iter().collect());
    }
    names.iter().map(|name| find(name)).collect()
}

pub(crate) fn find(name: &str) -> Result<&'static Kernel> {
    MATRIX.iter().find(|kernel| kernel.name == name).ok_or_else(|| {
        let known: Vec<_> = MATRIX.iter().map(|kernel| kernel.name).collect();
        format!("no kernel {name}; there are {}", known.join(", ")).into()
    })
}

/// A kernel's first two numbers, the unit in which features are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

impl Version {
    /// Reads `6.1` as well as `6.12.107+deb13-cloud-amd64`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        Some(Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A kernel's files, unpacked in the cache.
pub(crate) struct Files {
    /// E.g. `6.1.0-50-cloud-amd64`.
    pub(crate) release: String,
    pub(crate) vmlinuz: PathBuf,
    pub(crate) config: PathBuf,
    /// `lib/modules/RELEASE`.
    pub(crate) modules: PathBuf,
    /// Where what is derived from it may be kept.
    pub(crate) cache: PathBuf,
}

/// Finds a kernel in the cache, or fetches it with apt from the machine's own mirror.
pub(crate) fn fetch(root: &Path, kernel: &Kernel) -> Result<Files> {
    let cache = root.join(".cache/vm").join(kernel.name);
    let unpacked = cache.join("root");
    if !unpacked.is_dir() {
        // A fetch that is cut short leaves no folder of the final name.
        let partial = cache.join(format!("partial-{}", std::process::id()));
        fs::create_dir_all(&partial).map_err(context(&partial.display()))?;
        let fetched = download(root, kernel, &partial);
        if fetched.is_ok() && !unpacked.is_dir() {
            fs::rename(&partial, &unpacked).map_err(context(&unpacked.display()))?;
        } else {
            fs::remove_dir_all(&partial).map_err(context(&partial.display()))?;
        }
        fetched?;
    }
    locate(&unpacked, cache)
}

fn download(root: &Path, kernel: &Kernel, folder: &Path) -> Result<()> {
    // sid splits what the older suites have in one package.
    let follow = "^linux-(image|binary|modules|base)-[0-9].*-cloud-amd64$";
    let status = Command::new("bash")
        .arg(root.join(".ci/debian"))
        .args(["--follow", follow, kernel.suite])
        .arg(folder)
        .arg("linux-image-cloud-amd64")
        .status()
        .map_err(context(&"bash"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("kernel {} can't be fetched from Debian {}", kernel.name, kernel.suite).into())
    }
}

fn locate(unpacked: &Path, cache: PathBuf) -> Result<Files> {
    let modules = ["lib/modules", "usr/lib/modules"]
        .iter()
        .filter_map(|folder| fs::read_dir(unpacked.join(folder)).ok())
        .flatten()
        .filter_map(|entry| entry.ok())
        .map(|entry| entry.path())
        .find(|path| path.join("kernel").is_dir())
        .ok_or_else(|| format!("{}: no kernel modules", unpacked.display()))?;
    let release = modules.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = |paths: [PathBuf; 2]| {
        let missing = format!("{}: does not exist", paths[0].display());
        paths.into_iter().find(|path| path.is_file()).ok_or(missing)
    };
    let boot = unpacked.join("boot");
    Ok(Files {
        vmlinuz: first([boot.join(format!("vmlinuz-{release}")), modules.join("vmlinuz")])?,
        config: first([boot.join(format!("config-{release}")), modules.join("config")])?,
        modules,
        release,
        cache,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let parse = |text| Version::parse(text).unwrap();
        assert_eq!(parse("6.12.107+deb13-cloud-amd64"), Version(6, 12));
        assert_eq!(parse("7.2-rc1"), Version(7, 2));
        assert!(parse("5.10.0-32-cloud-amd64") < parse("6.1"));
        assert!(parse("6.9") < parse("6.12"));
        assert_eq!(Version::parse("six"), None);
        assert_eq!(Version::parse("6"), None);
    }

    #[test]
    fn only_the_last_is_the_newest() {
        let newest: Vec<_> = MATRIX.iter().filter(|k| k.is_newest()).map(|k| k.name).collect();
        assert_eq!(newest, ["7.2"]);
        assert!(MATRIX.is_sorted_by_key(|kernel| Version::parse(kernel.name)));
    }
}
