//! The standard loader (feature `loader`): any object in one call, with pins as the system-wide configuration says.
//!
//! ```no_run
//! # fn f() -> bpf_skel::Result<()> {
//! use bpf_skel::loader::Loader;
//!
//! let loaded = Loader::new().load_file("/usr/lib/bpf/policy.o")?;
//! loaded.warnings.iter().for_each(|warning| eprintln!("{warning}"));
//! let _links = loaded.object.attach()?;
//! # Ok(()) }
//! ```
//!
//! An object is first given to the standard reader. If its map definitions are not understood, and only then, the
//! compatibility loader takes over: it reads iproute2's and early libbpf's definitions
//! ([`Legacy`](bpf_skel::elf::Legacy)) and passes over members of definitions in `.maps` that nobody knows. All of that
//! is before the first system call. Whatever fails later is an error, whoever has read the object.
//!
//! This room uses the public interface and nothing else, as any other loader would have to: its sources name the crate
//! `bpf_skel`, and a test compiles them outside of it.

mod assign;
mod compat;
pub mod config;
mod opened;
mod select;
mod standard;
mod target;

pub use assign::assign;
pub use config::Config;
pub use opened::{Loaded, LoadedBy, Opened, Warning};
pub use standard::{Compatibility, Loader};
pub use target::Target;

#[doc = include_str!("../../PINNING.md")]
pub mod pinning {}
