use super::*;
use crate::live::Global;
use crate::map::{Frozen, Hash, Live, RingBuf, StackTraces, UserRingBuf};

fn absent(map_type: MapType, key_size: u32, value_size: u32) -> Map {
    Map::absent(MapInfo::from(&MapSpec::new("gone", map_type, key_size, value_size, 8))).unwrap()
}

#[test]
fn handles_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Map>();
    shared::<Hash<u32, [u8; 3]>>();
    shared::<RingBuf>();
    shared::<UserRingBuf>();
    shared::<StackTraces>();
    shared::<Live<Global<u64>>>();
    shared::<Frozen<u64>>();
}

#[test]
fn every_operation_on_an_absent_map_says_that_it_is() {
    let map = absent(MapType::HASH, 4, 8).try_clone().unwrap();
    assert!(map.is_absent());
    let errors = [
        map.lookup(&[0; 4]).unwrap_err(),
        map.update(&[0; 4], &[0; 8], 0).unwrap_err(),
        map.delete(&[0; 4]).unwrap_err(),
        map.lookup_and_delete(&[0; 4]).unwrap_err(),
        map.next_key(None).unwrap_err(),
        map.keys().next().unwrap().unwrap_err(),
        map.freeze().unwrap_err(),
        map.id().unwrap_err(),
        map.pin("/sys/fs/bpf/never").unwrap_err(),
    ];
    let hash = Hash::<u32, u64>::try_from(map).unwrap();
    let ring = RingBuf::try_from(absent(MapType::RINGBUF, 0, 0)).unwrap();
    let user_ring = UserRingBuf::try_from(absent(MapType::USER_RINGBUF, 0, 0)).unwrap();
    let stacks: StackTraces = absent(MapType::STACK_TRACE, 4, 8).try_into().unwrap();
    let typed = [
        hash.get(&1).unwrap_err(),
        hash.iter().next().unwrap().unwrap_err(),
        hash.clear().unwrap_err(),
        ring.for_each(|_: &u8| ()).unwrap_err(),
        ring.poll(None).unwrap_err(),
        user_ring.send(&1_u8).unwrap_err(),
        user_ring.poll(None).unwrap_err(),
        stacks.get(1).unwrap_err(),
        stacks.take(1).unwrap_err(),
        stacks.remove(1).unwrap_err(),
        stacks.ids().next().unwrap().unwrap_err(),
    ];
    for error in errors.into_iter().chain(typed) {
        assert_eq!(
            error.to_string(),
            r#"map "gone": the map was not created: its creation was turned off"#
        );
    }
}

#[test]
fn an_absent_section_is_zeros() {
    let live = Live::<Global<u64>>::try_from(absent(MapType::ARRAY, 4, 8)).unwrap();
    live.set(5);
    assert_eq!((live.get(), live.is_mapped()), (5, false));
    assert!(live.refresh().is_err() && live.flush().is_err());
    assert_eq!(*Frozen::<u64>::try_from(absent(MapType::ARRAY, 4, 8)).unwrap(), 0);
}
