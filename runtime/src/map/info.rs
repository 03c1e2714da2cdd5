use std::borrow::Cow;

use crate::spec::MapSpec;
use crate::sys;
use crate::uapi::MapType;

/// What a map is: its type, sizes and flags, which never change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MapInfo {
    /// The C name; of a map that was opened by a pin or an id, what the kernel keeps of it (15 bytes).
    pub name: Cow<'static, str>,
    /// The type.
    pub map_type: MapType,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value; in a per-CPU map, of one CPU's.
    pub value_size: u32,
    /// How many elements it can have; of a ring buffer, bytes.
    pub max_entries: u32,
    /// `map_flags`
    pub flags: u32,
    /// `map_extra`
    pub extra: u64,
}

impl From<&MapSpec> for MapInfo {
    fn from(spec: &MapSpec) -> Self {
        Self {
            name: spec.name.clone(),
            map_type: spec.map_type,
            key_size: spec.key_size,
            value_size: spec.value_size,
            max_entries: spec.max_entries,
            flags: spec.flags,
            extra: spec.extra,
        }
    }
}

impl From<&sys::MapInfo> for MapInfo {
    fn from(kernel: &sys::MapInfo) -> Self {
        let name = kernel.name.split(|&byte| byte == 0).next().unwrap_or_default();
        Self {
            name: String::from_utf8_lossy(name).into_owned().into(),
            map_type: MapType(kernel.map_type),
            key_size: kernel.key_size,
            value_size: kernel.value_size,
            max_entries: kernel.max_entries,
            flags: kernel.map_flags,
            extra: kernel.map_extra,
        }
    }
}

impl MapInfo {
    /// Whether every CPU has a value of its own.
    pub fn is_per_cpu(&self) -> bool {
        matches!(
            self.map_type,
            MapType::PERCPU_HASH
                | MapType::PERCPU_ARRAY
                | MapType::LRU_PERCPU_HASH
                | MapType::PERCPU_CGROUP_STORAGE
        )
    }

    /// How many bytes the kernel reads or writes for one element's value: see `bpf_map_value_size()` there.
    pub(super) fn copied_value_size(&self, cpus: usize) -> usize {
        if self.is_per_cpu() {
            slot_size(self.value_size as usize) * cpus
        } else if self.holds_descriptors() {
            4
        } else {
            self.value_size as usize
        }
    }

    /// Whether values are written as file descriptors and read as ids.
    fn holds_descriptors(&self) -> bool {
        matches!(
            self.map_type,
            MapType::PROG_ARRAY
                | MapType::PERF_EVENT_ARRAY
                | MapType::CGROUP_ARRAY
                | MapType::ARRAY_OF_MAPS
                | MapType::HASH_OF_MAPS
        )
    }
}

/// From one CPU's value to the next in what a system call copies.
pub(super) const fn slot_size(value_size: usize) -> usize {
    value_size.next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_copies_what_it_copies() {
        let info = |map_type, value_size| MapInfo {
            map_type,
            value_size,
            ..MapInfo::from(&sys::MapInfo::default())
        };
        let cases = [
            (MapType::HASH, 5, 5),
            (MapType::PERCPU_HASH, 5, 8 * 3),
            (MapType::LRU_PERCPU_HASH, 16, 16 * 3),
            (MapType::PERCPU_ARRAY, 17, 24 * 3),
            (MapType::ARRAY_OF_MAPS, 4, 4),
            (MapType::SOCKMAP, 8, 8),
        ];
        for (map_type, value_size, copied) in cases {
            assert_eq!(info(map_type, value_size).copied_value_size(3), copied, "{map_type}");
        }
    }
}
