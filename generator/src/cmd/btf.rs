use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bpf_skel::btf::Btf;

use super::btf_list;
use super::cli::{print, print_json, type_name, write};
use crate::btf_file::{BtfFile, RUNNING};
use crate::{CHeader, Result};

/// Show type information.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Dump(Dump),
}

/// Print types as C, or one by one.
#[derive(Debug, clap::Args)]
struct Dump {
    /// An object, a vmlinux, or raw BTF.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The BTF that FILE continues; for a module in /sys/kernel/btf the kernel's if not given.
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
    /// Only this type and what it needs; may be given more than once.
    #[arg(long = "type", value_name = "NAME", value_parser = type_name)]
    types: Vec<String>,
    /// The file to write; standard output if not given or `-`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// List the types by id, as bpftool does.
    #[arg(long, conflicts_with_all = ["types", "output"])]
    raw: bool,
    /// List the types as JSON.
    #[arg(long, conflicts_with_all = ["types", "output", "raw"])]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Dump(dump) => dump.run(),
        }
    }
}

impl Dump {
    fn run(self) -> Result<ExitCode> {
        let base = self.base.clone().or_else(|| is_module(&self.file).then(|| RUNNING.into()));
        let base = base.map(|path| BtfFile::read(&path)).transpose()?;
        let base = base.as_ref().map(BtfFile::types).transpose()?;
        let file = BtfFile::read(&self.file)?;
        let base = base.map_or_else(|| file.own_base(), |base| Ok(Some(base)))?;
        let btf = match &base {
            Some(base) => file.types_over(base)?,
            None => file.types()?,
        };
        self.print(&btf)
    }

    fn print(self, btf: &Btf<'_>) -> Result<ExitCode> {
        if self.raw {
            print(&btf_list::text(btf))
        } else if self.json {
            print_json(&btf_list::json(btf))
        } else {
            write(self.output.as_deref(), &CHeader::new(btf).types(self.types).to_c()?)
        }
    }
}

fn is_module(path: &Path) -> bool {
    path != Path::new(RUNNING) && path.parent() == Path::new(RUNNING).parent()
}
