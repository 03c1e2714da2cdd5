//! CO-RE: a number in an instruction, worked out anew for the types of the kernel that the program is loaded into.
//!
//! ```text
//!   once, as the object is read:
//!     access "0:1:2" + object's BTF ──▶ Table ──▶ CoreSpec   what is meant, by names; what the compiler made of it
//!   for each kernel:
//!     Questions ──▶ Access + candidate of the kernel ──▶ Place        where that is there, if it is
//!     all candidates agree ──▶ Resolution ──▶ patch()   the number, or an instruction that must not be reached
//! ```
//!
//! Pure functions: nothing here asks the kernel, so that the same object and the same kernel types always give the
//! same instructions. [`relocate`] does all of it for a program.
//!
//! The object's own types are read again for two kinds of question only, and then as late as possible: whether a type
//! matches, which looks at every member down through it, and whether a function's prototype, or a typedef of a pointer
//! or an array, is compatible. Both compare whole graphs of types, which a table would have to repeat.
//!
//! Source: the kernel's `include/uapi/linux/bpf.h` (`struct bpf_core_relo`) and `Documentation/bpf/llvm_reloc.rst`.

mod compatible;
mod identical;
mod patch;
mod path;
mod place;
mod program;
mod question;
mod resolve;
mod resolver;
mod table;
mod value;

pub use compatible::compatible;
pub use patch::{POISON, patch};
#[cfg(all(target_os = "linux", feature = "load"))]
pub(crate) use program::apply;
pub use program::relocate;
pub use question::{Access, Questions};
pub use resolve::{Candidate, Resolution, resolve};
pub use resolver::Resolver;
pub use table::Table;

#[cfg(test)]
mod tests;
