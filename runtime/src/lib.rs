//! Typed BPF skeletons and a split-phase loader in pure Rust.
//!
//! A program's own skeleton is generated at build time by `bpf-skel-build` (from `build.rs`) or by
//! `bpf_skel_macros::bpf_skel!`; this crate is what the generated code and its user link. It depends on `libc` alone.
//!
//! ```text
//! bpf_skel::include_skel!(hello);                     // of src/hello.bpf.c, by build.rs
//!
//! let mut open = hello::open();                       // no system call, cannot fail
//! open.rodata.report_every = 1_000;                   // globals are fields
//! open.maps.counts.set_max_entries(65_536);
//! let skel = open.load()?;                            // maps created, programs verified
//! let _links = skel.attach()?;                        // detached when dropped
//! println!("{} switches", skel.bss.total.get());      // live memory, shared with the kernel
//! ```
//!
//! | feature | has |
//! | --- | --- |
//! | `load` (default) | all that talks to a kernel, on Linux |
//! | `elf` | module `elf`: objects are read when the program runs |
//! | `loader` | the standard loader of such objects, with a system-wide configuration of pins; it implies the others |
//!
//! ```text
//! portable   spec insn uapi section_name btf relocate pod live elf     the same result on any host
//! linux      sys kernel_btf feature token map program link object pin ringbuf perf  talk to a kernel
//! top        private                                                   all that generated code may call
//! ```
//!
//! A portable room never uses one of the others, and `sys` is the only one that makes system calls. [`object`] has the
//! phases of a load, [`spec`] what an object holds.

// The loader's sources name this crate as its users do.
#[cfg(feature = "loader")]
extern crate self as bpf_skel;

pub mod btf;
mod difference;
#[cfg(feature = "elf")]
pub mod elf;
mod error;
mod include;
pub mod insn;
pub mod live;
pub mod pod;
pub mod relocate;
pub mod section_name;
pub mod spec;
pub mod uapi;

/// The one gate: all that talks to a kernel. What is portable must build without it, for the generator runs anywhere;
/// without feature `load` it is shut on Linux too, so that a build script does not compile what it cannot use.
#[cfg(all(target_os = "linux", feature = "load"))]
mod linux;
#[cfg(all(target_os = "linux", feature = "load"))]
pub use linux::*;

pub use difference::{ContentsDifference, Difference, LayoutDifference};
pub use error::{Error, ErrorKind, Frame, Location, Report, Result};
