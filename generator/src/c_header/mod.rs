//! C from BTF: declarations that a compiler lays out as BTF says.
//!
//! ```text
//!   names    which C name each type and enumerator gets
//!   order    what must be declared, or defined, before what
//!   layout   where padding, `packed` and `aligned` are needed for the offsets of BTF
//!   base     integers, floats and enums: what has no parts
//!   writer   the text; declarators are `declarator`'s, which documentation shares
//!   header   the whole file
//! ```

mod base;
mod declarator;
mod header;
mod layout;
mod names;
mod order;
mod writer;

pub(crate) use declarator::{Spell, declare};
pub use header::CHeader;
