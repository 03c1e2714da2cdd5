use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::cli::{type_name, write};
use crate::btf_file::{BtfFile, RUNNING};
use crate::{CHeader, Result};

/// Write vmlinux.h: a kernel's types as C for BPF programs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kernel's types: raw BTF or an ELF file with them; those of the running kernel if not given.
    #[arg(long, value_name = "FILE", default_value = RUNNING, hide_default_value = true)]
    btf: PathBuf,
    /// Also the types of this module, by its name or by its file.
    #[arg(long, value_name = "NAME")]
    module: Option<String>,
    /// Only this type (or kernel function) and what it needs; may be given more than once.
    #[arg(long = "type", value_name = "NAME", value_parser = type_name)]
    types: Vec<String>,
    /// The file to write; standard output if not given or `-`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let kernel = BtfFile::read(&self.btf)?;
        let kernel = kernel.types()?;
        let module = self.module.map(|module| BtfFile::read(&module_path(&module))).transpose()?;
        let module = module.as_ref().map(|module| module.types_over(&kernel)).transpose()?;
        let header = CHeader::vmlinux(module.as_ref().unwrap_or(&kernel)).types(self.types);
        write(self.output.as_deref(), &header.to_c()?)
    }
}

/// A name stands for what the running kernel shows of it.
fn module_path(module: &str) -> PathBuf {
    match module.contains('/') {
        true => PathBuf::from(module),
        false => Path::new(RUNNING).with_file_name(module.replace('-', "_")),
    }
}
