//! From the model to the text of Rust; no decisions about types.

mod accessors;
mod arguments;
mod core;
mod docs;
mod enums;
mod fold;
mod layouts;
mod live;
mod locals;
mod maps;
mod module;
mod paths;
mod phases;
mod printed;
mod programs;
mod sections;
mod spec;
mod struct_ops;
mod structs;
mod text;
mod types;
mod writer;

pub(crate) use locals::Locals;
pub(crate) use module::{Header, common_types, constant, skeleton};
pub(crate) use types::{TypeItem, TypeText, items_text, type_items};
