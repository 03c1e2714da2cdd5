//! The smallest map of each type.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::Feature;
use super::probe::answer;
use crate::btf::{BtfBuilder, IntEncoding};
use crate::spec::Endian;
use crate::sys::{self, MapCreate};
use crate::uapi::{MapType, ProgramType, flags};

/// The kernel's own ENOTSUPP, which user space never sees elsewhere.
pub(crate) const ENOTSUPP: i32 = 524;

pub(super) fn has_type(map_type: MapType) -> Option<bool> {
    // A struct_ops map of no struct: a kernel that has them does not find it.
    let is_struct_ops = map_type == MapType::STRUCT_OPS;
    answer(create(map_type), |error| is_struct_ops && error == ENOTSUPP)
}

/// Whether a kernel that answered like this may take operations now. Before Linux 6.9 it takes none until it has read its
/// own types, which the first program after it was booted has it do: one is loaded here, once in a process.
pub(crate) fn takes_operations_now(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ENOTSUPP)
        && Feature::ProgramType(ProgramType::SOCKET_FILTER).is_present() == Some(true)
}

fn plain(map_type: MapType) -> MapCreate<'static> {
    MapCreate { map_type, key_size: 4, value_size: 4, max_entries: 1, ..MapCreate::default() }
}

fn create(map_type: MapType) -> io::Result<OwnedFd> {
    const NO_PREALLOC: u32 = 1;
    let page = u32::try_from(sys::page_size()).unwrap_or(4096);
    let plain = plain(map_type);
    let map = match map_type {
        MapType::STACK_TRACE | MapType::REUSEPORT_SOCKARRAY => MapCreate { value_size: 8, ..plain },
        MapType::LPM_TRIE => MapCreate { key_size: 8, flags: NO_PREALLOC, ..plain },
        MapType::CGROUP_STORAGE | MapType::PERCPU_CGROUP_STORAGE => {
            MapCreate { key_size: 8, max_entries: 0, ..plain }
        }
        MapType::QUEUE | MapType::STACK | MapType::BLOOM_FILTER => {
            MapCreate { key_size: 0, ..plain }
        }
        MapType::RINGBUF | MapType::USER_RINGBUF => {
            MapCreate { key_size: 0, value_size: 0, max_entries: page, ..plain }
        }
        MapType::ARENA => MapCreate { key_size: 0, value_size: 0, flags: flags::MMAPABLE, ..plain },
        // Offsets of an instruction, before and after the JIT.
        MapType::INSN_ARRAY => MapCreate { value_size: 16, ..plain },
        MapType::STRUCT_OPS => MapCreate { vmlinux_value_type_id: 1, ..plain },
        MapType::ARRAY_OF_MAPS | MapType::HASH_OF_MAPS => {
            let inner = sys::map_create(&MapCreate { map_type: MapType::HASH, ..plain })?;
            return sys::map_create(&MapCreate { inner_map: Some(inner.as_fd()), ..plain });
        }
        MapType::SK_STORAGE
        | MapType::INODE_STORAGE
        | MapType::TASK_STORAGE
        | MapType::CGRP_STORAGE => {
            let mut types = BtfBuilder::new(Endian::NATIVE);
            let int = types.int("int", 4, IntEncoding::SIGNED);
            let btf = sys::btf_load(sys::BtfLoad { bytes: &types.finish(), token: None }, None)?;
            return sys::map_create(&MapCreate {
                max_entries: 0,
                flags: NO_PREALLOC,
                btf: Some(btf.as_fd()),
                key_type_id: int,
                value_type_id: int,
                ..plain
            });
        }
        _ => plain,
    };
    sys::map_create(&map)
}
