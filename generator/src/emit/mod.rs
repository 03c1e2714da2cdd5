//! From the model to Rust: tokens, no decisions about types.

mod accessors;
mod core;
mod docs;
mod enums;
mod live;
mod maps;
mod module;
mod paths;
mod phases;
#[cfg(any(test, not(feature = "format")))]
mod plain;
mod programs;
mod sections;
mod spec;
mod struct_ops;
mod structs;
mod types;
mod writer;

pub(crate) use module::{Header, Module, common_module, file_text};
pub(crate) use types::{TypeItem, type_items};
