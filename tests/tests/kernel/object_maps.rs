//! Overrides of maps in the open phase, as the kernel sees them after `prepare`.

use std::os::fd::{AsFd, AsRawFd};

use bpf_skel::map::MapInfo;
use bpf_skel::object::OpenMap;
use bpf_skel::spec::{MapSpec, Slot, SlotTarget};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{ErrorKind, Map, PreparedObject};
use bpf_skel_tests::kernel::needs::BLOOM_FILTER;
use bpf_skel_tests::kernel::{Outcome, tests};

use crate::phases::{fails, number, open, run};

tests! {
    []: attributes, types, replaced, injected, injected_with_slots, inner_replaced, inner_like, inner_of_another_shape,
        absent_and_needed, absent_and_not_needed, absent_and_back, too_large;
    [BLOOM_FILTER]: extra;
}

/// What the kernel says of a map, not what the handle remembers.
fn kernel_info(map: &Map) -> bpf_skel::Result<MapInfo> {
    Ok(Map::from_id(map.id()?)?.info().clone())
}

/// `counts`, prepared after an edit.
fn edited(edit: impl FnOnce(&mut OpenMap)) -> bpf_skel::Result<PreparedObject> {
    let mut open = open();
    edit(open.map_mut("counts")?);
    open.prepare()
}

fn attributes() -> Outcome {
    type Case = (&'static str, fn(&mut OpenMap), fn(&mut MapInfo));
    let cases: &[Case] = &[
        ("nothing", |_| (), |_| ()),
        (
            "type",
            |map| _ = map.set_type(MapType::LRU_HASH),
            |info| info.map_type = MapType::LRU_HASH,
        ),
        ("key size", |map| _ = map.set_key_size(12), |info| info.key_size = 12),
        ("value size", |map| _ = map.set_value_size(24), |info| info.value_size = 24),
        ("max entries", |map| _ = map.set_max_entries(99), |info| info.max_entries = 99),
        (
            "flags",
            |map| _ = map.set_flags(flags::NO_PREALLOC),
            |info| info.flags = flags::NO_PREALLOC,
        ),
        ("NUMA node", |map| _ = map.set_numa_node(0), |info| info.flags = flags::NUMA_NODE),
    ];
    let mut expected = kernel_info(edited(|_| ())?.map("counts")?)?;
    assert_eq!((expected.key_size, expected.value_size, expected.max_entries), (4, 8, 16));
    expected.name = "counts".into();
    for (what, edit, change) in cases {
        let prepared = edited(edit)?;
        let mut expected = expected.clone();
        change(&mut expected);
        assert_eq!(kernel_info(prepared.map("counts")?)?, expected, "{what}");
        assert_eq!(prepared.map("counts")?.info(), &expected, "{what}");
    }
    // No machine has so many.
    fails(edited(|map| _ = map.set_numa_node(1 << 20)), &["map \"counts\"", "BPF_MAP_CREATE"]);
    Ok(())
}

fn extra() -> Outcome {
    let bloom = |map: &mut OpenMap| {
        map.set_type(MapType::BLOOM_FILTER).set_key_size(0).set_extra(3);
    };
    assert_eq!(kernel_info(edited(bloom)?.map("counts")?)?.extra, 3);
    Ok(())
}

/// `btf_id`, `btf_key_type_id` and `btf_value_type_id` of `struct bpf_map_info`.
fn btf_types(map: &Map) -> [u32; 3] {
    const OBJ_GET_INFO_BY_FD: i32 = 15;
    let mut info = [0_u32; 20];
    let mut attr = [0_u64; 2];
    let head = [map.as_fd().as_raw_fd() as u32, size_of_val(&info) as u32];
    attr[0] = u64::from_ne_bytes(head.map(u32::to_ne_bytes).as_flattened().try_into().unwrap());
    attr[1] = info.as_mut_ptr() as u64;
    // SAFETY: the attributes are this command's; the kernel writes as many bytes as it is told that there are.
    let result = unsafe { libc::syscall(libc::SYS_bpf, OBJ_GET_INFO_BY_FD, attr.as_ptr(), 16) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    [info[16], info[17], info[18]]
}

fn types() -> Outcome {
    let spec = open();
    let defined = spec.maps().iter().find(|map| map.name() == "counts").unwrap().spec();
    let of = |edit: fn(&mut OpenMap)| -> bpf_skel::Result<[u32; 3]> {
        Ok(btf_types(edited(edit)?.map("counts")?))
    };
    let [btf, key, value] = of(|_| ())?;
    assert!(btf != 0);
    assert_eq!((key, value), (defined.key_type_id, defined.value_type_id));
    // The LRU form holds the same elements.
    assert_eq!(of(|map| _ = map.set_type(MapType::LRU_HASH))?[1..], [key, value]);
    // Types of another size would be refused.
    for edit in [
        (|map| _ = map.set_key_size(8)) as fn(&mut OpenMap),
        |map| _ = map.set_value_size(4),
        |map| _ = map.set_btf_types(0, 0),
    ] {
        assert_eq!(of(edit)?, [0; 3]);
    }
    // A key of the value's type: as large, so the kernel takes it.
    let prepared = edited(|map| {
        let value = map.spec().value_type_id;
        map.set_key_size(8).set_value_size(8).set_btf_types(value, value);
    })?;
    assert_eq!(btf_types(prepared.map("counts")?)[1..], [value, value]);
    Ok(())
}

fn replaced() -> Outcome {
    let definition = MapSpec::new("ignored", MapType::ARRAY, 4, 8, 64);
    let mut open = open();
    open.map_mut("counts")?.replace(definition);
    // A definition without contents leaves those that the object gives.
    open.map_mut("jumps")?.replace(MapSpec::new("ignored", MapType::PROG_ARRAY, 4, 4, 8));
    let object = open.load()?;
    let counts = object.map("counts")?;
    assert_eq!((counts.map_type(), counts.max_entries()), (MapType::ARRAY, 64));
    assert_eq!(run(&object, "count"), 0);
    assert_eq!(number(counts, 5), Some(1));
    assert_eq!(object.map("jumps")?.max_entries(), 8);
    assert_eq!(run(&object, "jump"), 11);
    Ok(())
}

fn injected() -> Outcome {
    let mut open = open();
    let spec = MapSpec::new("injected", MapType::QUEUE, 0, 4, 3);
    open.options.add_map(spec).set_max_entries(6);
    let object = open.load()?;
    let map = object.map("injected")?;
    assert_eq!((map.map_type(), kernel_info(map)?.max_entries), (MapType::QUEUE, 6));
    assert_eq!(object.maps().len(), object.spec().maps.len() + 1);
    Ok(())
}

fn injected_with_slots() -> Outcome {
    let mut open = open();
    let second = open.spec().program_index("second").unwrap();
    let mut spec = MapSpec::new("injected", MapType::PROG_ARRAY, 4, 4, 2);
    let slot = Slot { key: 1, target: SlotTarget::Program(second as u32) };
    spec.contents = bpf_skel::spec::MapContents::Slots(vec![slot].into());
    open.options.add_map(spec);
    let object = open.load()?;
    let id = object.program("second")?.info()?.id;
    assert_eq!(number(object.map("injected")?, 1), Some(id.into()));
    Ok(())
}

fn inner_replaced() -> Outcome {
    let mut open = open();
    let inner = |entries| MapSpec::new("inner", MapType::HASH, 4, 8, entries);
    open.map_mut("outer")?.set_inner(inner(9)).set_key_size(4);
    for name in ["one", "two"] {
        open.map_mut(name)?.replace(inner(9));
    }
    let object = open.load()?;
    let held = Map::from_id(number(object.map("outer")?, 0).unwrap() as u32)?;
    assert_eq!((held.map_type(), held.max_entries()), (MapType::HASH, 9));
    // The program takes what the template is.
    assert_eq!(run(&object, "nest"), 404);
    held.update(&[0; 4], &41_u64.to_ne_bytes(), 0)?;
    assert_eq!(run(&object, "nest"), 42);
    Ok(())
}

fn inner_like() -> Outcome {
    let like = Map::from_spec(&MapSpec::new("like", MapType::HASH, 4, 8, 9), None)?;
    let mut open = open();
    open.map_mut("outer")?.set_inner_like(&like)?;
    for name in ["one", "two"] {
        open.map_mut(name)?.reuse(&like)?;
        open.map_mut(name)?.replace(MapSpec::new("x", MapType::HASH, 4, 8, 9));
    }
    let object = open.load()?;
    assert_eq!(number(object.map("outer")?, 1), Some(like.id()?.into()));
    like.update(&[0; 4], &7_u64.to_ne_bytes(), 0)?;
    assert_eq!(run(&object, "nest"), 8);
    Ok(())
}

fn inner_of_another_shape() -> Outcome {
    let mut open = open();
    open.map_mut("outer")?.set_inner(MapSpec::new("inner", MapType::HASH, 8, 8, 9));
    let error = fails(open.load(), &["map \"outer\"", "values["]);
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    Ok(())
}

fn absent_and_needed() -> Outcome {
    let mut open = open();
    open.map_mut("counts")?.set_autocreate(false);
    let error = fails(
        open.load(),
        &["program \"count\"", "map \"counts\", which is absent: autocreate is off"],
    );
    assert_eq!(error.kind(), ErrorKind::Rejected);
    Ok(())
}

fn absent_and_not_needed() -> Outcome {
    let mut open = open();
    open.map_mut("spare")?.set_autocreate(false);
    // Nor is one that a slot was to hold.
    open.map_mut("two")?.set_autocreate(false);
    let object = open.load()?;
    assert_eq!(run(&object, "rarely"), 7);
    assert!(object.map("spare")?.is_absent());
    assert_eq!(object.program("rarely")?.info()?.map_ids.len(), 1);
    assert_eq!(number(object.map("outer")?, 1), None);
    fails(object.map("spare")?.lookup(&[0; 4]), &["spare"]);
    Ok(())
}

fn absent_and_back() -> Outcome {
    let mut open = open();
    open.program_mut("always")?.set_autoload(true);
    open.map_mut("spare")?.set_autocreate(false).set_autocreate(true);
    // What is created anyway may be asked for without losing a map that was given.
    let given = Map::from_spec(&MapSpec::new("given", MapType::HASH, 4, 8, 16), None)?;
    open.map_mut("counts")?.reuse(&given)?.set_autocreate(true);
    let object = open.load()?;
    assert_eq!(run(&object, "always"), 1);
    assert_eq!(object.map("counts")?.id()?, given.id()?);
    Ok(())
}

fn too_large() {
    fails(
        edited(|map| _ = map.set_max_entries(u32::MAX)),
        &["map \"counts\"", "max entries 4294967295"],
    );
    fails(
        edited(|map| _ = map.set_type(MapType(9999))),
        &["map \"counts\"", "needs map type 9999, which this kernel does not have"],
    );
    fails(
        edited(|map| _ = map.set_type(MapType::RINGBUF).set_max_entries(u32::MAX)),
        &["map \"counts\"", "max_entries 4294967295"],
    );
}
