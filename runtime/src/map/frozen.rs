#![allow(unsafe_code, reason = "views memory that nobody can write any more as its type")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};

use super::Map;
use super::section::{check_section, read_section};
use crate::pod::{self, Pod};
use crate::sys::{Access, Mapping};
use crate::uapi::flags;
use crate::{Error, Result};

/// The constants of a data section that can't change any more, such as `.rodata` of a loaded object.
///
/// It derefs to the plain section. It owns the map and its memory, so it can be moved out of the skeleton and outlive it.
pub struct Frozen<T: Pod> {
    memory: Memory<T>,
    map: Map,
}

enum Memory<T> {
    Mapped(Mapping, PhantomData<T>),
    Copied(Box<T>),
}

impl<T: Pod> Frozen<T> {
    /// The map behind it.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Whether this is the map's memory itself, not a copy.
    pub fn is_mapped(&self) -> bool {
        matches!(self.memory, Memory::Mapped(..))
    }
}

impl<T: Pod> TryFrom<Map> for Frozen<T> {
    type Error = Error;

    /// Maps the section where nobody can write to it any more: the map can be mapped, is read-only for programs, and
    /// [is known to be frozen](Map::is_known_frozen). Else it is read once. For a section that was not created it is
    /// zeros.
    fn try_from(map: Map) -> Result<Self> {
        const NEEDED: u32 = flags::MMAPABLE | flags::RDONLY_PROG;
        check_section::<T>(&map)?;
        let memory = if map.is_absent() {
            Memory::Copied(pod::boxed_zeroed())
        } else if map.is_known_frozen() && map.flags() & NEEDED == NEEDED && size_of::<T>() > 0 {
            let mapping = Mapping::shared(map.as_fd(), 0, size_of::<T>(), Access::Read)
                .map_err(|error| map.failed("mmap", error))?;
            Memory::Mapped(mapping, PhantomData)
        } else {
            Memory::Copied(read_section(&map)?)
        };
        Ok(Self { memory, map })
    }
}

impl<T: Pod> AsFd for Frozen<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.as_fd()
    }
}

impl<T: Pod> Deref for Frozen<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.memory {
            // SAFETY: the mapping starts at a page, is as long as a T and lives as long as `self`. The kernel lets
            // nobody write to a map that is frozen and read-only for programs (`try_from` checked), and any bytes are
            // a valid T.
            Memory::Mapped(mapping, _) => unsafe { &*mapping.as_ptr().cast::<T>() },
            Memory::Copied(copy) => copy,
        }
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Frozen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
