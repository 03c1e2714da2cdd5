//! Flag bits of maps, elements and programs. Source: `include/uapi/linux/bpf.h`. [`MapFlag`] and [`ProgramFlag`] have all
//! of them by name.

use super::{MapFlag, ProgramFlag};

/// Map: elements are allocated when they are used (`BPF_F_NO_PREALLOC`).
pub const NO_PREALLOC: u32 = MapFlag::NO_PREALLOC.0;
/// Map: the map has a NUMA node (`BPF_F_NUMA_NODE`).
pub const NUMA_NODE: u32 = MapFlag::NUMA_NODE.0;
/// Map: stacks are build ids and offsets rather than addresses (`BPF_F_STACK_BUILD_ID`, Linux 4.17).
pub const STACK_BUILD_ID: u32 = MapFlag::STACK_BUILD_ID.0;
/// Map: read-only for programs (`BPF_F_RDONLY_PROG`, Linux 5.2).
pub const RDONLY_PROG: u32 = MapFlag::RDONLY_PROG.0;
/// Map: may be mapped into memory (`BPF_F_MMAPABLE`, Linux 5.5).
pub const MMAPABLE: u32 = MapFlag::MMAPABLE.0;
/// Map: its operations are registered by a link (`BPF_F_LINK`, Linux 6.4).
pub const LINK: u32 = MapFlag::LINK.0;
/// Map: the type of its value is one of a module (`BPF_F_VTYPE_BTF_OBJ_FD`, Linux 6.9).
pub const VTYPE_BTF_OBJ_FD: u32 = MapFlag::VTYPE_BTF_OBJ_FD.0;
/// Map: an array that may be an inner map of any size (`BPF_F_INNER_MAP`, Linux 5.10).
pub const INNER_MAP: u32 = MapFlag::INNER_MAP.0;
/// Map: a ring buffer that overwrites its oldest records rather than refuse new ones (`BPF_F_RB_OVERWRITE`, Linux 6.19).
pub const RB_OVERWRITE: u32 = MapFlag::RB_OVERWRITE.0;

/// Element update: create or replace (`BPF_ANY`).
pub const ANY: u64 = 0;
/// Element update: create only (`BPF_NOEXIST`).
pub const NOEXIST: u64 = 1;
/// Element update: replace only (`BPF_EXIST`).
pub const EXIST: u64 = 2;

/// Program: the verifier checks alignment strictly (`BPF_F_STRICT_ALIGNMENT`).
pub const STRICT_ALIGNMENT: u32 = ProgramFlag::STRICT_ALIGNMENT.0;
/// Program: it may sleep (`BPF_F_SLEEPABLE`, Linux 5.10).
pub const SLEEPABLE: u32 = ProgramFlag::SLEEPABLE.0;
/// Program: XDP that takes packets in several buffers (`BPF_F_XDP_HAS_FRAGS`, Linux 5.18).
pub const XDP_HAS_FRAGS: u32 = ProgramFlag::XDP_HAS_FRAGS.0;
