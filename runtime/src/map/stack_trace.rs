#![allow(unsafe_code, reason = "one plain type of the kernel's")]

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::element::is_unsupported;
use super::typed::{expect_key, expect_size, expect_type, typed_clone, typed_map};
use super::{Keys, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of};
use crate::uapi::{MapType, flags};

typed_map! {
    /// Stacks of calls that programs have stored by `bpf_get_stackid`, by the id that it answers:
    /// `BPF_MAP_TYPE_STACK_TRACE`. Linux 4.6.
    ///
    /// A frame is the address of an instruction, or in a map with `BPF_F_STACK_BUILD_ID` (Linux 4.17) a
    /// [`StackBuildId`] or another type of its size.
    ///
    /// ```no_run
    /// # use bpf_skel::map::StackTraces;
    /// # fn example(stacks: &StackTraces, id: u32) -> bpf_skel::Result<()> {
    /// if let Some(trace) = stacks.get(id)? {
    ///     for address in trace.frames() {
    ///         println!("{address:#x}");
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// A stack stays until it is removed, or until another one with the same id takes its place
    /// (`BPF_F_REUSE_STACKID`). The kernel takes it out while it copies it, so that of two who read it at the same time
    /// one may find nothing.
    #[doc(alias = "BPF_MAP_TYPE_STACK_TRACE")]
    #[doc(alias = "bpf_get_stackid")]
    #[doc(alias = "StackTraceMap")]
    pub struct StackTraces<T = u64> {}
}
typed_clone!(StackTraces<T>);

/// This kernel can't read and remove a stack in one step (before Linux 6.18).
static TWO_STEPS: AtomicBool = AtomicBool::new(false);

impl<T: Pod> StackTraces<T> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::STACK_TRACE])?;
        expect_key::<u32>(map)?;
        let build_ids = map.flags() & flags::STACK_BUILD_ID != 0;
        let found = if build_ids { size_of::<StackBuildId>() } else { size_of::<u64>() };
        expect_size::<T>("frame size", map, found as u32)
    }

    /// How many frames a stack can have here.
    pub fn max_depth(&self) -> usize {
        self.value_size() as usize / size_of::<T>()
    }

    /// The stack with this id, or `None` where there is none: also for a negative id, which is an error that
    /// `bpf_get_stackid` has answered.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, id: u32) -> Result<Option<StackTrace<T>>> {
        Ok(self.lookup(bytes_of(&id))?.map(|value| StackTrace::new(&value)))
    }

    /// Removes the stack and answers it, in one step since Linux 6.18. Before, a stack that comes in its place between the
    /// two is lost.
    ///
    /// # Errors
    /// Where the map can't be read and written.
    pub fn take(&self, id: u32) -> Result<Option<StackTrace<T>>> {
        if !TWO_STEPS.load(Relaxed) {
            match self.lookup_and_delete(bytes_of(&id)) {
                Err(error) if is_unsupported(&error) => TWO_STEPS.store(true, Relaxed),
                taken => return Ok(taken?.map(|value| StackTrace::new(&value))),
            }
        }
        let found = self.get(id)?;
        if found.is_some() {
            self.remove(id)?;
        }
        Ok(found)
    }

    /// Removes the stack with this id; `false` where there is none.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, id: u32) -> Result<bool> {
        match self.delete(bytes_of(&id)) {
            // Not an id of this map at all.
            Err(error) if error.raw_os_error() == Some(libc::E2BIG) => Ok(false),
            removed => removed,
        }
    }

    /// Removes all stacks that are there when it comes to them; returns how many.
    ///
    /// # Errors
    /// Where the map can't be read or written.
    pub fn clear(&self) -> Result<usize> {
        let mut count = 0;
        for id in self.ids() {
            count += usize::from(self.remove(id?)?);
        }
        Ok(count)
    }

    /// The ids of all stacks, ascending, each once. The current one may be removed; where others are at the wrong moment,
    /// [`Keys`] says what happens.
    pub fn ids(&self) -> impl Iterator<Item = Result<u32>> + '_ {
        let mut least = 0;
        Keys::new(self).filter_map(move |key| {
            let id = match key {
                Ok(key) => pod::read::<u32>(&key)?,
                Err(error) => return Some(Err(error)),
            };
            // Smaller ones come again where the kernel has started anew.
            if id < least {
                return None;
            }
            least = id.saturating_add(1);
            Some(Ok(id))
        })
    }

    /// All stacks with their ids: see [`ids`](Self::ids).
    pub fn iter(&self) -> impl Iterator<Item = Result<(u32, StackTrace<T>)>> + '_ {
        self.ids().filter_map(|id| {
            id.and_then(|id| Ok(self.get(id)?.map(|trace| (id, trace)))).transpose()
        })
    }
}

/// A stack of calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StackTrace<T = u64> {
    frames: Vec<T>,
    full: bool,
}

impl<T: Pod> StackTrace<T> {
    /// Frames fill the value up to one that is all zero, or to its end.
    fn new(value: &[u8]) -> Self {
        let slots = value.chunks_exact(size_of::<T>());
        let room = slots.len();
        let used = slots.take_while(|slot| slot.iter().any(|&byte| byte != 0));
        let frames: Vec<T> = used.filter_map(pod::read).collect();
        Self { full: frames.len() == room, frames }
    }
}

impl<T> StackTrace<T> {
    /// The frames, from the innermost outwards.
    pub fn frames(&self) -> &[T] {
        &self.frames
    }

    /// As [`frames`](Self::frames), owned.
    pub fn into_frames(self) -> Vec<T> {
        self.frames
    }

    /// Whether it takes all the room that the map has for one: outer frames may be missing then.
    pub fn is_full(&self) -> bool {
        self.full
    }
}

/// A frame of a map with `BPF_F_STACK_BUILD_ID`: a place in a file, which stays the same wherever the file is mapped.
#[doc(alias = "bpf_stack_build_id")]
#[doc(alias = "BPF_F_STACK_BUILD_ID")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct StackBuildId {
    status: i32,
    build_id: [u8; 20],
    offset_or_ip: u64,
}

// SAFETY: an i32, bytes and a u64 at 0, 4 and 24: no padding, as is asserted, and any bytes are a value.
unsafe impl Pod for StackBuildId {}

const _: () = assert!(size_of::<StackBuildId>() == 4 + 20 + 8);

impl StackBuildId {
    /// `BPF_STACK_BUILD_ID_VALID`
    const VALID: i32 = 1;
    /// `BPF_STACK_BUILD_ID_IP`
    const IP: i32 = 2;

    /// The build id of the file (its note `NT_GNU_BUILD_ID`), with zeros behind a shorter one. `None` where the kernel could
    /// not read it, or of a stack in the kernel: there is an [`ip`](Self::ip) then.
    pub fn build_id(&self) -> Option<&[u8; 20]> {
        (self.status == Self::VALID).then_some(&self.build_id)
    }

    /// The instruction's offset in the file, in bytes, where there is a [`build_id`](Self::build_id).
    pub fn offset(&self) -> Option<u64> {
        (self.status == Self::VALID).then_some(self.offset_or_ip)
    }

    /// The instruction's address, where there is no [`build_id`](Self::build_id).
    pub fn ip(&self) -> Option<u64> {
        (self.status == Self::IP).then_some(self.offset_or_ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::slice_bytes;

    #[test]
    fn a_trace_ends_with_its_first_empty_frame() {
        for (slots, frames, full) in [
            (vec![7, 8, 0, 0], vec![7, 8], false),
            (vec![7, 0, 9], vec![7], false),
            (vec![0, 0], vec![], false),
            (vec![7, u64::MAX], vec![7, u64::MAX], true),
        ] {
            let trace = StackTrace::<u64>::new(slice_bytes(&slots));
            assert_eq!((trace.frames(), trace.is_full()), (&frames[..], full), "{slots:?}");
        }
    }

    #[test]
    fn a_frame_is_a_place_in_a_file_or_an_address() {
        let frame = |status, offset_or_ip| StackBuildId { status, build_id: [5; 20], offset_or_ip };
        let slots = [frame(1, 64), frame(2, 99), frame(1, 0), frame(3, 1), pod::zeroed()];
        let trace = StackTrace::<StackBuildId>::new(slice_bytes(&slots));
        let seen: Vec<_> = trace
            .frames()
            .iter()
            .map(|frame| (frame.build_id().is_some(), frame.offset(), frame.ip()))
            .collect();
        assert_eq!(
            seen,
            [
                (true, Some(64), None),
                (false, None, Some(99)),
                (true, Some(0), None),
                (false, None, None)
            ]
        );
    }
}
