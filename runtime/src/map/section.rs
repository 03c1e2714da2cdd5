//! Data sections: arrays of one element, which holds the global variables of a section.

use super::Map;
use super::typed::{expect_key, expect_type};
use crate::Result;
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};

/// The key of the one element.
const KEY: [u8; 4] = [0; 4];

/// Checks that the map is a section with room for a `T`. It may be longer: the last array of a section can be resized
/// before the object is loaded. It may be shorter by what rounds `T` up to its alignment: the sections of a file have
/// no padding at their end, and the memory of an array's value is whole pages.
pub(super) fn check_section<T>(map: &Map) -> Result<()> {
    check_room(map, size_of::<T>(), align_of::<T>())
}

fn check_room(map: &Map, expected: usize, align: usize) -> Result<()> {
    expect_type(map, &[MapType::ARRAY])?;
    expect_key::<u32>(map)?;
    let found = map.value_size();
    if expected > (found as usize).next_multiple_of(align) {
        let message = format!("section size: expected at least {expected} bytes, found {found}");
        return Err(map.mismatch(message));
    }
    Ok(())
}

/// A copy of the section's start; padding after its end is zero.
pub(super) fn read_section<T: Pod>(map: &Map) -> Result<Box<T>> {
    check_section::<T>(map)?;
    let mut section = pod::boxed_zeroed::<T>();
    if map.value_size() as usize == size_of::<T>() {
        map.lookup_into(&KEY, bytes_of_mut(&mut *section))?;
    } else if let Some(whole) = map.lookup(&KEY)? {
        let both = whole.len().min(size_of::<T>());
        bytes_of_mut(&mut *section)[..both].copy_from_slice(&whole[..both]);
    }
    Ok(section)
}

/// Overwrites the section's start; the rest stays as it is.
pub(super) fn write_section<T: Pod>(map: &Map, section: &T) -> Result<()> {
    check_section::<T>(map)?;
    if map.value_size() as usize == size_of::<T>() {
        return map.update(&KEY, bytes_of(section), flags::ANY);
    }
    let mut whole = map.lookup(&KEY)?.unwrap_or_default();
    let both = whole.len().min(size_of::<T>());
    whole[..both].copy_from_slice(&bytes_of(section)[..both]);
    map.update(&KEY, &whole, flags::ANY)
}
