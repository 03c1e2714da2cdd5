use bpf_skel::ErrorKind;
use bpf_skel::map::{Map, PerCpuArray, PerCpuHash, possible_cpus};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use bpf_skel_tests::kernel::{Outcome, needs, tests};

tests! {
    []: hashes_hold_a_value_a_cpu, arrays_hold_a_value_a_cpu, values_are_counted;
    [needs::HASH_TAKE]: elements_are_taken_out;
}

/// Not a multiple of 8, so that values are padded.
type Value = [u8; 12];

fn values(start: u8) -> bpf_skel::Result<Vec<Value>> {
    Ok((0..possible_cpus()?).map(|cpu| [start + cpu as u8; 12]).collect())
}

fn hash(map_type: MapType) -> bpf_skel::Result<PerCpuHash<u32, Value>> {
    Map::from_spec(&MapSpec::new("p", map_type, 4, 12, 64), None)?.try_into()
}

fn hashes_hold_a_value_a_cpu() -> Outcome {
    for map_type in [MapType::PERCPU_HASH, MapType::LRU_PERCPU_HASH] {
        let map = hash(map_type)?;
        assert_eq!(map.get(&1)?, None);
        assert!(!map.replace(&1, &values(1)?)?);
        assert!(map.insert_new(&1, &values(10)?)?);
        assert!(!map.insert_new(&1, &values(1)?)?);
        assert_eq!(map.get(&1)?, Some(values(10)?));
        map.insert_all(&2, &[7; 12])?;
        assert_eq!(map.get(&2)?, Some(vec![[7; 12]; possible_cpus()?]));
        let mut all: Vec<_> = map.iter().collect::<Result<_, _>>()?;
        all.sort();
        assert_eq!(all, [(1, values(10)?), (2, vec![[7; 12]; possible_cpus()?])]);
        assert_eq!(map.values().count(), 2);
        assert_eq!(map.clear()?, 2);
    }
    Ok(())
}

fn elements_are_taken_out() -> Outcome {
    let map = hash(MapType::PERCPU_HASH)?;
    map.insert_all(&2, &[7; 12])?;
    assert_eq!(map.take(&2)?, Some(vec![[7; 12]; possible_cpus()?]));
    assert_eq!(map.take(&2)?, None);
    Ok(())
}

fn arrays_hold_a_value_a_cpu() -> Outcome {
    let spec = MapSpec::new("p", MapType::PERCPU_ARRAY, 4, 12, 3);
    let map: PerCpuArray<Value> = Map::from_spec(&spec, None)?.try_into()?;
    map.set(1, &values(4)?)?;
    map.set_all(2, &[9; 12])?;
    assert_eq!(map.get(0)?, vec![[0; 12]; possible_cpus()?]);
    let all: Vec<_> = map.iter().collect::<Result<_, _>>()?;
    assert_eq!(all[1], (1, values(4)?));
    assert_eq!(all[2], (2, vec![[9; 12]; possible_cpus()?]));
    assert_eq!(map.get(3).unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}

fn values_are_counted() -> Outcome {
    let map = hash(MapType::PERCPU_HASH)?;
    let error = map.insert(&1, &[]).unwrap_err();
    let cpus = possible_cpus()?;
    assert_eq!(
        error.to_string(),
        format!(r#"map "p": values: expected {cpus}, one a possible CPU, found 0"#)
    );
    assert_eq!(map.value_len()?, 16 * cpus);
    Ok(())
}
