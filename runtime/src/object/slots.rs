//! Filling the slots of map-in-maps and prog arrays that the object initialises (`.values = { … }`).

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::error::{Frame, Result, Within};
use crate::map::Map;
use crate::spec::{MapContents, ObjectSpec, Slot, SlotTarget};
use crate::uapi::flags;

/// Writes the slots that `find` has a descriptor for. Only maps that this load has created are written to: the others'
/// contents belong to somebody else.
pub(crate) fn fill<'fd>(
    spec: &ObjectSpec,
    maps: &[Map],
    created: &[bool],
    find: impl Fn(SlotTarget) -> Option<BorrowedFd<'fd>>,
) -> Result<()> {
    for ((definition, map), created) in spec.maps.iter().zip(maps).zip(created) {
        let MapContents::Slots(slots) = &definition.contents else { continue };
        if !created {
            continue;
        }
        for &Slot { key, target } in slots.iter() {
            let Some(fd) = find(target) else { continue };
            put(map, key, fd).within(|| Frame::Map(definition.name.to_string()))?;
        }
    }
    Ok(())
}

fn put(map: &Map, key: u32, fd: BorrowedFd<'_>) -> Result<()> {
    let value = fd.as_raw_fd().cast_unsigned();
    map.update(&key.to_ne_bytes(), &value.to_ne_bytes(), flags::ANY)
        .within(|| Frame::Member(format!("values[{key}]")))
}
