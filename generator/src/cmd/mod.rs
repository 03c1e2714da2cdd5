//! The `bpf-skel` command: one file a subcommand.

mod build;
mod cli;
mod generate;
mod inspect;
mod table;
#[cfg(target_os = "linux")]
mod verify;

pub use cli::main;
