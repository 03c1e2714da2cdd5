use std::path::PathBuf;
use std::process::ExitCode;

use bpf_skel::spec::Endian;

use super::cli::{Reading, is_output, print};
use crate::{Builder, Result};

/// Write the Rust skeleton of an object.
///
/// The file defines a module of the object's name: after `-o hello.rs`, `include!("hello.rs");` brings module `hello` of
/// hello.bpf.o. The crate depends on `bpf-skel`.
#[derive(Debug, clap::Args)]
#[command(name = "gen")]
pub(super) struct Args {
    /// The object; two of them for both byte orders, of which the host's (or --endian) is taken.
    #[arg(value_name = "OBJ", required = true)]
    objects: Vec<PathBuf>,
    /// The file to write; standard output if not given or `-`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The module's name; the object's if not given.
    #[arg(long)]
    name: Option<String>,
    /// Path of the runtime crate in the generated code.
    #[arg(long, value_name = "PATH", default_value = "::bpf_skel")]
    runtime: String,
    /// A C type to have beside those of maps and variables: `event`, "struct event".
    #[arg(long = "type", value_name = "NAME")]
    types: Vec<String>,
    /// A Rust type to stand for a C type, whose fields it has: "struct event=crate::Event".
    #[arg(long, value_name = "C=RUST", value_parser = binding)]
    bind: Vec<(String, String)>,
    /// As --bind, of which size and alignment only are held to those of the C type.
    #[arg(long, value_name = "C=RUST", value_parser = binding)]
    bind_opaque: Vec<(String, String)>,
    /// A map that is to have an untyped handle, since it is retyped or resized before the load.
    #[arg(long = "untyped-map", value_name = "NAME")]
    untyped_maps: Vec<String>,
    /// Byte order of the object to take; of the only one given, any.
    #[arg(long, value_parser = ["little", "big"])]
    endian: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

fn binding(text: &str) -> std::result::Result<(String, String), &'static str> {
    let (c, rust) = text.split_once('=').ok_or("expected C=RUST")?;
    Ok((c.trim().to_owned(), rust.trim().to_owned()))
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut builder = Builder::new()
            .runtime_path(self.runtime)
            .legacy(self.reading.layout())
            .types(self.types)
            .untyped_maps(self.untyped_maps);
        for (c, rust) in self.bind {
            builder = builder.bind(c, rust);
        }
        for (c, rust) in self.bind_opaque {
            builder = builder.bind_opaque(c, rust);
        }
        if let Some(name) = self.name {
            builder = builder.module_name(name);
        }
        match self.endian.as_deref() {
            Some("big") => builder = builder.endian(Endian::Big),
            Some(_) => builder = builder.endian(Endian::Little),
            None if self.objects.len() == 1 => builder = builder.any_endian(),
            None => {}
        }
        let skeleton = builder.last_skeleton(&self.objects)?;
        match self.output {
            Some(path) if !is_output(&path) => skeleton.write(&path).map(|_| ExitCode::SUCCESS),
            _ => print(&skeleton.to_string()),
        }
    }
}
