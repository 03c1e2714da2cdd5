//! Reading a BPF ELF object into an [`ObjectSpec`](crate::spec::ObjectSpec).
//!
//! Three stages: the file's own structures (`file`, `section`, `symbol`), what they mean (maps, data,
//! functions and what their instructions refer to), and the linked programs. Every size is checked before anything is
//! copied, and everything that is copied is paid for from a `budget` in proportion to the input.

mod btf_fix;
mod budget;
mod data;
mod exception;
mod externs;
mod file;
mod function;
mod info;
mod jump_table;
mod legacy;
mod link;
mod map_def;
mod maps;
mod name;
mod read;
mod reference;
mod section;
mod slots;
mod struct_ops;
mod symbol;
mod types;
mod warning;

pub use legacy::{Legacy, LegacyMaps};
pub use name::object_name;
pub use read::{Reader, Reading, read, read_file};
pub use types::{btf, btf_base};
pub use warning::Warning;
