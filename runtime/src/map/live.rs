#![allow(unsafe_code, reason = "views a mapped section, or a copy of it, as its cells")]

use std::fmt;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::arena::Arena;
use super::section::{check_section, read_section};
use super::{Map, section};
use crate::live::LiveLayout;
use crate::pod;
use crate::sys::{self, Access, Mapping};
use crate::uapi::{MapType, flags};
use crate::{Error, Result};

/// The global variables of a data section, as the running programs see them.
///
/// It derefs to the section's cells: `skel.bss.dropped.get()`. It owns the map and its memory, so it can be moved
/// out of the skeleton and outlive it.
///
/// Variables of an arena are in the arena, wherever that is; programs have them at the same addresses.
///
/// Where the kernel can't map arrays (before Linux 5.5), or the section has no global variable and was not made for it,
/// this is a copy: [`refresh`](Self::refresh) reads it anew and [`flush`](Self::flush) writes it back;
/// [`is_mapped`](Self::is_mapped) tells. For a section that was not created it is a copy of zeros.
pub struct Live<L: LiveLayout> {
    memory: Memory<L>,
    map: Map,
}

enum Memory<L> {
    /// It begins at this offset: not at 0 in an arena.
    Mapped(Arc<Mapping>, usize),
    Copied(Box<L>),
}

impl<L: LiveLayout> Live<L> {
    /// The map behind it.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Whether reads and writes go to the programs' memory itself. Then `refresh` and `flush` have nothing to do.
    pub fn is_mapped(&self) -> bool {
        matches!(self.memory, Memory::Mapped(..))
    }

    /// A copy of the whole section, on the heap.
    pub fn snapshot(&self) -> Box<L::Plain> {
        let mut plain = pod::boxed_zeroed();
        self.copy_to(&mut plain);
        plain
    }

    /// Reads the section anew where it is a copy; what was set and not flushed is lost.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn refresh(&self) -> Result<()> {
        if !self.is_mapped() {
            self.copy_from(&*read_section::<L::Plain>(&self.map)?);
        }
        Ok(())
    }

    /// Writes the whole section where it is a copy: what programs have changed since it was read is lost.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn flush(&self) -> Result<()> {
        if self.is_mapped() {
            return Ok(());
        }
        section::write_section(&self.map, &*self.snapshot())
    }
}

impl<L: LiveLayout> TryFrom<Map> for Live<L> {
    type Error = Error;

    /// Maps the section, or reads it where it can't be mapped.
    fn try_from(map: Map) -> Result<Self> {
        let () = L::SAME_LAYOUT;
        if map.map_type() != MapType::ARENA {
            check_section::<L>(&map)?;
        }
        let memory = if map.is_absent() {
            Memory::Copied(cells(pod::boxed_zeroed()))
        } else if map.map_type() == MapType::ARENA {
            in_arena::<L>(&map)?
        } else if size_of::<L>() > 0 && map.flags() & flags::MMAPABLE != 0 {
            let mapping = Mapping::shared(map.as_fd(), 0, size_of::<L>(), Access::ReadWrite)
                .map_err(|error| map.failed("mmap", error))?;
            Memory::Mapped(Arc::new(mapping), 0)
        } else {
            Memory::Copied(cells(read_section(&map)?))
        };
        Ok(Self { memory, map })
    }
}

/// The variables of an arena, where this process has it.
fn in_arena<L: LiveLayout>(map: &Map) -> Result<Memory<L>> {
    let Some(Arena { data, mapping: Some(mapping) }) = map.arena.clone() else {
        return Err(map.misused(
            "an arena that was found can be mapped where its definition says the address (map_extra), once in a process",
        ));
    };
    if size_of::<L>() > mapping.len() - data || align_of::<L>() > sys::page_size() {
        return Err(map.mismatch("the arena has no room for the variables".to_owned()));
    }
    Ok(Memory::Mapped(mapping, data))
}

/// The same memory as cells.
fn cells<L: LiveLayout>(plain: Box<L::Plain>) -> Box<L> {
    let () = L::SAME_LAYOUT;
    // SAFETY: same size, alignment and layout, and any bytes are valid in both.
    unsafe { Box::from_raw(Box::into_raw(plain).cast()) }
}

impl<L: LiveLayout> AsFd for Live<L> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.as_fd()
    }
}

impl<L: LiveLayout> Deref for Live<L> {
    type Target = L;

    fn deref(&self) -> &L {
        match &self.memory {
            // SAFETY: the mapping has room for an L from there, at the start of a page, as was checked when it was made or
            // found; it lives as long as `self` and can be written; an L is cells only, whose bytes may change at any time
            // and may be any.
            Memory::Mapped(mapping, at) => unsafe { &*mapping.as_ptr().add(*at).cast::<L>() },
            Memory::Copied(cells) => cells,
        }
    }
}

/// As its plain twin prints.
impl<L: LiveLayout<Plain: fmt::Debug>> fmt::Debug for Live<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.snapshot(), f)
    }
}
