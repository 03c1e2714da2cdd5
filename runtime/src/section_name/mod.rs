//! What a program's section name says: its type, how it is attached, and to what.

mod attach_kind;
mod nearest;
mod parse;
mod table;

pub use attach_kind::AttachKind;
pub use nearest::nearest;
pub use parse::{SectionName, parse};
