//! From the model to Rust: tokens for what every skeleton has, text for what grows with the object; no decisions about
//! types.

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

pub(crate) use module::{Header, Module};
pub(crate) use types::{TypeItem, type_items};
