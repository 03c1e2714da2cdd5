//! One run of clang.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::{env, fs};

use bpf_skel::spec::Endian;

use super::{depfile, find, multiarch};
use crate::{Error, ErrorKind, Result, cargo, vmlinux};

/// What to compile and how.
#[derive(Clone, Debug)]
pub(crate) struct Compile<'a> {
    pub(crate) clang: Option<&'a Path>,
    pub(crate) source: &'a Path,
    /// A folder for the files of this run.
    pub(crate) scratch: &'a Path,
    pub(crate) endian: Endian,
    pub(crate) arch: &'a str,
    pub(crate) include_dirs: &'a [PathBuf],
    /// The folder of a generated vmlinux.h.
    pub(crate) vmlinux_dir: Option<&'a Path>,
    pub(crate) defines: &'a [(String, Option<String>)],
    pub(crate) args: &'a [OsString],
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The object's bytes.
    pub(crate) object: Vec<u8>,
    /// clang's warnings, empty where there were none.
    pub(crate) warnings: String,
    /// The source and every header that it read.
    pub(crate) dependencies: Vec<PathBuf>,
}

impl Compile<'_> {
    pub(crate) fn run(&self) -> Result<Compiled> {
        if !self.source.is_file() {
            return Err(Error::new(ErrorKind::Io, "no such file").within_path(self.source));
        }
        let clang = find(self.clang)?;
        let (object, depfile) = (self.scratch.join("object"), self.scratch.join("depfile"));
        let mut command = Command::new(&clang);
        command.args(self.args()).arg("-MD").arg("-MF").arg(&depfile).args(["-MT", "object"]);
        command.arg("-c").arg(self.source).arg("-o").arg(&object);
        let output = command.output().map_err(|error| {
            let message = format!("cannot run {}: {error}", clang.display());
            Error::new(ErrorKind::ClangNotFound, message)
        })?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(self.refused(&clang, output.status, words));
        }
        let read = |path: &Path| fs::read(path).map_err(|error| Error::io("read", path, &error));
        let dependencies = depfile::parse(&read(&depfile)?);
        Ok(Compiled { object: read(&object)?, warnings: words, dependencies })
    }

    /// A run that failed.
    fn refused(&self, clang: &Path, status: ExitStatus, words: String) -> Error {
        let explained = explain(clang, status, &words);
        // clang names the file that it does not like, which is this one or a header.
        let is_named = explained.starts_with(&format!("{}:", self.source.display()));
        let lacks_kernel = self.vmlinux_dir.is_none()
            && words.contains(&format!("'{}' file not found", vmlinux::HEADER));
        let mut error = Error::new(ErrorKind::Clang, explained).with_detail(words);
        if lacks_kernel {
            error = error.with_hint(
                "`Builder::vmlinux` and `bpf-skel build --vmlinux` write it, with the running kernel's types",
            );
        }
        if is_named { error } else { error.within_path(self.source) }
    }

    fn args(&self) -> Vec<OsString> {
        let target = match self.endian {
            Endian::Little => "bpfel",
            Endian::Big => "bpfeb",
        };
        let mut args: Vec<OsString> =
            ["-g", "-O2", "-mcpu=v3", "-target", target, "-fno-color-diagnostics"]
                .map(OsString::from)
                .into();
        // Distributions that switch the stack protector on do so for every target; BPF has none.
        args.push("-fno-stack-protector".into());
        if let Some(arch) = cargo::bpf_arch(self.arch) {
            args.push(format!("-D__TARGET_ARCH_{arch}").into());
        }
        args.extend(reproducible());
        for (name, value) in self.defines {
            args.push(match value {
                Some(value) => format!("-D{name}={value}").into(),
                None => format!("-D{name}").into(),
            });
        }
        for folder in self.include_dirs {
            args.push("-I".into());
            args.push(folder.into());
        }
        if let Some(folder) = self.vmlinux_dir {
            args.push("-I".into());
            args.push(folder.into());
            // Behind those of `reproducible`, so that it holds where one folder is in the other.
            let mut map = OsString::from("-ffile-prefix-map=");
            map.push(folder);
            map.push("=.");
            args.push(map);
        }
        args.extend(self.args.iter().cloned());
        // <asm/types.h> of Debian's multiarch layout, which clang knows for the host only and not for BPF. Last,
        // so that nothing of the user's is shadowed.
        if let Some(folder) = multiarch::folder(self.arch, self.endian, Path::new("/usr")) {
            args.push("-idirafter".into());
            args.push(folder.into());
        }
        args
    }
}

/// Options that keep the folder of the build out of the object.
fn reproducible() -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["-fdebug-compilation-dir=.".into()];
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    for folder in [env::current_dir().ok(), manifest].into_iter().flatten() {
        let mut arg = OsString::from("-ffile-prefix-map=");
        arg.push(folder);
        arg.push("/=");
        if !args.contains(&arg) {
            args.push(arg);
        }
    }
    args
}

/// One line for a run that failed.
fn explain(clang: &Path, status: ExitStatus, words: &str) -> String {
    if words.contains("No available targets") || words.contains("unknown target triple") {
        return format!("{} has no BPF target", clang.display());
    }
    match words.lines().find(|line| line.contains("error:")) {
        Some(line) => line.to_owned(),
        None => format!("{} failed ({status})", clang.display()),
    }
}
