use std::convert::Infallible;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use bpf_skel::elf::{Legacy, Reader};
use bpf_skel::spec::ObjectSpec;
use clap::{Args as _, FromArgMatches as _, Parser, Subcommand};

use super::{btf, build, generate, inspect, link, vmlinux};
use crate::builder::file_name;
use crate::output::{say, write_if_changed};
use crate::{Error, Result, cargo};

const STATUS: &str = "Status: 0 where all went well, 1 where something failed, 2 where the arguments make no sense.\n\
    Errors go to standard error. `bpf-skel COMMAND --help` has more.";

const GEN: &str = "gen";

/// Typed Rust skeletons for BPF objects.
#[derive(Debug, Parser)]
#[command(name = "bpf-skel", version, after_help = STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Gen(generate::Args),
    Build(build::Args),
    Link(link::Args),
    Inspect(inspect::Args),
    Vmlinux(vmlinux::Args),
    Btf(btf::Args),
    #[cfg(target_os = "linux")]
    Verify(super::verify::Args),
    #[cfg(target_os = "linux")]
    Load(super::load::Args),
    #[cfg(target_os = "linux")]
    Pins(super::pins::Args),
    #[cfg(target_os = "linux")]
    Unload(super::unload::Args),
}

/// Runs the command. Errors go to standard error; the status is 0 only where nothing failed.
pub fn main() -> ExitCode {
    cargo::be_silent();
    let result = match parse() {
        Command::Gen(args) => args.run(),
        Command::Build(args) => args.run(),
        Command::Link(args) => args.run(),
        Command::Inspect(args) => args.run(),
        Command::Vmlinux(args) => args.run(),
        Command::Btf(args) => args.run(),
        #[cfg(target_os = "linux")]
        Command::Verify(args) => args.run(),
        #[cfg(target_os = "linux")]
        Command::Load(args) => args.run(),
        #[cfg(target_os = "linux")]
        Command::Pins(args) => args.run(),
        #[cfg(target_os = "linux")]
        Command::Unload(args) => args.run(),
    };
    result.unwrap_or_else(|error| {
        say(format_args!("bpf-skel: {error:?}"));
        ExitCode::FAILURE
    })
}

/// The command that was asked for. Making all of them takes as long as a small skeleton, for which a build waits: `gen` is
/// made alone.
fn parse() -> Command {
    if env::args_os().nth(1).is_none_or(|name| name != GEN) {
        return Cli::parse().command;
    }
    let alone = clap::Command::new(GEN).bin_name(format!("bpf-skel {GEN}"));
    let matches = generate::Args::augment_args(alone).get_matches_from(env::args_os().skip(1));
    generate::Args::from_arg_matches(&matches).map_or_else(|error| error.exit(), Command::Gen)
}

/// How to read the object.
#[derive(Debug, clap::Args)]
pub(super) struct Reading {
    /// Layout of the map definitions in a section `maps`.
    #[arg(long, value_name = "LAYOUT", value_enum, default_value_t)]
    legacy: Layout,
}

/// [`Legacy`], by the names that the command knows.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(super) enum Layout {
    /// struct bpf_elf_map, or as much of it as there is.
    #[default]
    Iproute2,
    /// struct bpf_elf_map of 20 or 24 bytes, without flags.
    Iproute2Old,
    /// struct bpf_map_def of libbpf before 1.0.
    Libbpf,
}

impl From<Layout> for Legacy {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Iproute2 => Self::Iproute2,
            Layout::Iproute2Old => Self::Iproute2Old,
            Layout::Libbpf => Self::Libbpf,
        }
    }
}

impl Reading {
    pub(super) fn layout(&self) -> Legacy {
        self.legacy.into()
    }

    /// Reads an object; what is to be said of it goes to standard error.
    pub(super) fn object(&self, path: &Path) -> Result<ObjectSpec> {
        let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        let file = file_name(path);
        let reading = Reader::new().legacy(self.layout()).read(&bytes, &file)?;
        for warning in &reading.warnings {
            say(format_args!("bpf-skel: {file}: {warning}"));
        }
        Ok(reading.spec)
    }
}

/// Writes to the file, if there is one, where it does not hold that already; else to standard output.
pub(super) fn write(path: Option<&Path>, bytes: &(impl AsRef<[u8]> + ?Sized)) -> Result<ExitCode> {
    match path {
        Some(path) if !is_output(path) => {
            write_if_changed(path, bytes.as_ref()).map(|_| ExitCode::SUCCESS)
        }
        _ => print(bytes),
    }
}

/// Whether the name of a file stands for standard output.
pub(super) fn is_output(path: &Path) -> bool {
    path == Path::new("-")
}

/// The path from the root, for configurations, which take no other.
#[cfg(target_os = "linux")]
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Error::io("find", path, &error))
}

/// The name of a type without the `struct`, `union` or `enum` that C has before it.
pub(super) fn type_name(text: &str) -> std::result::Result<String, Infallible> {
    let name = text.split_once(' ').filter(|(word, _)| ["struct", "union", "enum"].contains(word));
    Ok(name.map_or(text, |(_, name)| name).trim().to_owned())
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(bytes: &(impl AsRef<[u8]> + ?Sized)) -> Result<ExitCode> {
    let mut stdout = io::stdout();
    match stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::io("write", Path::new("standard output"), &error))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// As [`print`], as JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<ExitCode> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::invalid_input(format!("cannot write JSON: {error}")))?;
    print(&(text + "\n"))
}
