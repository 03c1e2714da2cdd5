//! Generates typed Rust skeletons from BPF ELF objects.
//!
//! In `build.rs`:
//!
//! ```no_run
//! fn main() -> bpf_skel_build::Result<()> {
//!     bpf_skel_build::build("src/runqslower.bpf.c")
//! }
//! ```
//!
//! and in the program `bpf_skel::include_skel!(runqslower);`. [`Builder`] has the options, [`generate`] takes an object
//! that was compiled elsewhere, and `bpf_skel_macros::bpf_skel!` does without a `build.rs`.
//!
//! Objects whose maps are defined in a section `maps`, for iproute2 or for libbpf before 1.0, have skeletons too: see
//! [`Legacy`](bpf_skel::elf::Legacy).
//!
//! Three stages, none of which looks into another: the object is read to a spec (`bpf_skel::elf`), the spec and its BTF
//! become a model in which everything is named, typed and placed (`model`), the model becomes Rust (`emit`).

mod btf_file;
mod builder;
mod bundled;
mod c_header;
mod cargo;
mod clang;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cmd;
#[cfg(feature = "cli")]
mod distilled;
mod emit;
mod error;
mod fnv;
mod ident;
mod link;
mod model;
mod options;
mod output;
mod parallel;
mod path;
mod shared;
mod skeleton;
mod together;
mod vmlinux;

pub use builder::{Builder, build, generate};
pub use c_header::CHeader;
pub use error::{Error, ErrorKind, Result};
pub use link::link;
pub use options::{Binding, Options};
pub use skeleton::Skeleton;

/// A place that an [`Error`] was found in.
pub use bpf_skel::Frame;
