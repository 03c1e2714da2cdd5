//! The only room that makes system calls: one thin function a call, owned and borrowed descriptors at every edge.
//!
//! Nothing here decides anything. Errors are plain [`io::Error`](std::io::Error)s; the rooms above give them a name
//! ([`Error::system`](crate::Error::system)), a place, and where permission was refused a reason ([`explain`]).

#![allow(unsafe_code, reason = "system calls, and memory shared with the kernel")]

mod attr;
mod bpf;
mod btf;
mod capability;
mod directory;
mod element;
mod epoll;
pub(crate) mod explain;
mod fd;
mod fdinfo;
mod host;
mod info;
mod kind;
mod link;
mod map;
mod mapping;
mod memlock;
mod netlink;
mod object;
mod perf_event;
mod pidfd;
mod poll;
mod program;
mod socket;
mod token;

pub(crate) use attr::{MapInfo, PerfEventAttr};
pub(crate) use btf::{BtfLoad, btf_fd_by_id, btf_load};
pub(crate) use capability::{Capability, effective_capabilities};
pub(crate) use directory::{
    effective_user, is_bpffs, make_directory_at, mount_bpffs, open_directory, open_directory_at,
    open_name_at, read_link_at, remove_directory_at, rename_at, status, symlink_at, unlink_at,
};
pub(crate) use element::{
    BatchKeys, map_delete, map_get_next_key, map_lookup, map_lookup_and_delete, map_lookup_batch,
    map_update,
};
pub(crate) use epoll::{epoll_add, epoll_create};
pub(crate) use fd::{placeholder, try_clone};
pub(crate) use host::{
    KernelVersion, has_interface, if_nametoindex, is_set_id, kernel_release, kernel_version,
    page_size, possible_cpu_count, possible_cpus,
};
pub(crate) use info::{btf_info, btf_name, link_info, map_info, program_info};
pub(crate) use kind::bpf_kind;
pub(crate) use link::{
    Functions, LinkCreate, LinkOptions, Target, iter_create, link_create, link_detach, link_update,
    raw_tracepoint_open,
};
pub(crate) use map::{MapCreate, map_create, map_freeze, map_frozen};
pub(crate) use mapping::{Access, Mapping};
pub(crate) use netlink::Netlink;
pub(crate) use object::{
    IdKind, fd_by_id, ids, next_id, obj_get, obj_get_at, obj_get_opened, obj_pin, obj_pin_at,
};
pub(crate) use perf_event::{
    perf_event_disable, perf_event_enable, perf_event_open, perf_event_set_bpf, perf_probe_open,
};
pub(crate) use pidfd::{PIDFD_THREAD, pidfd_open};
pub(crate) use poll::{poll_readable, poll_writable};
pub(crate) use program::{
    Log, ProgLoad, TestRun, prog_attach, prog_bind_map, prog_detach, prog_load, prog_test_run,
};
pub(crate) use socket::{socket_attach_bpf, socket_detach_bpf};
pub(crate) use token::{Allowed, token_allows, token_create};
