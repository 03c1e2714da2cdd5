//! Objects of iproute2's time: what their definitions say by id is there after a load, by a skeleton and by the loader.

use std::path::Path;

use bpf_skel::ErrorKind;
use bpf_skel::loader::{Config, LoadedBy, Loader};
use bpf_skel::map::ProgArray;
use bpf_skel::program::TestRun;
use bpf_skel::spec::{Endian, MapSpec};
use bpf_skel::uapi::{MapType, ProgramType};
use bpf_skel::{Map, Object, OpenObject, Result};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, Snapshot, tests};

use crate::phases::{fails, number, run, run_program};

tests![
    skeleton,
    by_the_loader,
    one_section,
    types_given,
    as_libbpf_had_them,
    holds_maps_without_a_template,
    pinned_as_configured,
    found_is_not_filled,
    failures_stay_failures,
];

bpf_skel_macros::bpf_skel!(pub mod legacy = "fixtures/legacy-el.o", "fixtures/legacy-eb.o");

macro_rules! object {
    ($name:literal) => {
        match Endian::NATIVE {
            Endian::Little => include_bytes!(concat!("../../fixtures/", $name, "-el.o")).as_slice(),
            Endian::Big => include_bytes!(concat!("../../fixtures/", $name, "-eb.o")).as_slice(),
        }
    };
}

fn loader() -> Loader {
    Loader::new().without_configuration()
}

fn load(loader: &Loader) -> Result<Object> {
    loader.load(object!("legacy"), "legacy.o").map(|loaded| loaded.object)
}

/// Where the main program jumps to, and what it answers.
fn jump(object: &Object, slot: u32) -> u32 {
    object.map("next").unwrap().update(&[0; 4], &slot.to_ne_bytes(), 0).expect("an array");
    run(object, "cls_main")
}

fn skeleton() -> Outcome {
    let skel = legacy::open().load()?;
    for outer in ["outer", "outer_hash"] {
        let outer = skel.object().map(outer)?;
        for (slot, inner) in
            [(0, Some("inner_zero")), (1, None), (2, None), (3, Some("inner_three"))]
        {
            let expected = inner.map(|name| skel.object().map(name).unwrap().id().unwrap().into());
            assert_eq!(number(outer, slot), expected, "{outer:?} {slot}");
        }
    }
    let jump = |slot: u32| {
        skel.maps.next.set(0, &slot.to_ne_bytes()).expect("an array");
        run(skel.object(), "cls_main")
    };
    skel.maps.counters.insert(&5, &legacy::types::counter { packets: 3, bytes: 1 })?;
    assert_eq!(jump(0), 11);
    assert_eq!(skel.maps.counters.get(&5)?.map(|counter| counter.packets), Some(4));
    // Nothing is in the slots between, and the map of today is filled by a program of then.
    assert_eq!((jump(1), jump(7)), (404, 404));
    skel.maps.inner_three.set(0, &21_u64.to_ne_bytes())?;
    assert_eq!(jump(8), 42);
    assert_eq!(skel.maps.modern.get(0)?, 42);
    assert!(!skel.progs.nowhere.is_loaded());
    Ok(())
}

fn by_the_loader() -> Outcome {
    let loaded = loader().load(object!("legacy"), "legacy.o")?;
    assert_eq!(loaded.loader, LoadedBy::Compatibility);
    assert_eq!(loaded.why.map(|why| why.kind()), Some(ErrorKind::MapDefinition));
    assert_eq!(loaded.warnings.len(), 1);
    assert_eq!((jump(&loaded.object, 1), jump(&loaded.object, 8)), (404, 0));
    assert_eq!(run(&loaded.object, "act_main"), 2);

    // The same object, and edited before.
    let mut opened = loader().open(object!("legacy"), "legacy.o")?;
    opened.object.map_mut("jumps")?.set_max_entries(10);
    assert_eq!(opened.load()?.object.map("jumps")?.max_entries(), 10);
    Ok(())
}

fn one_section() -> Outcome {
    let object = load(&loader().section("classifier"))?;
    let loaded: Vec<_> =
        object.programs().iter().filter(|it| it.is_loaded()).map(|it| it.name()).collect();
    assert_eq!(loaded, ["cls_main", "count", "nest"]);
    assert_eq!(jump(&object, 8), 0);
    Ok(())
}

fn types_given() -> Outcome {
    let object = object!("legacy_def");
    fails(
        loader().load(object, "x.o"),
        &["program \"xdp_main\"", "section \"prog\" names no type"],
    );
    let loaded = loader().program_type(ProgramType::XDP).load(object, "x.o")?;
    loaded.object.map("verdict")?.update(&[0; 4], &3_u32.to_ne_bytes(), 0)?;
    assert_eq!(run(&loaded.object, "xdp_main"), 3);
    Ok(())
}

fn as_libbpf_had_them() -> Outcome {
    let loaded =
        loader().program_type(ProgramType::SCHED_CLS).load(object!("legacy_def"), "x.o")?;
    let taken = loaded.legacy.map(|legacy| legacy.to_string()).unwrap_or_default();
    assert!(taken.starts_with("struct bpf_map_def of 20 bytes"), "{taken}");
    let seen = Map::from_id(loaded.object.map("seen")?.id()?)?;
    let info = seen.info();
    assert_eq!((info.map_type, info.key_size, info.value_size), (MapType::HASH, 6, 8));
    assert_eq!((info.max_entries, info.flags), (32, 1));
    let answer = loaded.object.program("xdp_main")?.test_run(TestRun::new().data_in(&[0; 64]))?;
    assert_eq!(answer.retval, 0);
    Ok(())
}

/// No inner id is an error where the map is to be created, and only there.
fn holds_maps_without_a_template() -> Outcome {
    let directory = PinDirectory::new("template")?;
    let without = || {
        let mut open = OpenObject::from_static(legacy::SPEC);
        let outer = open.map_mut("outer").unwrap();
        outer.replace(MapSpec { inner: None, ..outer.spec().clone() });
        outer.set_pin_path(directory.join("outer"));
        open
    };
    let error =
        fails(without().load(), &["map \"outer\"", "nothing says what the maps in it are like"]);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let first = legacy::open().load()?;
    first.object().map("outer")?.pin(directory.join("outer"))?;
    without().load()?;
    Ok(())
}

fn configured(root: &Path) -> Loader {
    let mut config = Config::built_in();
    config.set_root(root);
    Loader::new().pinning(config)
}

fn pinned_as_configured() -> Outcome {
    let directory = PinDirectory::new("configured")?;
    let object = load(&configured(&directory.join("")))?;
    let pinned = |path: &str| Map::from_pin(directory.join(path)).and_then(|map| map.id());
    assert_eq!(pinned("tc/globals/counters")?, object.map("counters")?.id()?);
    // 40 digits, those of the object's file.
    let own = std::fs::read_dir(directory.join("tc"))?
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .find(|name| name.len() == 40)
        .expect("a directory of the object's own");
    assert_eq!(pinned(&format!("tc/{own}/outer"))?, object.map("outer")?.id()?);
    // Nobody has said what 5 is.
    let globals = std::fs::read_dir(directory.join("tc/globals"))?.count();
    assert_eq!(globals, 1, "inner_three is not pinned");

    let xdp = configured(&directory.join("")).program_type(ProgramType::XDP);
    drop(xdp.load(object!("legacy_def"), "x.o")?);
    assert!(!directory.join("xdp").exists(), "it pins nothing");
    Ok(())
}

/// What is pinned belongs to whoever made it; maps that are created are filled, with what was found too.
fn found_is_not_filled() -> Outcome {
    let directory = PinDirectory::new("found")?;
    let loader = configured(&directory.join(""));
    let first = load(&loader)?;
    let second = load(&loader)?;
    let id = |object: &Object, name: &str| -> Result<u32> { object.map(name)?.id() };
    assert_eq!(id(&first, "outer")?, id(&second, "outer")?);
    assert_eq!(number(second.map("outer")?, 3), Some(id(&first, "inner_three")?.into()));
    assert_eq!(number(second.map("outer_hash")?, 3), Some(id(&second, "inner_three")?.into()));

    let open = || -> Result<OpenObject> {
        let mut opened = self::loader().open(object!("legacy"), "legacy.o")?;
        opened.object.map_mut("jumps")?.set_pin_path(directory.join("jumps"));
        Ok(opened.object)
    };
    let first = open()?.load()?;
    let jumps: ProgArray = first.map("jumps")?.try_clone()?.try_into()?;
    jumps.set(1, first.program("count")?)?;
    let second = open()?.load()?;
    first.map("counters")?.update(&5_u32.to_ne_bytes(), &[0; 16], 0)?;
    assert_eq!(jump(&second, 1), 11);
    Ok(())
}

/// Only definitions that are not understood lead to the other loader: a refusal of the kernel does not, and leaves
/// nothing behind.
fn failures_stay_failures() -> Outcome {
    let before = Snapshot::take();
    let mut opened = loader().open(object!("legacy"), "legacy.o")?;
    // Too few slots for what the object puts there.
    opened.object.map_mut("jumps")?.set_max_entries(8);
    fails(opened.load(), &["map \"jumps\": member \"values[8]\""]);

    // A map in place of the one pinned that does not fit.
    let directory = PinDirectory::new("failures")?;
    let other = Map::from_spec(&MapSpec::new("counters", MapType::HASH, 4, 8, 16), None)?;
    std::fs::create_dir(directory.join("tc"))?;
    std::fs::create_dir(directory.join("tc/globals"))?;
    other.pin(directory.join("tc/globals/counters"))?;
    let error = fails(load(&configured(&directory.join(""))), &["counters", "value size"]);
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(!directory.join("tc/globals/outer").exists());
    drop((other, directory));
    before.check()?;
    let object = load(&loader())?;
    assert_eq!(run_program(object.program("act_main")?), 2);
    Ok(())
}
