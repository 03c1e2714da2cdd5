use bpf_skel::map::{BloomFilter, Map, Queue};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;

use bpf_skel_tests::kernel::{Outcome, needs, tests};

tests! {
    []: queues_and_stacks;
    [needs::BLOOM_FILTER]: bloom_filters;
}

fn queues_and_stacks() -> Outcome {
    for (map_type, order) in [(MapType::QUEUE, [1, 2, 3]), (MapType::STACK, [3, 2, 1])] {
        let map: Queue<u64> =
            Map::from_spec(&MapSpec::new("q", map_type, 0, 8, 3), None)?.try_into()?;
        assert_eq!((map.peek()?, map.pop()?), (None, None));
        (1..=3).try_for_each(|value| map.push(&value))?;
        assert_eq!(map.push(&4).unwrap_err().raw_os_error(), Some(libc::E2BIG));
        assert_eq!(map.peek()?, Some(order[0]));
        for value in order {
            assert_eq!(map.pop()?, Some(value));
        }
        (1..=4).try_for_each(|value| map.push_over(&value))?;
        let mut left = Vec::new();
        while let Some(value) = map.pop()? {
            left.push(value);
        }
        left.sort_unstable();
        assert_eq!(left, [2, 3, 4]);
    }
    Ok(())
}

fn bloom_filters() -> Outcome {
    let spec = MapSpec::new("bloom", MapType::BLOOM_FILTER, 0, 4, 100);
    let map: BloomFilter<u32> = Map::from_spec(&spec, None)?.try_into()?;
    (0..100).try_for_each(|value| map.insert(&value))?;
    assert!((0..100).all(|value| map.may_contain(&value).unwrap()));
    let wrong = (1_000..2_000).filter(|value| map.may_contain(value).unwrap()).count();
    assert!(wrong < 500, "{wrong} of 1000");
    Ok(())
}
