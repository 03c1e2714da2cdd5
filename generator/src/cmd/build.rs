use std::path::PathBuf;
use std::process::ExitCode;

use bpf_skel::spec::Endian;

use crate::btf_file::RUNNING;
use crate::builder::{file_name, object_name};
use crate::{Builder, Result};

/// Compile a C source to an object.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The C source.
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// The object to write; the source's name with `.bpf.o` in the current folder if not given.
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
    define: Vec<String>,
    /// Let it include vmlinux.h, with the running kernel's types or with those of FILE.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = RUNNING)]
    vmlinux: Option<PathBuf>,
    /// Byte order to compile for; the host's if not given.
    #[arg(long, value_parser = ["little", "big"])]
    endian: Option<String>,
    /// More arguments for clang.
    #[arg(last = true, value_name = "CLANG_ARGS")]
    args: Vec<String>,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut builder = Builder::new().clang_args(self.args);
        if let Some(clang) = self.clang {
            builder = builder.clang(clang);
        }
        for folder in self.include {
            builder = builder.include_dir(folder);
        }
        for define in &self.define {
            builder = match define.split_once('=') {
                Some((name, value)) => builder.define(name, value),
                None => builder.define(define, None),
            };
        }
        if let Some(btf) = self.vmlinux {
            builder = builder.vmlinux_from(btf);
        }
        if let Some(endian) = self.endian {
            builder = builder.endian(if endian == "big" { Endian::Big } else { Endian::Little });
        }
        let output = self.output.unwrap_or_else(|| {
            let file = file_name(&self.source);
            format!("{}.bpf.o", object_name(&file)).into()
        });
        builder.compile(&self.source, &output)?;
        Ok(ExitCode::SUCCESS)
    }
}
