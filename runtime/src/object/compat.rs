//! Whether a map that is there already may stand for a definition.

use crate::error::{Error, Result};
use crate::map::MapInfo;
use crate::spec::MapSpec;
use crate::uapi::{MapType, flags};

/// Compares a definition, its `max_entries` already what the kernel would be told, with a map that exists.
///
/// # Errors
/// A mismatch that names every attribute that differs, with both values.
pub(crate) fn check(spec: &MapSpec, existing: &MapInfo) -> Result<()> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, defined: u64, found: u64| {
        if defined != found {
            differences.push(format!("{what}: defined {defined}, found {found}"));
        }
    };
    compare("key size", spec.key_size.into(), existing.key_size.into());
    compare("value size", spec.value_size.into(), existing.value_size.into());
    compare("max entries", spec.max_entries.into(), existing.max_entries.into());
    compare("map_extra", spec.extra, existing.extra);
    // The kernel sets RDONLY_PROG on device maps by itself (commit 0cdbb4b09a06), so it says nothing there.
    let ignored = match existing.map_type {
        MapType::DEVMAP | MapType::DEVMAP_HASH => flags::RDONLY_PROG,
        _ => 0,
    };
    if spec.flags | ignored != existing.flags | ignored {
        differences.push(format!("flags: defined {:#x}, found {:#x}", spec.flags, existing.flags));
    }
    if spec.map_type != existing.map_type {
        differences
            .insert(0, format!("type: defined {}, found {}", spec.map_type, existing.map_type));
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::mismatch(format!(
        "the map found differs from its definition: {}",
        differences.join("; ")
    )))
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
        assert!(check(&spec(), &same()).is_ok());
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
            let error = check(&spec(), &existing).expect_err(expected).to_string();
            assert!(error.ends_with(expected), "{error}");
        }
        let both = MapInfo { key_size: 8, value_size: 4, ..same() };
        let error = check(&spec(), &both).expect_err("two").to_string();
        assert!(error.contains("key size") && error.contains("value size"), "{error}");
    }

    #[test]
    fn device_maps_may_be_read_only_to_programs() {
        let devmap = MapSpec { map_type: MapType::DEVMAP, ..spec() };
        let found = MapInfo { map_type: MapType::DEVMAP, flags: flags::RDONLY_PROG, ..same() };
        assert!(check(&devmap, &found).is_ok());
        let hash = MapInfo { flags: flags::RDONLY_PROG, ..same() };
        assert!(check(&spec(), &hash).is_err());
    }
}
