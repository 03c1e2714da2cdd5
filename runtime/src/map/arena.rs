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

/// An arena of an object.
#[derive(Clone)]
pub(crate) struct Arena {
    /// Where the object's variables begin; at the start of a page.
    pub(crate) data: usize,
    /// `None` where this process cannot have it.
    pub(super) mapping: Option<Arc<Mapping>>,
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
        let data = data_offset(spec, len)?;
        let mapping = self.map_arena(spec)?;
        if len > 0 {
            mapping.populate(data, len).map_err(|error| {
                Error::system("madvise(MADV_POPULATE_WRITE)", error)
                    .with_hint("the object's variables need pages of the arena")
            })?;
            let bytes = bytes.unwrap_or_default();
            // SAFETY: `populate` has checked that there are `len` bytes from there; no program has the map yet.
            unsafe {
                let first = mapping.as_ptr().add(data);
                ptr::copy_nonoverlapping(bytes.as_ptr(), first, bytes.len().min(len));
            }
        }
        self.arena = Some(Arena { data, mapping: Some(Arc::new(mapping)) });
        Ok(())
    }

    /// Maps an arena that was found, with the variables of whoever has created it. It has to be at the same address in every
    /// process: only a definition that says at which can be mapped again, and not twice in a process.
    pub(crate) fn find_arena(&mut self, spec: &MapSpec, len: usize) -> Result<()> {
        let data = data_offset(spec, len)?;
        let is_fixed = spec.extra != 0 && self.info().extra == spec.extra;
        // Without it the load goes on: programs have it. Who asks for the variables is told.
        let mapping = if is_fixed { self.map_arena(spec).ok().map(Arc::new) } else { None };
        self.arena = Some(Arena { data, mapping });
        Ok(())
    }

    fn map_arena(&self, spec: &MapSpec) -> Result<Mapping> {
        let address = usize::try_from(spec.extra).map_err(|_| too_large())?;
        Mapping::arena(self.as_fd(), size(spec)?, address).map_err(|error| {
            let taken = error.raw_os_error() == Some(libc::EEXIST);
            let error = Error::system("mmap", error);
            match taken {
                true => error.with_hint(format!(
                    "map_extra asks for address {address:#x}, where something else is already"
                )),
                false => error,
            }
        })
    }

    /// The memory of an arena of an object, as long as a handle of it is there: programs have it at the same addresses. Only pages that a program has allocated, or that hold the object's variables, are there;
    /// what else is touched the kernel allocates, or answers with SIGSEGV where the map has flag `SEGV_ON_FAULT`. Programs
    /// may read and write it at any time.
    ///
    /// `None` for other maps, and for an arena that was found pinned or given and does not say at which address it is, or is
    /// mapped by this process already. Linux 6.9.
    pub fn arena_memory(&self) -> Option<NonNull<[u8]>> {
        let mapping = self.arena.as_ref()?.mapping.as_ref()?;
        NonNull::new(ptr::slice_from_raw_parts_mut(mapping.as_ptr(), mapping.len()))
    }
}

fn size(spec: &MapSpec) -> Result<usize> {
    let pages = usize::try_from(spec.max_entries).ok();
    pages.and_then(|pages| pages.checked_mul(sys::page_size())).ok_or_else(too_large)
}

fn too_large() -> Error {
    Error::invalid_input("an arena that is larger than the address space")
}

/// Where `len` bytes of variables begin, whoever creates the arena: at its end, as with libbpf, for programs allocate from
/// the start, where 0 is.
fn data_offset(spec: &MapSpec, len: usize) -> Result<usize> {
    let page = sys::page_size();
    let room = len.next_multiple_of(page);
    let Some(end) = size(spec)?.checked_sub(room) else {
        return Err(Error::invalid_input(format!(
            "max entries {}: the object has {len} bytes of variables in the arena, {} pages",
            spec.max_entries,
            room / page
        )));
    };
    Ok(if end < REACH { end } else { 0 })
}
