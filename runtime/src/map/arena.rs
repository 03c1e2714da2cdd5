//! The memory of an arena, which programs and this process have at the same addresses.
#![allow(
    unsafe_code,
    reason = "copies the object's variables into memory that is not theirs alone"
)]

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::Map;
use crate::error::{Error, Result};
use crate::spec::MapSpec;
use crate::sys::{self, Mapping};

/// Up to here an instruction can name a place in a map's value on every kernel: `BPF_MAX_VAR_OFF`; 4 GiB since Linux 7.0.
const REACH: usize = 1 << 29;

/// An arena that this process has mapped.
pub(crate) struct Arena {
    mapping: Mapping,
    /// Where the object's variables begin.
    data: usize,
}

impl Arena {
    /// Where the object's variables begin.
    pub(crate) fn data_offset(&self) -> usize {
        self.data
    }

    /// The first byte of the object's variables, and how many there may be; at the start of a page.
    pub(super) fn data(&self) -> (*mut u8, usize) {
        // SAFETY: within the mapping, whose length is at least `data`.
        let first = unsafe { self.mapping.as_ptr().add(self.data) };
        (first, self.mapping.len() - self.data)
    }
}

impl Map {
    /// Maps the whole of the arena, which its programs need, and puts the object's `len` bytes of variables into it; they
    /// are zero where there are no bytes.
    pub(crate) fn fill_arena(
        &mut self,
        spec: &MapSpec,
        len: usize,
        bytes: Option<&[u8]>,
    ) -> Result<()> {
        let arena = self.map_arena(spec, len)?;
        if len > 0 {
            arena.mapping.populate(arena.data, len).map_err(|error| {
                Error::system("madvise(MADV_POPULATE_WRITE)", error)
                    .with_hint("the object's variables need pages of the arena")
            })?;
            let bytes = bytes.unwrap_or_default();
            // SAFETY: `map_arena` has made room for `len`, which can be written to; no program has the map yet.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), arena.data().0, bytes.len().min(len));
            }
        }
        self.arena = Some(Arc::new(arena));
        Ok(())
    }

    /// Maps an arena that was found, with the variables of whoever has created it. It has to be at the same address in every
    /// process: only a definition that says at which can be mapped again, and not twice in a process.
    pub(crate) fn find_arena(&mut self, spec: &MapSpec, len: usize) {
        if self.info().extra != 0 && self.info().extra == spec.extra {
            // Without it the load goes on; who asks for the variables is told.
            self.arena = self.map_arena(spec, len).ok().map(Arc::new);
        }
    }

    fn map_arena(&self, spec: &MapSpec, data: usize) -> Result<Arena> {
        let page = sys::page_size();
        let len = usize::try_from(spec.max_entries).ok().and_then(|pages| pages.checked_mul(page));
        let address = usize::try_from(spec.extra).ok();
        let Some((len, address)) = len.zip(address) else {
            return Err(Error::invalid_input("an arena that is larger than the address space"));
        };
        let room = data.next_multiple_of(page);
        let Some(end) = len.checked_sub(room) else {
            return Err(Error::invalid_input(format!(
                "max entries {}: the object has {data} bytes of variables in the arena, {} pages",
                spec.max_entries,
                room / page
            )));
        };
        let mapping = Mapping::arena(self.as_fd(), len, address).map_err(|error| {
            let taken = error.raw_os_error() == Some(libc::EEXIST);
            let error = Error::system("mmap", error);
            match taken {
                true => error.with_hint(format!(
                    "map_extra asks for address {address:#x}, where something else is already"
                )),
                false => error,
            }
        })?;
        // As libbpf does: programs allocate from the start, where 0 is.
        let at = if end < REACH { end } else { 0 };
        Ok(Arena { mapping, data: at })
    }

    /// The memory of an arena of an object, as long as a handle of it is there: programs have
    /// it at the same addresses. Only pages that a program has allocated, or that hold the object's variables, are there;
    /// what else is touched the kernel allocates, or answers with SIGSEGV where the map has flag `SEGV_ON_FAULT`. Programs
    /// may read and write it at any time.
    ///
    /// `None` for other maps, and for an arena that was found pinned or given and does not say at which address it is, or is
    /// mapped by this process already. Linux 6.9.
    pub fn arena_memory(&self) -> Option<NonNull<[u8]>> {
        let Arena { mapping, .. } = &**self.arena.as_ref()?;
        NonNull::new(ptr::slice_from_raw_parts_mut(mapping.as_ptr(), mapping.len()))
    }
}
