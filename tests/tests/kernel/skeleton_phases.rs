//! Typed skeletons: fields before the load, live values after it, handles that go where they like.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use bpf_skel::map::{Array, Hash, MapOfMaps, ProgArray};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{ErrorKind, Map};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, tests};

use crate::phases::{fails, failures, phases, run_program};

bpf_skel_macros::bpf_skel!(mod large = "fixtures/large-el.o", "fixtures/large-eb.o");
bpf_skel_macros::bpf_skel! {
    mod untyped = "fixtures/phases-el.o", "fixtures/phases-eb.o",
    untyped_maps = ["counts"],
}

tests![
    fields_and_live_values,
    maps_are_typed,
    retyped,
    retyped_to_another_kind,
    mistyped,
    grown,
    reused_live,
    reused_constants,
    filled_while_prepared,
    moved_to_threads,
    handles_outlive_it,
    attached,
    large_values_print,
];

fn run<K: bpf_skel::program::Kind>(program: &bpf_skel::Program<K>) -> u32 {
    run_program(&program.try_clone().expect("it is there").into_any())
}

fn fields_and_live_values() -> Outcome {
    let mut open = phases::open();
    assert_eq!(
        (open.rodata.knob, open.data.level, open.bss.total, open.data_custom.tuned),
        (5, -5, 0, 42)
    );
    open.rodata.knob = 20;
    open.data.level = 10;
    open.bss.seen = [1, 2, 3];
    open.data_custom.tuned = 6;
    let skel = open.load()?;
    assert_eq!(skel.rodata.knob, 20);
    assert_eq!(
        (skel.data.level.get(), skel.bss.seen.get(), skel.data_custom.tuned.get()),
        (10, [1, 2, 3], 6)
    );
    assert_eq!(run(&skel.progs.observe), 20);
    // The program wrote, we read.
    assert_eq!(
        (skel.data.level.get(), skel.bss.total.get(), skel.data_custom.tuned.get()),
        (11, 20, 7)
    );
    assert_eq!(skel.bss.seen.get(), [6, 8, 3]);
    // We write, the program reads.
    skel.bss.total.fetch_add(1000, Relaxed);
    skel.data_custom.tuned.set(90);
    run(&skel.progs.observe);
    assert_eq!((skel.bss.total.get(), skel.bss.seen[0].get()), (1040, 90));
    assert!(skel.bss.is_mapped() && skel.data.is_mapped() && skel.data_custom.is_mapped());
    assert!(skel.rodata.is_mapped());
    Ok(())
}

fn maps_are_typed() -> Outcome {
    let skel = phases::open().load()?;
    let counts: &Hash<u32, u64> = &skel.maps.counts;
    run(&skel.progs.count);
    assert_eq!(counts.get(&5)?, Some(1));
    let spare: &Array<u32> = &skel.maps.spare;
    assert_eq!(spare.len(), 4);
    let outer: &MapOfMaps<u32> = &skel.maps.outer;
    assert_eq!(outer.id_of(&1)?, Some(skel.maps.two.id()?));
    let jumps: &ProgArray = &skel.maps.jumps;
    assert_eq!(jumps.program_id(0)?, Some(skel.progs.first.info()?.id));
    assert!(!skel.progs.always.is_loaded());
    Ok(())
}

fn retyped() -> Outcome {
    let mut open = phases::open();
    open.maps.counts.set_type(MapType::LRU_HASH).set_max_entries(128);
    let skel = open.load()?;
    assert_eq!(
        (skel.maps.counts.map_type(), skel.maps.counts.max_entries()),
        (MapType::LRU_HASH, 128)
    );
    run(&skel.progs.count);
    assert_eq!(skel.maps.counts.get(&5)?, Some(1));
    Ok(())
}

/// An array of 16 that was a hash: its typed handle is made where the program knows which it is.
fn retyped_to_another_kind() -> Outcome {
    let mut open = untyped::open();
    open.maps.counts.set_type(MapType::ARRAY).set_max_entries(16);
    let skel = open.load()?;
    run(&skel.progs.count);
    let counts: &Map = &skel.maps.counts;
    let counts: Array<u64> = counts.try_clone()?.try_into()?;
    assert_eq!((counts.len(), counts.get(5)?), (16, 1));

    let mut open = phases::open();
    open.maps.counts.set_type(MapType::ARRAY).set_max_entries(16);
    fails(open.load(), &["map \"counts\"", "type: expected hash or lru_hash", "found array"]);
    Ok(())
}

fn mistyped() -> Outcome {
    let directory = PinDirectory::new("mistyped")?;
    let mut open = phases::open();
    open.maps.counts.set_value_size(16).set_pin_path(directory.join("sub/counts"));
    let error = fails(open.prepare(), &["phases", "map \"counts\"", "expected 8", "found 16"]);
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(!directory.join("sub").exists());
    Ok(())
}

fn grown() -> Outcome {
    let mut open = phases::open();
    let size = open.maps.bss.spec().value_size;
    open.maps.bss.set_value_size(size + 4096);
    open.bss.total = 3;
    let skel = open.load()?;
    assert_eq!(skel.maps.bss.value_size(), size + 4096);
    run(&skel.progs.observe);
    assert_eq!(skel.bss.total.get(), 8);
    Ok(())
}

/// libbpf's skeleton shows 0 here: it maps only what it has created.
fn reused_live() -> Outcome {
    let directory = PinDirectory::new("skel-live")?;
    let open = || {
        let mut open = phases::open();
        open.maps.bss.set_pin_path(directory.join("bss"));
        open.bss.total = 1;
        open
    };
    let first = open().load()?;
    first.bss.total.set(777);
    drop(first);
    let second = open().load()?;
    assert_eq!(second.bss.total.get(), 777);
    run(&second.progs.observe);
    assert_eq!(second.bss.total.get(), 782);
    Ok(())
}

fn reused_constants() -> Outcome {
    let mut other = phases::open();
    other.rodata.knob = 33;
    let other = other.load()?;
    let mut open = phases::open();
    open.rodata.knob = 44;
    open.maps.rodata.reuse(&other.maps.rodata)?;
    let skel = open.load()?;
    drop(other);
    assert_eq!((skel.rodata.knob, run(&skel.progs.observe)), (33, 33));
    Ok(())
}

fn filled_while_prepared() -> Outcome {
    let mut open = phases::open();
    open.rodata.slot = 2;
    let prepared = open.prepare()?;
    let mine = Map::from_spec(&MapSpec::new("mine", MapType::ARRAY, 4, 8, 2), None)?;
    let mine: Array<u64> = mine.try_into()?;
    mine.set(0, &8)?;
    prepared.maps.outer.insert(&2, &mine)?;
    assert_eq!(prepared.bss.total.get(), 0);
    let index = phases::SPEC.program_index("nest").unwrap();
    assert!(!prepared.object().program_insns(index).unwrap().is_empty());
    let skel = prepared.load()?;
    assert_eq!((run(&skel.progs.nest), mine.get(0)?), (9, 9));
    skel.maps.jumps.set(2, &skel.progs.first)?;
    assert_eq!(run(&skel.progs.jump), 11);
    Ok(())
}

const _: fn() = || {
    fn free<T: Send + Sync + 'static>() {}
    free::<phases::Open>();
    free::<phases::Prepared>();
    free::<phases::Skel>();
    free::<phases::Maps>();
    free::<phases::Progs>();
};

fn moved_to_threads() -> Outcome {
    let open = phases::open();
    let prepared = thread::spawn(move || open.prepare()).join().unwrap()?;
    let skel = thread::spawn(move || prepared.load()).join().unwrap()?;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    skel.bss.total.fetch_add(1, Relaxed);
                    run(&skel.progs.first);
                }
            });
        }
    });
    let total = thread::spawn(move || skel.bss.total.get()).join().unwrap();
    assert_eq!(total, 400);
    Ok(())
}

fn handles_outlive_it() -> Outcome {
    let phases::Skel { maps, progs, bss, rodata, .. } = phases::open().load()?;
    let phases::Maps { counts, .. } = maps;
    let phases::Progs { count, .. } = progs;
    run(&count);
    assert_eq!((counts.get(&5)?, rodata.knob, bss.total.get()), (Some(1), 5, 0));
    drop(count);
    assert_eq!(counts.get(&5)?, Some(1));
    Ok(())
}

fn attached() -> Outcome {
    let mut open = failures::open();
    open.progs.attaches.set_autoload(true);
    let skel = open.load()?;
    let links = skel.attach()?;
    assert_eq!(links.len(), 1);
    // It counts new tasks; the skeleton can go, what is attached stays.
    let failures::Skel { bss, .. } = skel;
    thread::spawn(|| ()).join().unwrap();
    assert!(bss.total.get() >= 1);
    drop(links);
    let before = bss.total.get();
    thread::spawn(|| ()).join().unwrap();
    assert_eq!(bss.total.get(), before);
    Ok(())
}

/// Of the section, of one variable, of the cells of an array: none of it is on the stack.
fn large_values_print() -> Outcome {
    let mut open = large::open();
    open.bss.rows[1][2] = 5;
    open.bss.truths.tag = 6;
    let skel = open.load()?;
    skel.bss.nested.head.set(7);
    let small = thread::Builder::new().stack_size(128 << 10);
    let printed = small.spawn(move || {
        let bss = &skel.bss;
        let whole = format!("{bss:?}");
        for part in [
            format!("{:?}", bss.either),
            format!("{:?}", bss.packed),
            format!("{:?}", bss.truths),
            format!("{:?}", bss.reals),
            format!("{:?}", bss.anonymous),
            format!("{:?}", bss.nested),
            format!("{:?}", bss.nested_reals),
            format!("{:?}", bss.text),
            format!("{:?}", bss.rows),
        ] {
            assert!(whole.contains(&part), "{}", &part[..100.min(part.len())]);
        }
        assert_eq!(bss.rows.to_vec()[1][2], 5);
        assert!(whole.contains("truths { tag: 6, ") && whole.contains("nested { head: 7, tag: 0"));
    });
    printed.expect("a thread").join().expect("it has room");
    Ok(())
}
