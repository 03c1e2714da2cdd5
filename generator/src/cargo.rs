//! What cargo tells a build script, and what a build script tells cargo.

use std::env;
use std::path::Path;

use bpf_skel::spec::Endian;

/// Whether this runs inside a build script; elsewhere nothing is printed for cargo.
pub(crate) fn in_build_script() -> bool {
    env::var_os("CARGO_CFG_TARGET_ENDIAN").is_some()
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
