use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use bpf_skel::map::{Hash, LpmTrie, Map};
use bpf_skel::pod::Pod;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::{MapType, flags};

use bpf_skel_tests::kernel::{Outcome, needs, tests};

tests! {
    []: one_element_at_a_time,
    full_maps_say_so,
    iteration_finds_everything,
    iteration_may_delete,
    iteration_is_exact_under_change,
    long_buckets_are_read,
    clear_empties,
    longest_prefix_wins;
    [needs::HASH_TAKE]: elements_are_taken_out;
}

fn hash<K: Pod, V: Pod>(map_type: MapType, max_entries: u32) -> bpf_skel::Result<Hash<K, V>> {
    let (key, value) = (size_of::<K>() as u32, size_of::<V>() as u32);
    Map::from_spec(&MapSpec::new("h", map_type, key, value, max_entries), None)?.try_into()
}

fn one_element_at_a_time() -> Outcome {
    for map_type in [MapType::HASH, MapType::LRU_HASH] {
        let map = hash::<u32, [u16; 5]>(map_type, 16)?;
        assert_eq!(map.get(&1)?, None);
        assert!(!map.replace(&1, &[1; 5])?);
        assert!(map.insert_new(&1, &[1, 2, 3, 4, 5])?);
        assert!(!map.insert_new(&1, &[9; 5])?);
        assert_eq!(map.get(&1)?, Some([1, 2, 3, 4, 5]));
        assert!(map.replace(&1, &[6; 5])?);
        map.insert(&2, &[7; 5])?;
        assert!(map.contains_key(&2)?);
        assert!(map.remove(&1)?);
        assert!(map.remove(&2)?);
        assert!(!map.remove(&2)?);
        assert_eq!(map.iter().count(), 0);
    }
    Ok(())
}

fn elements_are_taken_out() -> Outcome {
    let map = hash::<u32, u64>(MapType::HASH, 16)?;
    map.insert(&1, &6)?;
    assert_eq!(map.take(&1)?, Some(6));
    assert_eq!(map.take(&1)?, None);
    Ok(())
}

fn full_maps_say_so() -> Outcome {
    let map = hash::<u32, u32>(MapType::HASH, 2)?;
    map.insert(&1, &1)?;
    map.insert(&2, &2)?;
    let error = map.insert(&3, &3).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::E2BIG));
    assert!(error.to_string().starts_with("map \"h\": BPF_MAP_UPDATE_ELEM: "), "{error}");
    assert_eq!(error.hint(), Some("it has room for 2 elements"));
    Ok(())
}

fn iteration_finds_everything() -> Outcome {
    const COUNT: u64 = 20_000;
    let map = hash::<u64, u64>(MapType::HASH, COUNT as u32)?;
    for key in 0..COUNT {
        map.insert(&key, &(key * 3))?;
    }
    let all: BTreeMap<u64, u64> = map.iter().collect::<Result<_, _>>()?;
    assert_eq!(all, (0..COUNT).map(|key| (key, key * 3)).collect());
    assert_eq!(map.keys().collect::<Result<BTreeSet<_>, _>>()?.len() as u64, COUNT);
    assert_eq!(map.values().map(|value| value.unwrap()).sum::<u64>(), COUNT * (COUNT - 1) / 2 * 3);
    // The untyped walk, one call a key.
    let untyped: &Map = &map;
    assert_eq!(untyped.keys().collect::<Result<BTreeSet<_>, _>>()?.len() as u64, COUNT);
    Ok(())
}

fn iteration_may_delete() -> Outcome {
    let map = hash::<u32, u32>(MapType::HASH, 5_000)?;
    let fill = || (0..5_000).try_for_each(|key| map.insert(&key, &key));
    fill()?;
    let mut seen = 0;
    for element in map.iter() {
        assert!(map.remove(&element?.0)?);
        seen += 1;
    }
    assert_eq!(seen, 5_000);
    fill()?;
    let untyped: &Map = &map;
    let mut seen = 0;
    for key in untyped.keys() {
        assert!(untyped.delete(&key?)?);
        seen += 1;
    }
    assert_eq!(seen, 5_000);
    Ok(())
}

/// What stays comes exactly once, however much comes and goes beside it.
fn iteration_is_exact_under_change() -> Outcome {
    const STAYING: u32 = 3_000;
    let map = hash::<u32, u32>(MapType::HASH, 8_000)?;
    for key in 0..STAYING {
        map.insert(&key, &key)?;
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0_u32;
            while !done.load(Ordering::Relaxed) {
                for key in STAYING..STAYING + 500 {
                    let key = key + round % 7 * 500;
                    let _ = map.insert(&key, &0);
                    let _ = map.remove(&key);
                }
                round += 1;
            }
        });
        for _ in 0..30 {
            let mut seen = vec![0_u32; STAYING as usize];
            for key in map.keys() {
                if let Some(count) = seen.get_mut(key.unwrap() as usize) {
                    *count += 1;
                }
            }
            assert!(seen.iter().all(|&count| count == 1));
        }
        // One call a key: it may start anew, but it ends.
        let untyped: &Map = &map;
        for _ in 0..10 {
            assert!(untyped.keys().count() <= 2 * 8_000 + 1);
        }
        done.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// Values so large that a batch has room for one, so that buckets with two need more.
fn long_buckets_are_read() -> Outcome {
    const COUNT: u32 = 64;
    let mut spec = MapSpec::new("large", MapType::HASH, 4, 40 << 10, COUNT);
    spec.flags = flags::NO_PREALLOC;
    let map = Map::from_spec(&spec, None)?;
    let mut value = vec![7; 40 << 10];
    for key in 0..COUNT {
        value[0] = key as u8;
        map.update(&key.to_ne_bytes(), &value, 0)?;
    }
    let map: Hash<u32, [u8; 40 << 10]> = map.try_into()?;
    let keys: BTreeSet<u32> =
        map.iter().map(|element| element.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    assert_eq!(keys, (0..COUNT).collect());
    Ok(())
}

fn clear_empties() -> Outcome {
    let map = hash::<u32, u32>(MapType::HASH, 100)?;
    (0..100).try_for_each(|key| map.insert(&key, &key))?;
    assert_eq!(map.clear()?, 100);
    assert_eq!(map.clear()?, 0);
    assert!(map.try_clone()?.iter().next().is_none());
    Ok(())
}

fn longest_prefix_wins() -> Outcome {
    let mut spec = MapSpec::new("routes", MapType::LPM_TRIE, 8, 4, 16);
    spec.flags = flags::NO_PREALLOC;
    let map: LpmTrie<[u8; 8], u32> = Map::from_spec(&spec, None)?.try_into()?;
    let prefix = |bits: u32, addr: [u8; 4]| {
        let [a, b, c, d] = bits.to_ne_bytes();
        let [e, f, g, h] = addr;
        [a, b, c, d, e, f, g, h]
    };
    map.insert(&prefix(8, [10, 0, 0, 0]), &8)?;
    map.insert(&prefix(16, [10, 1, 0, 0]), &16)?;
    assert_eq!(map.get(&prefix(32, [10, 1, 2, 3]))?, Some(16));
    assert_eq!(map.get(&prefix(32, [10, 2, 2, 3]))?, Some(8));
    assert_eq!(map.get(&prefix(32, [11, 0, 0, 1]))?, None);
    let all: Vec<u32> = map.iter().map(|element| element.unwrap().1).collect();
    assert_eq!(all, [16, 8]);
    assert!(map.remove(&prefix(16, [10, 1, 0, 0]))?);
    assert_eq!(map.get(&prefix(32, [10, 1, 2, 3]))?, Some(8));
    Ok(())
}
