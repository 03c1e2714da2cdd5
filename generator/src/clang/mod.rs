//! C to BPF object: finding clang, driving it, and reading what it depended on.

mod compile;
mod depfile;
mod find;

pub(crate) use compile::Compile;
pub(crate) use find::find;
