//! Programs and libraries that probes are put in: where a function is in its file, and which probes a file announces.
//!
//! The files are anybody's: every number in them is checked, and nothing is allocated that is larger than the file.

mod image;
mod mapped;
mod notes;
mod search;
mod symbols;
mod versions;

pub(super) use image::{Image, Machine};
pub(super) use mapped::mapped_at;
pub(super) use notes::{Note, usdt_notes};
pub(super) use search::search;
pub(super) use symbols::{function, functions};

#[cfg(test)]
mod tests;
