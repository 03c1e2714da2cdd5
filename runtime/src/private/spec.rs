//! Maps and variables of a spec in few tokens, as [relocations](super::map_fd).

use std::borrow::Cow;

use crate::spec::{Data, Linkage, MapContents, MapSpec, Pinning, VariableSpec};
use crate::uapi::MapType;

/// The map of a data section like most: an array of one element.
pub const fn data_map(
    section: &'static str,
    size: u32,
    flags: u32,
    type_id: u32,
    frozen: bool,
    data: Data,
) -> MapSpec {
    MapSpec {
        name: Cow::Borrowed(section),
        section: Cow::Borrowed(section),
        map_type: MapType::ARRAY,
        key_size: 4,
        value_size: size,
        max_entries: 1,
        flags,
        extra: 0,
        numa_node: 0,
        pinning: Pinning::None,
        key_type_id: 0,
        value_type_id: type_id,
        inner: None,
        contents: MapContents::Data { data, frozen },
    }
}

/// A variable of a data section.
pub const fn variable(
    name: &'static str,
    map: u32,
    offset: u32,
    size: u32,
    type_id: u32,
    linkage: Linkage,
) -> VariableSpec {
    VariableSpec { name: Cow::Borrowed(name), map, offset, size, type_id, linkage }
}

/// An empty list.
pub const fn none<T: Clone>() -> Cow<'static, [T]> {
    Cow::Borrowed(&[])
}
