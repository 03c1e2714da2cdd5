//! Static linking: several BPF objects become one, as `bpftool gen object` does it.
//!
//! ```text
//!   input       each object's sections, symbols, relocations and types, checked
//!   resolve     global symbols: which definition wins, and that all declarations agree with it
//!   sections    sections of the same name, one behind the other
//!   types       all types as one graph; dedup finds those that are the same
//!   relocations, btf, btf_ext, symbols        moved to their new places
//!   write       the ELF file
//! ```
//!
//! All inputs are known before anything is decided, so the result does not depend on passes: linking a result again
//! gives the same bytes.

mod btf;
mod btf_ext;
mod budget;
mod compatible;
mod datasec;
mod dedup;
mod input;
mod jump_tables;
mod linker;
mod map_def;
mod overridden;
mod partition;
mod relocations;
mod resolve;
mod sections;
mod symbols;
mod types;
mod write;

pub use linker::link;
