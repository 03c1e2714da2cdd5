//! Helpers that the tests share.

pub mod elf;
pub mod fixtures;
pub mod random;
