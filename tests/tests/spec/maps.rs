//! Map definitions.

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::spec::{Endian, MapContents, MapSpec, ObjectSpec, Pinning, Slot, SlotTarget};
use bpf_skel::uapi::MapType;
use bpf_skel_tests::fixtures::spec;

fn map<'s>(spec: &'s ObjectSpec, name: &str) -> &'s MapSpec {
    &spec.maps[spec.map_index(name).expect(name)]
}

#[test]
fn every_key() {
    let spec = spec("maps");
    let sizes = |name: &str| {
        let map = map(&spec, name);
        assert_eq!(map.section, ".maps");
        (map.map_type, map.key_size, map.value_size, map.max_entries)
    };
    assert_eq!(sizes("typed"), (MapType::HASH, 8, 24, 1024));
    assert_eq!(sizes("sized"), (MapType::PERCPU_ARRAY, 4, 24, 3));
    assert_eq!(sizes("both"), (MapType::LRU_HASH, 8, 4, 7));
    // What the page size and the CPU count decide is for the loader.
    assert_eq!(sizes("records"), (MapType::RINGBUF, 0, 0, 5000));
    assert_eq!(sizes("events"), (MapType::PERF_EVENT_ARRAY, 4, 4, 0));
    assert_eq!(sizes("first"), (MapType::ARRAY, 4, 24, 2));
    assert_eq!(sizes("second"), sizes("first"));

    let typed = map(&spec, "typed");
    assert_eq!((typed.flags, typed.numa_node, typed.pinning), (5, 0, Pinning::ByName));
    assert_eq!(map(&spec, "sized").pinning, Pinning::None);
    assert_eq!(map(&spec, "bloom").extra, 3);
    assert_eq!(map(&spec, "bloom_long").extra, 0x5_0000_0004);

    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let name = |id| btf.type_by_id(id).map(|ty| ty.name);
    assert_eq!(name(typed.key_type_id), Some("key"));
    assert_eq!(name(typed.value_type_id), Some("value"));
    let sized = map(&spec, "sized");
    assert_eq!((sized.key_type_id, sized.value_type_id), (0, 0));
    let first = btf.type_by_id(map(&spec, "first").value_type_id).unwrap();
    assert!(matches!(first.kind, Kind::Array(array) if array.len == 2), "{first:?}");
}

#[test]
fn definitions_are_ordered_by_offset() {
    let spec = spec("maps");
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let (_, section) = btf.find_datasec(".maps").unwrap();
    let names: Vec<_> =
        section.vars().filter_map(|var| btf.type_by_id(var.ty)).map(|ty| ty.name).collect();
    assert_eq!(names, spec.maps.iter().map(|map| &*map.name).collect::<Vec<_>>());
}

#[test]
fn maps_in_maps() {
    let spec = spec("inner_maps");
    let index = |name: &str| spec.map_index(name).expect(name) as u32;
    let filled = map(&spec, "filled");
    let slot = |key, name: &str| Slot { key, target: SlotTarget::Map(index(name)) };
    assert_eq!(filled.contents, MapContents::Slots(vec![slot(1, "two"), slot(3, "one")].into()));
    assert_eq!(filled.value_size, 4);
    let inner = |map: &MapSpec| &spec.inner_maps[map.inner.expect("an inner map") as usize];
    let array = inner(filled);
    assert_eq!((&*array.name, array.map_type), ("filled.inner", MapType::ARRAY));
    assert_eq!((array.key_size, array.value_size, array.flags), (4, 8, 4096));
    let templated = map(&spec, "templated");
    assert_eq!(templated.contents, MapContents::Empty);
    let hash = inner(templated);
    assert_eq!((&*hash.name, hash.map_type), ("templated.inner", MapType::HASH));
    assert_eq!((hash.key_size, hash.value_size, hash.max_entries), (8, 4, 16));

    let by_user = bpf_skel_tests::fixtures::spec("inner_by_user");
    assert_eq!(map(&by_user, "bare").inner, None);
    assert!(by_user.inner_maps.is_empty());
}

#[test]
fn prog_array_slots() {
    let spec = spec("prog_array");
    let slot = |key, name: &str| {
        let program = spec.program_index(name).expect(name) as u32;
        Slot { key, target: SlotTarget::Program(program) }
    };
    let jumps = map(&spec, "jumps");
    assert_eq!(jumps.contents, MapContents::Slots(vec![slot(0, "pass"), slot(4, "drop")].into()));
    assert_eq!((jumps.map_type, jumps.value_size, jumps.inner), (MapType::PROG_ARRAY, 4, None));
}
