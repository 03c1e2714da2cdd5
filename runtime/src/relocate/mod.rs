//! CO-RE: a number in an instruction, worked out anew for the types of the kernel that the program is loaded into.
//!
//! ```text
//!   access "0:1:2" + object's BTF ──▶ Access          what is meant, by names
//!   Access + candidate of the kernel ──▶ Place        where that is there, if it is
//!   all candidates agree ──▶ Resolution ──▶ patch()   the number, or an instruction that must not be reached
//! ```
//!
//! Pure functions: nothing here asks the kernel, so that the same object and the same kernel types always give the
//! same instructions.
//!
//! Source: the kernel's `include/uapi/linux/bpf.h` (`struct bpf_core_relo`) and `Documentation/bpf/llvm_reloc.rst`.

mod access;
mod compatible;
mod identical;
mod patch;
mod place;
mod resolve;
mod value;

pub use access::Access;
pub use compatible::compatible;
pub use patch::{POISON, patch};
pub use resolve::{Candidate, Resolution, resolve};

#[cfg(test)]
mod tests;
