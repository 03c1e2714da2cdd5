//! One run of clang.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use bpf_skel::spec::Endian;

use super::{depfile, find};
use crate::{Error, ErrorKind, Result, cargo};

/// What to compile and how.
#[derive(Clone, Debug)]
pub(crate) struct Compile<'a> {
    pub(crate) clang: Option<&'a Path>,
    pub(crate) source: &'a Path,
    pub(crate) object: &'a Path,
    pub(crate) endian: Endian,
    pub(crate) arch: &'a str,
    pub(crate) include_dirs: &'a [PathBuf],
    /// The folder of a generated vmlinux.h.
    pub(crate) vmlinux_dir: Option<&'a Path>,
    pub(crate) defines: &'a [(String, Option<String>)],
    pub(crate) args: &'a [OsString],
}

/// What came out beside the object.
#[derive(Debug)]
pub(crate) struct Compiled {
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
        if let Some(folder) = self.object.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
        }
        // Written beside the object and moved: a build that is interrupted leaves no half an object.
        let suffixed = |suffix: &str| {
            let mut name = self.object.as_os_str().to_owned();
            name.push(format!(".{}.{suffix}", std::process::id()));
            PathBuf::from(name)
        };
        let (object, depfile) = (suffixed("o"), suffixed("d"));
        let result = self.run_into(&clang, &object, &depfile);
        if result.is_err() {
            let _ = fs::remove_file(&object);
        }
        let _ = fs::remove_file(&depfile);
        result
    }

    fn run_into(&self, clang: &Path, object: &Path, depfile: &Path) -> Result<Compiled> {
        let mut command = Command::new(clang);
        command.args(self.args()).arg("-MD").arg("-MF").arg(depfile).args(["-MT", "object"]);
        command.arg("-c").arg(self.source).arg("-o").arg(object);
        let output = command.output().map_err(|error| {
            let message = format!("cannot run {}: {error}", clang.display());
            Error::new(ErrorKind::ClangNotFound, message)
        })?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(Error::new(ErrorKind::Clang, explain(clang, &output.status, &words))
                .with_detail(words)
                .within_path(self.source));
        }
        let rules =
            fs::read_to_string(depfile).map_err(|error| Error::io("read", depfile, &error))?;
        fs::rename(object, self.object).map_err(|error| Error::io("write", self.object, &error))?;
        Ok(Compiled { warnings: words, dependencies: depfile::parse(&rules) })
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
        let multiarch = PathBuf::from(format!("/usr/include/{}-linux-gnu", self.arch));
        if multiarch.is_dir() {
            args.push("-idirafter".into());
            args.push(multiarch.into());
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
fn explain(clang: &Path, status: &std::process::ExitStatus, words: &str) -> String {
    if words.contains("No available targets") || words.contains("unknown target triple") {
        return format!("{} has no BPF target", clang.display());
    }
    match words.lines().find(|line| line.contains("error:")) {
        Some(line) => line.to_owned(),
        None => format!("{} failed ({status})", clang.display()),
    }
}
