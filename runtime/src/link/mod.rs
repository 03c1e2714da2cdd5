//! Attachments: a program at a hook, operations in the kernel.
//!
//! A file an attach kind, each with its `attach` methods on [`Program`](crate::program::Program) of that
//! [`kind`](crate::program::kind).

mod any;
mod attachment;
mod auto;
mod binary;
mod cgroup;
mod create;
mod glob;
mod handle;
mod info;
mod interface;
mod iter;
mod kernel_function;
mod kprobe;
mod kprobe_multi;
mod ksyscall;
mod links;
mod lirc_mode2;
mod near;
mod netfilter;
mod netkit;
mod netns;
mod perf_event;
mod position;
mod probe;
mod raw_tracepoint;
mod socket_filter;
mod sockmap;
mod struct_ops;
mod tc_filter;
mod tcx;
mod tracefs;
mod tracepoint;
mod tracing;
mod uprobe;
mod uprobe_multi;
mod usdt;
mod xdp;

pub use auto::AutoAttach;
pub use cgroup::CgroupOptions;
pub use handle::Link;
pub use info::{LinkInfo, LinkTarget};
pub use interface::Interface;
pub use iter::{CgroupOrder, IterOptions, IterOutput};
pub use kprobe::KprobeOptions;
pub use kprobe_multi::KprobeMultiOptions;
pub use ksyscall::KsyscallOptions;
pub use links::{Links, attach_all};
pub use netfilter::{NetfilterFamily, NetfilterHook, NetfilterOptions};
pub use netkit::NetkitOptions;
pub use perf_event::{PerfEvent, PerfEventOptions};
pub use position::{Position, Relative};
pub use raw_tracepoint::RawTracepointOptions;
pub(crate) use struct_ops::{attach as attach_struct_ops, update as update_struct_ops};
pub use tc_filter::TcFilterOptions;
pub use tcx::{TcxDirection, TcxOptions};
pub use tracepoint::TracepointOptions;
pub use tracing::TracingOptions;
pub use uprobe::UprobeOptions;
pub use uprobe_multi::UprobeMultiOptions;
pub(crate) use usdt::UsdtMaps;
pub use usdt::UsdtOptions;
pub use xdp::{XdpMode, XdpOptions};
