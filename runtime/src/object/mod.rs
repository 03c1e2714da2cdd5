//! The phases of a load: open, prepare, load. Untyped: a generated skeleton is built on this, and so is a program that
//! meets its objects at run time.
//!
//! ```text
//! OpenObject ──prepare()──▶ PreparedObject ──load()──▶ Object
//!  edit                      maps exist, text is final    programs verified
//! ```
//!
//! Each step consumes the one before it. Whatever fails closes every descriptor and removes every pin that this load
//! has made; what it found is left as it was.

mod bind;
mod btf;
mod compat;
mod constants;
mod core;
mod create;
mod externs;
mod jump_tables;
mod kernel_types;
mod load;
mod loaded;
mod log;
mod names;
mod needs;
mod open;
mod open_map;
mod open_program;
mod options;
mod parallel;
mod persist;
mod pins;
mod prepare;
mod prepared;
mod refused;
mod reuse;
mod slots;
mod spec_ref;
mod struct_ops;
mod target;
mod text;

pub use loaded::Object;
pub use open::OpenObject;
pub use open_map::OpenMap;
pub use open_program::OpenProgram;
pub use options::{LogLevel, Options};
pub use prepared::PreparedObject;

pub(crate) use spec_ref::SpecRef;
