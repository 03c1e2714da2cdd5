use std::os::fd::AsFd;

use super::Map;
use super::slots::expecting;
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use crate::Result;
use crate::uapi::MapType;

typed_map! {
    /// Cgroups, by index: `BPF_MAP_TYPE_CGROUP_ARRAY`. Linux 4.8.
    ///
    /// Programs ask by it whether a packet or the current task is of a cgroup or of one below it
    /// (`bpf_skb_under_cgroup`, `bpf_current_task_under_cgroup`). The kernel lets nobody read which cgroups are in it.
    #[doc(alias = "BPF_MAP_TYPE_CGROUP_ARRAY")]
    pub struct CgroupArray {}
}
typed_clone!(CgroupArray);

impl CgroupArray {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::CGROUP_ARRAY])?;
        expect_key::<u32>(map)?;
        expect_value::<u32>(map)
    }

    /// How many slots there are.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Puts a cgroup into the slot, in place of one before: an open directory of a cgroup of version 2.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end or the descriptor is of
    /// something else.
    pub fn set(&self, index: u32, cgroup: &impl AsFd) -> Result<()> {
        let expected = "it takes an open directory of a cgroup of version 2";
        self.set_slot(index, cgroup.as_fd()).map_err(|error| expecting(error, expected))
    }

    /// Empties the slot; `false` where it was empty.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<bool> {
        self.clear_slot(index)
    }
}
