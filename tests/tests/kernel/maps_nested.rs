use bpf_skel::map::{Array, Hash, Map, MapOfMaps, ProgArray};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use crate::raw::Filter;
use bpf_skel_tests::kernel::{Outcome, tests};

tests![maps_hold_maps, inner_maps_must_be_alike, prog_arrays_hold_programs];

fn inner(name: &'static str) -> bpf_skel::Result<Array<u32>> {
    Map::from_spec(&MapSpec::new(name, MapType::ARRAY, 4, 4, 2), None)?.try_into()
}

fn outer<K: bpf_skel::pod::Pod>(
    map_type: MapType,
    key_size: u32,
) -> bpf_skel::Result<MapOfMaps<K>> {
    let template = inner("template")?;
    Map::from_spec(&MapSpec::new("o", map_type, key_size, 4, 4), Some(&template))?.try_into()
}

fn maps_hold_maps() -> Outcome {
    let array = outer::<u32>(MapType::ARRAY_OF_MAPS, 4)?;
    let hash = outer::<u64>(MapType::HASH_OF_MAPS, 8)?;
    let held = inner("held")?;
    held.set(1, &11)?;
    assert_eq!(array.id_of(&0)?, None);
    array.insert(&0, &held)?;
    hash.insert(&77, &held)?;
    assert_eq!(array.id_of(&0)?, Some(held.id()?));
    let again: Array<u32> = hash.get(&77)?.unwrap().try_into()?;
    assert_eq!((again.get(1)?, again.name()), (11, "held"));
    assert_eq!(hash.keys().collect::<Result<Vec<_>, _>>()?, [77]);
    assert_eq!(array.keys().count(), 4);
    assert!(hash.remove(&77)?);
    assert!(!hash.remove(&77)?);
    assert!(array.get(&1)?.is_none());
    Ok(())
}

fn inner_maps_must_be_alike() -> Outcome {
    let array = outer::<u32>(MapType::ARRAY_OF_MAPS, 4)?;
    let spec = MapSpec::new("other", MapType::HASH, 4, 4, 2);
    let other: Hash<u32, u32> = Map::from_spec(&spec, None)?.try_into()?;
    let error = array.insert(&0, &other).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    assert!(error.hint().unwrap().contains("template"));
    Ok(())
}

fn prog_arrays_hold_programs() -> Outcome {
    let spec = MapSpec::new("progs", MapType::PROG_ARRAY, 4, 4, 3);
    let progs: ProgArray = Map::from_spec(&spec, None)?.try_into()?;
    let (caller, callee) = (Filter::tail_calls(&progs, 2), Filter::returns(42));
    assert_eq!(caller.run(b"", 1), -1);
    progs.set(2, &callee)?;
    assert_eq!(caller.run(b"", 1), 42);
    assert!(progs.program_id(2)?.is_some());
    assert_eq!(progs.program_id(0)?, None);
    assert!(progs.clear(2)?);
    assert!(!progs.clear(2)?);
    assert_eq!(caller.run(b"", 1), -1);
    assert!(progs.set(3, &callee).is_err());
    Ok(())
}
