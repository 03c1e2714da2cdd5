//! Flag bits of maps, elements and programs. Source: `include/uapi/linux/bpf.h`.

/// Map: elements are allocated when they are used (`BPF_F_NO_PREALLOC`).
pub const NO_PREALLOC: u32 = 1 << 0;
/// Map: the map has a NUMA node (`BPF_F_NUMA_NODE`).
pub const NUMA_NODE: u32 = 1 << 2;
/// Map: read-only for programs (`BPF_F_RDONLY_PROG`, Linux 5.2).
pub const RDONLY_PROG: u32 = 1 << 7;
/// Map: may be mapped into memory (`BPF_F_MMAPABLE`, Linux 5.5).
pub const MMAPABLE: u32 = 1 << 10;
/// Map: an array that may be an inner map of any size (`BPF_F_INNER_MAP`, Linux 5.10).
pub const INNER_MAP: u32 = 1 << 12;
/// Map: a ring buffer that overwrites its oldest records rather than refuse new ones (`BPF_F_RB_OVERWRITE`, Linux 6.19).
pub const RB_OVERWRITE: u32 = 1 << 19;

/// Element update: create or replace (`BPF_ANY`).
pub const ANY: u64 = 0;
/// Element update: create only (`BPF_NOEXIST`).
pub const NOEXIST: u64 = 1;
/// Element update: replace only (`BPF_EXIST`).
pub const EXIST: u64 = 2;

/// Program: the verifier checks alignment strictly (`BPF_F_STRICT_ALIGNMENT`).
pub const STRICT_ALIGNMENT: u32 = 1 << 0;
/// Program: it may sleep (`BPF_F_SLEEPABLE`, Linux 5.10).
pub const SLEEPABLE: u32 = 1 << 4;
/// Program: XDP that takes packets in several buffers (`BPF_F_XDP_HAS_FRAGS`, Linux 5.18).
pub const XDP_HAS_FRAGS: u32 = 1 << 5;
