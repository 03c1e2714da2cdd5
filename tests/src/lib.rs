//! Helpers that the tests share.

pub mod elf;
pub mod fixtures;
#[cfg(target_os = "linux")]
pub mod kernel;
pub mod machine;
pub mod outcome;
pub mod random;
