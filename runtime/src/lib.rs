//! Typed BPF skeletons and a split-phase loader in pure Rust.
//!
//! A program's own skeleton is generated at build time by `bpf-skel-build` (from `build.rs`) or by
//! `bpf_skel_macros::bpf_skel!`; this crate is what the generated code and its user link. It depends on `libc` alone.

pub mod btf;
#[cfg(feature = "elf")]
pub mod elf;
mod error;
pub mod insn;
#[cfg(target_os = "linux")]
pub mod kernel_btf;
#[cfg(target_os = "linux")]
pub mod link;
pub mod live;
#[cfg(target_os = "linux")]
pub mod map;
#[cfg(target_os = "linux")]
pub mod object;
#[cfg(target_os = "linux")]
mod pin;
pub mod pod;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod private;
#[cfg(target_os = "linux")]
pub mod program;
pub mod relocate;
#[cfg(target_os = "linux")]
mod ringbuf;
pub mod section_name;
pub mod spec;
#[cfg(target_os = "linux")]
mod sys;
pub mod uapi;

/// Includes the skeleton that `build.rs` wrote: `include_skel!(runqslower);` for `src/runqslower.bpf.c`.
///
/// ```ignore
/// bpf_skel::include_skel!(runqslower);
///
/// let skel = runqslower::open().load()?;
/// ```
#[macro_export]
macro_rules! include_skel {
    ($name:ident) => {
        ::core::include!(::core::concat!(
            ::core::env!("OUT_DIR"),
            "/",
            ::core::stringify!($name),
            ".skel.rs"
        ));
    };
}

#[cfg(target_os = "linux")]
pub use link::{Link, Links};
#[cfg(target_os = "linux")]
pub use map::{Frozen, Live, Map};
#[cfg(target_os = "linux")]
pub use object::{Object, OpenObject, PreparedObject};
#[cfg(target_os = "linux")]
pub use program::Program;

pub use error::{Error, ErrorKind, Frame, Location, Report, Result};
