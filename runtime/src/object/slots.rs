//! Filling the slots of map-in-maps and prog arrays that the object initialises (`.values = { … }`).

use std::borrow::Cow;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::error::{Frame, Result, Within};
use crate::map::Map;
use crate::spec::{Slot, SlotTarget};
use crate::uapi::flags;

/// The slots of a map that this load has to fill.
pub(crate) type Slots = Cow<'static, [Slot]>;

/// Writes the slots that `find` has a descriptor for. Only maps that this load has created have slots here: the others'
/// contents belong to somebody else.
pub(crate) fn fill<'fd>(
    maps: &[Map],
    slots: &[Slots],
    find: impl Fn(SlotTarget) -> Option<BorrowedFd<'fd>>,
) -> Result<()> {
    for (map, slots) in maps.iter().zip(slots) {
        for &Slot { key, target } in slots.iter() {
            let Some(fd) = find(target) else { continue };
            put(map, key, fd).within(|| Frame::Map(map.name().to_owned()))?;
        }
    }
    Ok(())
}

fn put(map: &Map, key: u32, fd: BorrowedFd<'_>) -> Result<()> {
    let value = fd.as_raw_fd().cast_unsigned();
    map.update(&key.to_ne_bytes(), &value.to_ne_bytes(), flags::ANY)
        .within(|| Frame::Member(format!("values[{key}]")))
}
