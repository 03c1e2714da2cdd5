//! Attachments: a program at a hook.
//!
//! A file an attach kind, each with its `attach` methods on [`Program`](crate::program::Program) of that
//! [`kind`](crate::program::kind).

mod any;
mod auto;
mod cgroup;
mod create;
mod handle;
mod info;
mod interface;
mod iter;
mod links;
mod netns;
mod perf_event;
mod position;
mod raw_tracepoint;
mod socket_filter;
mod tcx;
mod tracepoint;
mod tracing;
mod xdp;

pub use auto::AutoAttach;
pub use cgroup::CgroupOptions;
pub use handle::Link;
pub use info::{LinkInfo, LinkTarget};
pub use interface::Interface;
pub use iter::{CgroupOrder, IterOptions, IterOutput};
pub use links::{Links, attach_all};
pub use perf_event::{PerfEvent, PerfEventOptions};
pub use position::{Position, Relative};
pub use raw_tracepoint::RawTracepointOptions;
pub use tcx::{TcxDirection, TcxOptions};
pub use tracepoint::TracepointOptions;
pub use tracing::TracingOptions;
pub use xdp::{XdpMode, XdpOptions};
