//! Whether a map that is there already may stand for a definition.

use std::os::fd::AsFd;

use super::constants;
use super::open_map::OpenMap;
use crate::btf::Btf;
use crate::error::{Error, Result};
use crate::map::{Map, MapInfo};
use crate::spec::{Endian, MapSpec, ObjectSpec};
use crate::sys::{self, IdKind};
use crate::uapi::{MapType, flags};
use crate::{Difference, LayoutDifference};

/// In what a map that exists differs from a definition, its `max_entries` already what the kernel would be told.
pub(crate) fn differences(
    object: &ObjectSpec,
    open: &OpenMap,
    existing: &Map,
) -> Result<Vec<Difference>> {
    let mut differences = of_attributes(&open.spec, existing.info());
    // Types of other sizes need no look at their members.
    if differences.iter().all(Difference::is_safe) {
        differences.extend(of_layout(object, &open.spec, existing)?);
    }
    Ok(differences)
}

/// As [`differences`], also of the constants that the map stands for: nobody but its pin says that it is the one.
pub(crate) fn differences_of_pinned(
    object: &ObjectSpec,
    open: &OpenMap,
    existing: &Map,
) -> Result<Vec<Difference>> {
    let mut differences = differences(object, open, existing)?;
    if differences.iter().all(Difference::is_safe) {
        differences.extend(constants::differences(object, open, existing)?);
    }
    Ok(differences)
}

/// An error that names everything that differs, with both values.
pub(crate) fn mismatch(differences: Vec<Difference>) -> Error {
    let text: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let constants =
        differences.iter().any(|it| matches!(it, Difference::NotFrozen | Difference::Contents(_)));
    let error =
        Error::mismatch(format!("the map found differs from its definition: {}", text.join("; ")))
            .with_differences(differences);
    if constants {
        return error.with_hint(
            "the map pinned can be replaced (OnMismatch::Replace), or this one be pinned elsewhere",
        );
    }
    error
}

fn of_attributes(spec: &MapSpec, existing: &MapInfo) -> Vec<Difference> {
    // The kernel sets RDONLY_PROG on device maps by itself (commit 0cdbb4b09a06), so it says nothing there.
    let ignored = match existing.map_type {
        MapType::DEVMAP | MapType::DEVMAP_HASH => flags::RDONLY_PROG,
        _ => 0,
    };
    [
        (spec.map_type != existing.map_type)
            .then_some(Difference::MapType { defined: spec.map_type, found: existing.map_type }),
        (spec.key_size != existing.key_size)
            .then_some(Difference::KeySize { defined: spec.key_size, found: existing.key_size }),
        (spec.value_size != existing.value_size).then_some(Difference::ValueSize {
            defined: spec.value_size,
            found: existing.value_size,
        }),
        (spec.max_entries != existing.max_entries).then_some(Difference::MaxEntries {
            defined: spec.max_entries,
            found: existing.max_entries,
        }),
        (spec.extra != existing.extra)
            .then_some(Difference::Extra { defined: spec.extra, found: existing.extra }),
        (spec.flags | ignored != existing.flags | ignored)
            .then_some(Difference::Flags { defined: spec.flags, found: existing.flags }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Compares the C types of key and value, where the object has them, the kernel keeps them, and the process may read
/// them (CAP_SYS_ADMIN: BTF is opened by its id).
fn of_layout(object: &ObjectSpec, spec: &MapSpec, existing: &Map) -> Result<Vec<Difference>> {
    if object.btf.is_empty() || (spec.key_type_id, spec.value_type_id) == (0, 0) {
        return Ok(Vec::new());
    }
    let system = |error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error);
    let info = sys::map_info(existing.as_fd()).map_err(system)?;
    if info.btf_id == 0 {
        return Ok(Vec::new());
    }
    let fd = match sys::fd_by_id(IdKind::Btf, info.btf_id) {
        Ok(fd) => fd,
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Error::system("BPF_BTF_GET_FD_BY_ID", error)),
    };
    let mut bytes = Vec::new();
    sys::btf_info(fd.as_fd(), Some(&mut bytes)).map_err(system)?;
    let found = Btf::parse(&bytes, Endian::NATIVE)?;
    let defined = Btf::parse(&object.btf, object.endian)?;
    let compare = |id: u32, other: u32| -> Option<LayoutDifference> {
        if id == 0 || other == 0 { None } else { defined.layout_difference(id, &found, other) }
    };
    let key = compare(spec.key_type_id, info.btf_key_type_id).map(Difference::Key);
    let value = compare(spec.value_type_id, info.btf_value_type_id).map(Difference::Value);
    Ok(key.into_iter().chain(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> MapSpec {
        MapSpec::new("m", MapType::HASH, 4, 8, 16)
    }

    fn same() -> MapInfo {
        MapInfo::from(&spec())
    }

    #[test]
    fn every_difference_is_named_with_both_values() {
        assert!(of_attributes(&spec(), &same()).is_empty());
        for (existing, expected) in [
            (
                MapInfo { map_type: MapType::LRU_HASH, ..same() },
                "type: defined hash, found lru_hash",
            ),
            (MapInfo { key_size: 8, ..same() }, "key size: defined 4, found 8"),
            (MapInfo { value_size: 4, ..same() }, "value size: defined 8, found 4"),
            (MapInfo { max_entries: 1, ..same() }, "max entries: defined 16, found 1"),
            (MapInfo { flags: 1, ..same() }, "flags: defined 0x0, found 0x1"),
            (MapInfo { extra: 3, ..same() }, "map_extra: defined 0, found 3"),
        ] {
            let error = mismatch(of_attributes(&spec(), &existing)).to_string();
            assert!(error.ends_with(expected), "{error}");
        }
        let both = MapInfo { key_size: 8, value_size: 4, ..same() };
        let error = mismatch(of_attributes(&spec(), &both)).to_string();
        assert!(error.contains("key size") && error.contains("value size"), "{error}");
    }

    #[test]
    fn device_maps_may_be_read_only_to_programs() {
        let devmap = MapSpec { map_type: MapType::DEVMAP, ..spec() };
        let found = MapInfo { map_type: MapType::DEVMAP, flags: flags::RDONLY_PROG, ..same() };
        assert!(of_attributes(&devmap, &found).is_empty());
        let hash = MapInfo { flags: flags::RDONLY_PROG, ..same() };
        assert!(!of_attributes(&spec(), &hash).is_empty());
    }
}
