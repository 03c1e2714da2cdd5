//! Maps: owned handles, typed by what is in them.
//!
//! | handle | map types |
//! |---|---|
//! | [`Hash<K, V>`](struct@Hash) | `HASH`, `LRU_HASH` |
//! | [`Array<V>`](Array) | `ARRAY` |
//! | [`PerCpuHash<K, V>`](PerCpuHash) | `PERCPU_HASH`, `LRU_PERCPU_HASH` |
//! | [`PerCpuArray<V>`](PerCpuArray) | `PERCPU_ARRAY` |
//! | [`LpmTrie<K, V>`](LpmTrie) | `LPM_TRIE` |
//! | [`Queue<V>`](Queue) | `QUEUE`, `STACK` |
//! | [`BloomFilter<V>`](BloomFilter) | `BLOOM_FILTER` |
//! | [`ProgArray`] | `PROG_ARRAY` |
//! | [`PerfEventArray`] | `PERF_EVENT_ARRAY` |
//! | [`MapOfMaps<K>`](MapOfMaps) | `ARRAY_OF_MAPS`, `HASH_OF_MAPS` |
//! | [`RingBuf`] | `RINGBUF` |
//! | [`UserRingBuf`] | `USER_RINGBUF` |
//! | [`StackTraces`], [`StackTraces<StackBuildId>`](StackTraces) | `STACK_TRACE` |
//! | [`TaskStorage<V>`](TaskStorage) | `TASK_STORAGE` |
//! | [`SkStorage<V>`](SkStorage) | `SK_STORAGE` |
//! | [`InodeStorage<V>`](InodeStorage) | `INODE_STORAGE` |
//! | [`CgrpStorage<V>`](CgrpStorage) | `CGRP_STORAGE` |
//! | [`CgroupStorage<K, V>`](CgroupStorage) | `CGROUP_STORAGE` |
//! | [`PerCpuCgroupStorage<K, V>`](PerCpuCgroupStorage) | `PERCPU_CGROUP_STORAGE` |
//! | [`CgroupArray`] | `CGROUP_ARRAY` |
//! | [`SockMap`] | `SOCKMAP` |
//! | [`SockHash<K>`](SockHash) | `SOCKHASH` |
//! | [`ReuseportSockArray`] | `REUSEPORT_SOCKARRAY` |
//! | [`DevMap`] | `DEVMAP` |
//! | [`DevMapHash`] | `DEVMAP_HASH` |
//! | [`CpuMap`] | `CPUMAP` |
//! | [`XskMap`] | `XSKMAP` |
//! | [`StructOps`] | `STRUCT_OPS` |
//! | [`Live<L>`](Live), [`Frozen<T>`](Frozen) | the arrays that hold global variables |
//! | [`Map`] | all, as bytes |

mod arena;
mod array;
mod bloom_filter;
mod cgroup_array;
mod cgroup_storage;
mod cpu_map;
mod cursor;
mod dev_map;
mod element;
mod frozen;
mod hash;
mod info;
mod iter;
mod keys;
mod live;
mod local_storage;
mod lpm_trie;
mod map_of_maps;
mod per_cpu;
mod per_cpu_array;
mod per_cpu_hash;
mod perf_event_array;
mod pid_fd;
mod pinned;
mod prog_array;
mod queue;
mod redirect;
mod reuseport_sock_array;
mod section;
mod slots;
mod sock_hash;
mod sock_map;
mod stack_trace;
mod struct_ops;
pub(crate) mod typed;
mod untyped;
mod xsk_map;

pub use crate::perf::{PerfReader, PerfReaderOptions, Received};
pub use crate::ringbuf::{RingBuf, UserRingBuf, UserRingBufSample};
pub use array::Array;
pub use bloom_filter::BloomFilter;
pub use cgroup_array::CgroupArray;
pub use cgroup_storage::{CgroupStorage, PerCpuCgroupStorage};
pub use cpu_map::{CpuMap, CpuMapEntry};
pub use dev_map::{DevMap, DevMapEntry, DevMapHash};
pub use frozen::Frozen;
pub use hash::Hash;
pub use info::MapInfo;
pub use iter::Iter;
pub use keys::Keys;
pub use live::Live;
pub use local_storage::{CgrpStorage, InodeStorage, SkStorage, TaskStorage};
pub use lpm_trie::LpmTrie;
pub use map_of_maps::MapOfMaps;
pub use per_cpu::possible_cpus;
pub use per_cpu_array::PerCpuArray;
pub use per_cpu_hash::PerCpuHash;
pub use perf_event_array::PerfEventArray;
pub use pid_fd::PidFd;
pub use prog_array::ProgArray;
pub use queue::Queue;
pub use reuseport_sock_array::ReuseportSockArray;
pub use sock_hash::SockHash;
pub use sock_map::SockMap;
pub use stack_trace::{StackBuildId, StackTrace, StackTraces};
pub(crate) use struct_ops::OperationsValue;
pub use struct_ops::StructOps;
pub use untyped::Map;
pub use xsk_map::XskMap;
