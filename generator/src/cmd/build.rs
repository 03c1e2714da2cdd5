use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bpf_skel::spec::Endian;

use super::cli::{is_output, print};
use crate::btf_file::RUNNING;
use crate::{Builder, Result};

/// Compile a C source to an object.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The C source.
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// The object to write, `-` for standard output; the source's name with `.bpf.o` in the current folder if not given.
    #[arg(short, long, value_name = "OBJ")]
    output: Option<PathBuf>,
    /// The clang to run.
    #[arg(long)]
    clang: Option<PathBuf>,
    /// A folder to search for headers.
    #[arg(short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,
    /// A macro: NAME or NAME=VALUE.
    #[arg(short = 'D', value_name = "MACRO")]
    define: Vec<OsString>,
    /// Let it include vmlinux.h, with the running kernel's types or with those of FILE.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = RUNNING)]
    vmlinux: Option<PathBuf>,
    /// Byte order to compile for; the host's if not given.
    #[arg(long, value_parser = ["little", "big"])]
    endian: Option<String>,
    /// More arguments for clang.
    #[arg(last = true, value_name = "CLANG_ARGS")]
    args: Vec<OsString>,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut builder = Builder::new();
        if let Some(clang) = self.clang {
            builder = builder.clang(clang);
        }
        for folder in self.include {
            builder = builder.include_dir(folder);
        }
        // Not `Builder::define`: a value need not be text.
        for define in self.define {
            let mut arg = OsString::from("-D");
            arg.push(define);
            builder = builder.clang_arg(arg);
        }
        builder = builder.clang_args(self.args);
        if let Some(btf) = self.vmlinux {
            builder = builder.vmlinux_from(btf);
        }
        if let Some(endian) = self.endian {
            builder = builder.endian(if endian == "big" { Endian::Big } else { Endian::Little });
        }
        if self.output.as_deref().is_some_and(is_output) {
            return print(&builder.compile_to_bytes(&self.source)?.object);
        }
        let output = self.output.unwrap_or_else(|| object_of(&self.source));
        builder.compile(&self.source, &output).map(|_| ExitCode::SUCCESS)
    }
}

/// `x.bpf.o` of a source `folder/x.bpf.c`.
fn object_of(source: &Path) -> PathBuf {
    let mut name = Path::new(source.file_name().unwrap_or(source.as_os_str()));
    while name.extension().is_some()
        && let Some(stem) = name.file_stem()
    {
        name = Path::new(stem);
    }
    let mut object = name.as_os_str().to_owned();
    object.push(".bpf.o");
    object.into()
}
