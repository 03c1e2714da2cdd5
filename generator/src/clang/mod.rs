//! C to BPF object: finding clang, driving it, and reading what it depended on.

mod compile;
mod depfile;
mod find;
mod multiarch;

pub(crate) use compile::{Compile, Compiled};
pub(crate) use find::find;
