use std::os::fd::{AsFd, BorrowedFd};

use super::redirect::{expecting_program, read, write};
use super::typed::{expect_key, expect_type, expect_value_of_4_or_8, typed_clone, typed_map};
use super::{Keys, Map};
use crate::pod;
use crate::uapi::MapType;
use crate::{ErrorKind, Result, sys};

typed_map! {
    /// Network interfaces for XDP programs to redirect packets to, by index: `BPF_MAP_TYPE_DEVMAP`. Linux 4.14.
    ///
    /// Where the map's value has 8 bytes (`struct bpf_devmap_val`, Linux 5.8), an element can have a program of section
    /// `xdp/devmap`, which sees the packet before the interface sends it. The kernel takes an interface out when it goes.
    #[doc(alias = "BPF_MAP_TYPE_DEVMAP")]
    #[doc(alias = "bpf_devmap_val")]
    pub struct DevMap {}
}
typed_clone!(DevMap);

typed_map! {
    /// Network interfaces for XDP programs to redirect packets to, by any number: `BPF_MAP_TYPE_DEVMAP_HASH`. Linux 5.4.
    ///
    /// Else as [`DevMap`].
    #[doc(alias = "BPF_MAP_TYPE_DEVMAP_HASH")]
    #[doc(alias = "bpf_devmap_val")]
    pub struct DevMapHash {}
}
typed_clone!(DevMapHash);

/// What is in a [`DevMap`] or a [`DevMapHash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevMapEntry {
    /// Number of the interface.
    pub ifindex: u32,
    /// Id of its program.
    pub program_id: Option<u32>,
}

impl DevMap {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::DEVMAP])?;
        expect_key::<u32>(map)?;
        expect_value_of_4_or_8(map)
    }

    /// How many slots there are.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Puts an interface of this thread's network namespace into the slot, in place of one before and of its program.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) where the index is beyond the end,
    /// [`NotFound`](ErrorKind::NotFound) where there is no such interface.
    pub fn set(&self, index: u32, ifindex: u32) -> Result<()> {
        self.check_index(index)?;
        put(self, index, ifindex, None)
    }

    /// As [`set`](Self::set), with a program of section `xdp/devmap`. Linux 5.8.
    ///
    /// # Errors
    /// As `set`; [`InvalidInput`](ErrorKind::InvalidInput) where the program is of another kind or the map's value has
    /// no room for it.
    #[doc(alias = "BPF_XDP_DEVMAP")]
    pub fn set_with_program(&self, index: u32, ifindex: u32, program: &impl AsFd) -> Result<()> {
        self.check_index(index)?;
        put(self, index, ifindex, Some(program.as_fd()))
    }

    /// What is in the slot, or `None` where it is empty.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn get(&self, index: u32) -> Result<Option<DevMapEntry>> {
        self.check_index(index)?;
        entry(self, index)
    }

    /// Empties the slot, whether there was an interface or not.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<()> {
        self.clear_slot(index).map(drop)
    }

    /// All slots that are not empty, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Result<(u32, DevMapEntry)>> + '_ {
        (0..self.len()).filter_map(|index| with_key(index, self.get(index)))
    }
}

impl DevMapHash {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::DEVMAP_HASH])?;
        expect_key::<u32>(map)?;
        expect_value_of_4_or_8(map)
    }

    /// Puts an interface of this thread's network namespace under `key`, in place of one before and of its program.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) where there is no such interface; E2BIG where the map is full.
    pub fn insert(&self, key: u32, ifindex: u32) -> Result<()> {
        put(self, key, ifindex, None)
    }

    /// As [`insert`](Self::insert), with a program of section `xdp/devmap`. Linux 5.8.
    ///
    /// # Errors
    /// As `insert`; [`InvalidInput`](ErrorKind::InvalidInput) where the program is of another kind or the map's value
    /// has no room for it.
    #[doc(alias = "BPF_XDP_DEVMAP")]
    pub fn insert_with_program(&self, key: u32, ifindex: u32, program: &impl AsFd) -> Result<()> {
        put(self, key, ifindex, Some(program.as_fd()))
    }

    /// What is under `key`, or `None` where there is nothing.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, key: u32) -> Result<Option<DevMapEntry>> {
        entry(self, key)
    }

    /// Takes the interface under `key` out; `false` where there was none.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, key: u32) -> Result<bool> {
        self.delete(pod::bytes_of(&key))
    }

    /// All elements, in the order of [`Keys`].
    pub fn iter(&self) -> impl Iterator<Item = Result<(u32, DevMapEntry)>> + '_ {
        Keys::new(self).filter_map(|key| match key {
            Ok(key) => pod::read(&key).and_then(|key| with_key(key, self.get(key))),
            Err(error) => Some(Err(error)),
        })
    }
}

fn put(map: &Map, key: u32, ifindex: u32, program: Option<BorrowedFd<'_>>) -> Result<()> {
    if ifindex == 0 {
        // Which the kernel would take for an order to empty the slot.
        return Err(map.misused("interface 0: they are numbered from 1"));
    }
    write(map, key, ifindex, program).map_err(|error| match program {
        _ if error.raw_os_error() == Some(libc::EINVAL) && !sys::has_interface(ifindex) => {
            error.with_kind(ErrorKind::NotFound).with_hint(format!(
                "there is no interface {ifindex} in this thread's network namespace"
            ))
        }
        Some(_) => expecting_program(error, "xdp/devmap"),
        None => error,
    })
}

fn entry(map: &Map, key: u32) -> Result<Option<DevMapEntry>> {
    Ok(read(map, key)?.map(|(ifindex, program_id)| DevMapEntry { ifindex, program_id }))
}

/// An item of what is iterated over; `None` where the element is not there, or not any more.
fn with_key<T>(key: u32, found: Result<Option<T>>) -> Option<Result<(u32, T)>> {
    found.transpose().map(|found| found.map(|entry| (key, entry)))
}
