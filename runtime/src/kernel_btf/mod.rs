//! The running kernel's types: found by name in one pass, read in place, shared while skeletons load.
//!
//! ```text
//!   /sys/kernel/btf/vmlinux ──▶ mapped (Linux 6.16) or read once
//!        │ one pass: offset of every 32nd type, ids of all wanted names
//!        ▼
//!   KernelBtf ──▶ btf(): types by id        modules(): only when vmlinux has not got it
//! ```

mod kernel;
mod module;
mod source;
mod wanted;

pub use kernel::{KernelBtf, Located};
pub use module::Module;
pub use wanted::{Candidates, Kinds, Wanted};

#[cfg(test)]
mod tests;
