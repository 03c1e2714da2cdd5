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
//! | [`StructOps`] | `STRUCT_OPS` |
//! | [`Live<L>`](Live), [`Frozen<T>`](Frozen) | the arrays that hold global variables |
//! | [`Map`] | all, as bytes |

mod arena;
mod array;
mod bloom_filter;
mod cursor;
mod element;
mod frozen;
mod hash;
mod info;
mod iter;
mod keys;
mod live;
mod lpm_trie;
mod map_of_maps;
mod per_cpu;
mod per_cpu_array;
mod per_cpu_hash;
mod perf_event_array;
mod pinned;
mod prog_array;
mod queue;
mod section;
mod stack_trace;
mod struct_ops;
pub(crate) mod typed;
mod untyped;

pub use crate::perf::{PerfReader, PerfReaderOptions, Received};
pub use crate::ringbuf::{RingBuf, UserRingBuf, UserRingBufSample};
pub use array::Array;
pub use bloom_filter::BloomFilter;
pub use frozen::Frozen;
pub use hash::Hash;
pub use info::MapInfo;
pub use iter::Iter;
pub use keys::Keys;
pub use live::Live;
pub use lpm_trie::LpmTrie;
pub use map_of_maps::MapOfMaps;
pub use per_cpu::possible_cpus;
pub use per_cpu_array::PerCpuArray;
pub use per_cpu_hash::PerCpuHash;
pub use perf_event_array::PerfEventArray;
pub use prog_array::ProgArray;
pub use queue::Queue;
pub use stack_trace::{StackBuildId, StackTrace, StackTraces};
pub(crate) use struct_ops::OperationsValue;
pub use struct_ops::StructOps;
pub use untyped::Map;
