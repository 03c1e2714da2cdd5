//! Global variables of a loaded object: cells over memory that the kernel reads and writes at the same time.
//!
//! No `&T` or `&mut T` to such memory is ever made: a [`Global`] is copied out of and into, one access for 1, 2, 4
//! and 8 bytes, and integers of those sizes have atomics. A value larger than 8 bytes is copied word by word, so a copy may
//! *tear*: it can hold a part from before and a part from after a concurrent change. What must be
//! consistent across words needs a protocol of its own (a sequence number, a spin lock in a map).
//!
//! Every access is by relaxed atomics, of the widest words that an address allows. So a struct that is copied whole is read by
//! other widths than its members are written by, as it is by the kernel's programs, and members of a union are by those of
//! one another. For the machine these are loads and stores like any other; Rust's model of memory has no words for widths
//! that overlap. Threads of one process that copy a whole while others change its members can have a lock of their own
//! instead.
//!
//! ```
//! use bpf_skel::live::{Global, GlobalArray, LiveLayout};
//! # use std::sync::atomic::Ordering;
//! let dropped = Global::new(0u64);
//! dropped.fetch_add(2, Ordering::Relaxed);
//! assert_eq!(dropped.get(), 2);
//!
//! let table: GlobalArray<GlobalArray<Global<u32>, 3>, 2> = GlobalArray::from_plain([[1, 2, 3], [4, 5, 6]]);
//! table[1][2].set(60);
//! assert_eq!(table.get(), [[1, 2, 3], [4, 5, 60]]);
//! ```
#![allow(unsafe_code, reason = "the cells through which memory shared with the kernel is accessed")]

mod access;
mod array;
mod atomic;
mod global;
mod layout;
#[cfg_attr(
    not(all(target_os = "linux", feature = "load")),
    allow(dead_code, reason = "half of it is for maps that cannot be mapped")
)]
mod part;
mod structure;

pub use array::GlobalArray;
pub use atomic::AtomicInt;
pub use global::Global;
pub use layout::LiveLayout;
#[doc(hidden)]
pub use part::part;
#[cfg(all(target_os = "linux", feature = "load"))]
pub(crate) use part::{load_part, store_part};
pub use structure::GlobalStruct;
