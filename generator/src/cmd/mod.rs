//! The `bpf-skel` command: one file a subcommand.

mod build;
mod cli;
mod generate;
mod inspect;
mod table;

pub use cli::main;
