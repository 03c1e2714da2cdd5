//! The rooms that talk to a kernel, behind one gate in `lib.rs`; they are known by their names there (`crate::map`).

#[path = "feature/mod.rs"]
pub mod feature;
#[path = "kallsyms.rs"]
pub(crate) mod kallsyms;
#[path = "kernel_btf/mod.rs"]
pub mod kernel_btf;
#[path = "link/mod.rs"]
pub mod link;
#[cfg(feature = "loader")]
#[path = "loader/mod.rs"]
pub mod loader;
#[path = "map/mod.rs"]
pub mod map;
#[path = "object/mod.rs"]
pub mod object;
#[path = "perf/mod.rs"]
pub(crate) mod perf;
#[path = "pin/mod.rs"]
pub mod pin;
#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod private;
#[path = "program/mod.rs"]
pub mod program;
#[path = "ringbuf/mod.rs"]
pub(crate) mod ringbuf;
#[path = "sys/mod.rs"]
pub(crate) mod sys;
#[path = "token/mod.rs"]
pub(crate) mod token;

pub use link::{Link, Links};
pub use map::{Frozen, Live, Map};
pub use object::{Object, OpenObject, PreparedObject};
pub use program::Program;
