//! Arenas: memory that programs and this process have at the same addresses, and variables in it.

use bpf_skel::OpenObject;
use bpf_skel::program::TestRun;
use bpf_skel::spec::{Data, MapContents};
use bpf_skel::uapi::MapType;
use bpf_skel_tests::kernel::needs::ARENA;
use bpf_skel_tests::kernel::{Outcome, PinDirectory};

use crate::phases::fails;

bpf_skel_macros::bpf_skel!(mod arena = "fixtures/arena-el.o", "fixtures/arena-eb.o");

bpf_skel_tests::kernel::tests! {
    [ARENA]: typed, edited, untyped, at_an_address, at_a_taken_address, too_small, outlives_its_skeleton, pinned, found_without_an_address;
}

/// What the fixture's program leaves of `table` is what it returns, less 1.
const RESULT: u32 = 6 + 1;

fn typed() -> Outcome {
    let mut open = arena::open();
    assert_eq!((open.arena.first, open.arena.table), (7, [1, 2, 3]));
    open.arena.total = 100;
    let skel = open.load()?;
    assert_eq!((skel.arena.first.get(), skel.arena.total.get()), (7, 100));
    assert_eq!(skel.progs.run.test_run(TestRun::new())?.retval, RESULT);
    assert_eq!((skel.arena.total.get(), skel.arena.table.get()), (107, [1, 2, 6]));
    assert_eq!(skel.arena.head.hits.get(), 3);
    // The program's pointer is ours.
    let memory = skel.maps.pages.arena_memory().expect("it is mapped");
    let head = &raw const *skel.arena.head;
    assert_eq!(skel.arena.head.next.get().addr(), head.addr() as u64);
    assert!((memory.addr().get()..).contains(&head.addr()));
    // What we write, the program reads.
    skel.arena.first.set(1);
    skel.progs.run.test_run(TestRun::new())?;
    assert_eq!((skel.arena.total.get(), skel.arena.head.get().hits), (108, 6));
    assert!(skel.arena.is_mapped());
    assert!(format!("{:?}", skel.arena).contains("hits: 6"), "{:?}", skel.arena);
    Ok(())
}

fn edited() -> Outcome {
    let mut open = arena::open();
    open.maps.pages.set_max_entries(64);
    open.arena.first = 50;
    let skel = open.load()?;
    skel.progs.run.test_run(TestRun::new())?;
    assert_eq!(skel.arena.total.get(), 50);
    Ok(())
}

fn untyped() -> Outcome {
    let mut open = OpenObject::from_static(arena::SPEC);
    let map = open.map_mut("pages").expect("it is there");
    map.write_data(0, &9_u32.to_ne_bytes())?;
    fails(
        map.write_data(38, &[0; 4]),
        &["4 bytes at offset 38 do not fit into the map's 40 bytes"],
    );
    let object = open.load()?;
    let map = object.map("pages")?;
    assert_eq!(map.map_type(), MapType::ARENA);
    assert!(map.arena_memory().expect("it is mapped").len() >= 8 * 4096);
    assert_eq!(object.program("run")?.test_run(TestRun::new())?.retval, RESULT);
    Ok(())
}

/// Where nothing is, in every process.
const FREE: u64 = 0x1000_0000_0000;

fn at_an_address() -> Outcome {
    let mut open = arena::open();
    open.maps.pages.set_extra(FREE);
    let skel = open.load()?;
    let memory = skel.maps.pages.arena_memory().expect("it is mapped");
    assert_eq!(memory.addr().get() as u64, FREE);
    assert_eq!(skel.progs.run.test_run(TestRun::new())?.retval, RESULT);
    Ok(())
}

fn at_a_taken_address() -> Outcome {
    let first = {
        let mut open = arena::open();
        open.maps.pages.set_extra(FREE);
        open.load()?
    };
    let mut open = arena::open();
    open.maps.pages.set_extra(FREE);
    fails(open.load(), &["map \"pages\"", "mmap", "something else is already"]);
    assert_eq!(first.arena.first.get(), 7);
    Ok(())
}

fn too_small() -> Outcome {
    let mut spec = arena::SPEC.clone();
    let map = &mut spec.maps.to_mut()[0];
    map.contents = MapContents::Arena { data: Data::Zeroed(3 << 16) };
    map.max_entries = 2;
    fails(
        OpenObject::new(spec).load(),
        &["map \"pages\": max entries 2: the object has 196608 bytes"],
    );
    Ok(())
}

fn outlives_its_skeleton() -> Outcome {
    let arena::Skel { arena, maps, .. } = arena::open().load()?;
    assert_eq!(arena.total.get(), 0);
    let memory = maps.pages.arena_memory();
    drop(arena);
    assert_eq!(memory, maps.pages.arena_memory());
    Ok(())
}

fn pinned() -> Outcome {
    let pins = PinDirectory::new("arena")?;
    let at = pins.join("pages");
    let open = || {
        let mut open = arena::open();
        open.maps.pages.set_extra(FREE).set_pin_path(&at);
        open
    };
    let first = open().load()?;
    first.arena.first.set(30);
    // It cannot be there twice.
    fails(open().load(), &["map \"pages\"", "once in a process"]);
    drop(first);
    // Whoever comes back goes on with what is there.
    let again = open().load()?;
    assert_eq!(again.arena.first.get(), 30);
    assert_eq!(again.progs.run.test_run(TestRun::new())?.retval, RESULT);
    assert_eq!(again.arena.total.get(), 30);
    Ok(())
}

/// Programs of whoever finds it have the variables where whoever has created it put them.
fn found_without_an_address() -> Outcome {
    let pins = PinDirectory::new("arena_found")?;
    let at = pins.join("pages");
    let mut first = arena::open();
    first.maps.pages.set_pin_path(&at);
    let first = first.load()?;
    let mut second = OpenObject::from_static(arena::SPEC);
    second.map_mut("pages").expect("it is there").set_pin_path(&at);
    let second = second.load()?;
    assert!(second.map("pages")?.arena_memory().is_none());
    assert_eq!(second.program("run")?.test_run(TestRun::new())?.retval, RESULT);
    assert_eq!((first.arena.total.get(), first.arena.head.hits.get()), (7, 3));
    Ok(())
}
