//! C from BTF: declarations that a compiler lays out as BTF says.
//!
//! ```text
//!   names        which C name each type and enumerator gets
//!   keywords     what none of them may be
//!   same         which types of split BTF its base has too
//!   order        what must be declared, or defined, before what
//!   layout       the sizes and alignments that members have in C
//!   place        where padding, `packed` and `aligned` are needed for the offsets of BTF
//!   members      whether their names differ
//!   base         integers, floats and enums: what has no parts
//!   enumeration  enums with their enumerators
//!   attribute    the texts of tags
//!   writer       the text; declarators are `declarator`'s, which documentation shares
//!   header       the whole file
//! ```

mod attribute;
mod base;
mod declarator;
mod enumeration;
mod header;
mod keywords;
mod layout;
mod members;
mod names;
mod order;
mod place;
mod same;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use declarator::{Spell, declare};
pub use header::CHeader;
