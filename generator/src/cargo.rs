//! What cargo tells a build script, and what a build script tells cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use bpf_skel::spec::Endian;

/// Whether standard output is somebody else's.
static SILENT: AtomicBool = AtomicBool::new(false);

/// For the command: a build script that runs it has its output for itself.
#[cfg(feature = "cli")]
pub(crate) fn be_silent() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Whether this runs inside a build script, as a part of it; elsewhere nothing is printed for cargo.
pub(crate) fn in_build_script() -> bool {
    !SILENT.load(Ordering::Relaxed) && env::var_os("CARGO_CFG_TARGET_ENDIAN").is_some()
}

/// The byte order to build for: the target's in a build script, else the host's.
pub(crate) fn target_endian() -> Endian {
    match env::var("CARGO_CFG_TARGET_ENDIAN").as_deref() {
        Ok("big") => Endian::Big,
        Ok(_) => Endian::Little,
        Err(_) => Endian::NATIVE,
    }
}

/// The architecture to build for, by cargo's name: the target's in a build script, else the host's.
pub(crate) fn target_arch() -> String {
    env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_else(|_| env::consts::ARCH.to_owned())
}

/// The `__TARGET_ARCH_…` name that `bpf_tracing.h` wants for an architecture of cargo's, if it has one.
pub(crate) fn bpf_arch(arch: &str) -> Option<&'static str> {
    Some(match arch {
        "x86_64" | "x86" => "x86",
        "aarch64" => "arm64",
        "arm" => "arm",
        "s390x" => "s390",
        "powerpc64" | "powerpc" => "powerpc",
        "mips" | "mips64" | "mips32r6" | "mips64r6" => "mips",
        "riscv64" | "riscv32" => "riscv",
        "sparc64" | "sparc" => "sparc",
        "loongarch64" | "loongarch32" => "loongarch",
        _ => return None,
    })
}

/// The folders that cargo names, without links.
pub(crate) struct Folders {
    /// The crate's.
    manifest: Option<PathBuf>,
    /// For what the build script makes.
    pub(crate) out_dir: Option<PathBuf>,
    /// For what all build scripts make.
    build: Option<PathBuf>,
}

impl Folders {
    pub(crate) fn of_environment() -> Self {
        let folder = |name: &str| PathBuf::from(env::var_os(name)?).canonicalize().ok();
        Self::new(folder("CARGO_MANIFEST_DIR"), folder("OUT_DIR"))
    }

    pub(crate) fn new(manifest: Option<PathBuf>, out_dir: Option<PathBuf>) -> Self {
        let build = |out_dir: &Path| {
            let mut around = out_dir.ancestors();
            let build = around.find(|folder| folder.file_name().is_some_and(|it| it == "build"))?;
            // `OUT_DIR` that is not of cargo's making says nothing of others.
            let is_around = manifest.as_ref().is_some_and(|crate_| crate_.starts_with(build));
            (!is_around).then(|| build.to_owned())
        };
        let build = out_dir.as_deref().and_then(build);
        Self { manifest, out_dir, build }
    }

    /// The path within `OUT_DIR` of what the build script has made.
    pub(crate) fn made<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(self.out_dir.as_ref()?).ok()
    }

    /// The path within the crate, of what is the crate's own.
    pub(crate) fn in_crate<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(self.manifest.as_ref().filter(|_| !self.is_built(path))?).ok()
    }

    /// Whether a file is the crate's, or in one of these folders, and not made by a build script.
    pub(crate) fn is_own(&self, path: &Path, folders: &[PathBuf]) -> bool {
        let mut own = self.manifest.iter().chain(folders);
        !self.is_built(path) && own.any(|folder| path.starts_with(folder))
    }

    fn is_built(&self, path: &Path) -> bool {
        self.build.iter().chain(&self.out_dir).any(|folder| path.starts_with(folder))
    }
}

pub(crate) fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

pub(crate) fn rerun_if_env_changed(name: &str) {
    println!("cargo::rerun-if-env-changed={name}");
}

/// Shows `text` as warnings of the build, one a line.
pub(crate) fn warning(text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        println!("cargo::warning={line}");
    }
}
