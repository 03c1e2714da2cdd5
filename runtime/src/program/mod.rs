//! Loaded programs: owned handles, typed by how they are attached.

mod about;
mod handle;
mod info;
pub mod kind;
pub(crate) mod program_btf;
mod test_run;

pub(crate) use about::About;
pub(crate) use handle::Handle;
pub use handle::Program;
pub use info::{ProgramInfo, RunStats};
pub use kind::Kind;
pub use test_run::{TestRun, TestRunOutput, test_run_flags};
