//! The `bpf-skel` command: one file a subcommand.

mod btf;
mod btf_list;
mod build;
mod cli;
mod generate;
mod inspect;
mod link;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod pins;
mod table;
#[cfg(target_os = "linux")]
mod unload;
#[cfg(target_os = "linux")]
mod verify;
mod vmlinux;

pub use cli::main;
