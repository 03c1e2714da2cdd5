//! The `bpf-skel` command: one file a subcommand.

mod build;
mod cli;
mod generate;
mod inspect;
mod link;
#[cfg(all(target_os = "linux", not(bpf_skel_portable)))]
mod load;
#[cfg(all(target_os = "linux", not(bpf_skel_portable)))]
mod pins;
mod table;
#[cfg(all(target_os = "linux", not(bpf_skel_portable)))]
mod unload;
#[cfg(all(target_os = "linux", not(bpf_skel_portable)))]
mod verify;

pub use cli::main;
