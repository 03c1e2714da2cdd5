#![allow(unsafe_code, reason = "views a mapped section, or a copy of it, as its cells")]

use std::fmt;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::sync::Arc;

use super::arena::Arena;
use super::section::{check_section, read_section};
use super::{Map, section};
use crate::live::LiveLayout;
use crate::pod;
use crate::sys::{Access, Mapping};
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
    Mapped(Mapping),
    Copied(Box<L>),
    /// The variables in an arena.
    Arena(Arc<Arena>),
}

impl<L: LiveLayout> Live<L> {
    /// The map behind it.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Whether reads and writes go to the programs' memory itself. Then `refresh` and `flush` have nothing to do.
    pub fn is_mapped(&self) -> bool {
        !matches!(self.memory, Memory::Copied(_))
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
        if let Some(arena) = &map.arena {
            let (first, room) = arena.data();
            if size_of::<L>() > room || !first.cast::<L>().is_aligned() {
                return Err(map.mismatch("the arena has no room for the variables".to_owned()));
            }
            return Ok(Self { memory: Memory::Arena(arena.clone()), map });
        }
        if map.map_type() == MapType::ARENA && !map.is_absent() {
            return Err(map.misused("an arena that was found can be mapped where its definition says the address (map_extra), once in a process"));
        }
        if !map.is_absent() || map.map_type() != MapType::ARENA {
            check_section::<L>(&map)?;
        }
        let memory = if map.is_absent() {
            Memory::Copied(cells(pod::boxed_zeroed()))
        } else if size_of::<L>() > 0 && map.flags() & flags::MMAPABLE != 0 {
            let mapping = Mapping::shared(map.as_fd(), 0, size_of::<L>(), Access::ReadWrite)
                .map_err(|error| map.failed("mmap", error))?;
            Memory::Mapped(mapping)
        } else {
            Memory::Copied(cells(read_section(&map)?))
        };
        Ok(Self { memory, map })
    }
}

/// The same memory as cells.
fn cells<L: LiveLayout>(plain: Box<L::Plain>) -> Box<L> {
    let () = L::SAME_LAYOUT;
    // SAFETY: same size, alignment and layout, and any bytes are valid in both.
    unsafe { Box::from_raw(Box::into_raw(plain).cast()) }
}

impl<L: LiveLayout> Deref for Live<L> {
    type Target = L;

    fn deref(&self) -> &L {
        match &self.memory {
            // SAFETY: the mapping starts at a page, is as long as an L, lives as long as `self` and can be written; an
            // L is cells only, whose bytes may change at any time and may be any.
            Memory::Mapped(mapping) => unsafe { &*mapping.as_ptr().cast::<L>() },
            Memory::Copied(cells) => cells,
            // SAFETY: `try_from` has checked that the arena has room for an L there, aligned; it lives as long as `self`
            // and can be written; an L is cells only, whose bytes may change at any time and may be any.
            Memory::Arena(arena) => unsafe { &*arena.data().0.cast::<L>() },
        }
    }
}

/// As its plain twin prints.
impl<L: LiveLayout<Plain: fmt::Debug>> fmt::Debug for Live<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.snapshot(), f)
    }
}
