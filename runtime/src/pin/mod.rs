//! Pins: names on a BPF file system that keep a map, a program or a link alive.
//!
//! A pin is given either as a path, which is looked up as any path is, or as a [`Place`]: a directory below the root of
//! a BPF file system that is walked by descriptors, so that nobody can lead the loader elsewhere. [`Policy`] places all
//! maps of an object, as a system-wide configuration does (feature `loader`).

mod by_path;
mod directory;
mod location;
mod place;
mod policy;
mod sub_path;

pub(crate) use by_path::{make_parents, open, pin, remove_directories, replace, unpin};
pub(crate) use location::{Location, Made};
pub use place::{Place, mount_root};
pub use policy::{OnMismatch, Policy};
pub use sub_path::SubPath;

/// Where distributions mount the BPF file system.
pub const DEFAULT_ROOT: &str = "/sys/fs/bpf";
