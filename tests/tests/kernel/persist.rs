//! A process that comes back: its maps, live globals and links are found pinned, and it goes on with them.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{Link, Map};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, tests};

use crate::phases::{fails, failures, phases, run_program};

tests![
    globals_go_on,
    links_go_on,
    pinned_whole_and_removed,
    pins_of_others_stay,
    a_failure_removes_what_it_pinned,
];

fn globals_go_on() -> Outcome {
    let directory = PinDirectory::new("globals")?;
    let load = || {
        let mut open = phases::open();
        open.rodata.knob = 20;
        open.options.set_pin_directory(directory.join("own"));
        open.load()
    };
    let run =
        |skel: &phases::Skel| run_program(&skel.progs.observe.try_clone().unwrap().into_any());
    let skel = load()?;
    run(&skel);
    skel.maps.counts.insert(&1, &11)?;
    drop(skel);
    let skel = load()?;
    assert_eq!(skel.bss.total.get(), 20, "what the kernel has, not what the object brings");
    assert!(skel.bss.is_mapped());
    run(&skel);
    assert_eq!(skel.bss.total.get(), 40);
    assert_eq!(skel.maps.counts.get(&1)?, Some(11));
    assert_eq!(Map::from_pin(directory.join("own/maps/_bss"))?.id()?, skel.maps.bss.id()?);
    Ok(())
}

fn counting(directory: &Path) -> bpf_skel::Result<(failures::Skel, bpf_skel::Links)> {
    let mut open = failures::open();
    open.progs.attaches.set_autoload(true);
    open.options.set_pin_directory(directory);
    let skel = open.load()?;
    let links = skel.attach_pinned(directory)?;
    Ok((skel, links))
}

fn new_task() {
    thread::spawn(|| ()).join().unwrap();
}

fn links_go_on() -> Outcome {
    let directory = PinDirectory::new("links")?;
    let own = directory.join("own");
    let (skel, links) = counting(&own)?;
    new_task();
    let counted = skel.bss.total.get();
    assert!(counted >= 1);
    drop((skel, links));
    // Nobody holds it but the pin.
    new_task();
    let old = Link::from_pin(own.join("links/attaches"))?.info()?.program_id;
    let (skel, links) = counting(&own)?;
    assert!(skel.bss.total.get() > counted, "it went on counting");
    let new = Link::from_pin(own.join("links/attaches"))?.info()?.program_id;
    assert_ne!(old, new);
    assert_eq!(new, skel.progs.attaches.info()?.id);
    assert_eq!(fs::read_dir(own.join("links"))?.count(), 1);
    skel.unpin(&own)?;
    drop(links);
    assert!(!own.exists());
    // The kernel lets go of a pin's link a moment after its name is gone.
    let detached = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(10));
        let counted = skel.bss.total.get();
        new_task();
        skel.bss.total.get() == counted
    });
    assert!(detached);
    Ok(())
}

fn pinned_whole_and_removed() -> Outcome {
    let directory = PinDirectory::new("whole")?;
    let own = directory.join("own");
    let skel = phases::open().load()?;
    skel.pin(&own)?;
    // The same once more is no harm.
    skel.pin(&own)?;
    assert_eq!(Map::from_pin(own.join("maps/counts"))?.id()?, skel.maps.counts.id()?);
    assert_eq!(Map::from_pin(own.join("maps/_data_custom"))?.id()?, skel.maps.data_custom.id()?);
    assert!(own.join("programs/observe").exists());
    assert!(!own.join("programs/always").exists(), "not loaded");
    skel.unpin(&own)?;
    assert!(!own.exists());
    // What is gone already is no error.
    skel.unpin(&own)?;
    Ok(())
}

fn pins_of_others_stay() -> Outcome {
    let directory = PinDirectory::new("others")?;
    let own = directory.join("own");
    let skel = phases::open().load()?;
    skel.pin(&own)?;
    let other = phases::open().load()?;
    fails(other.pin(&own), &["/maps/", "already"]);
    fails(other.unpin(&own), &["/programs/", "not this one"]);
    assert_eq!(Map::from_pin(own.join("maps/counts"))?.id()?, skel.maps.counts.id()?);
    skel.unpin(&own)?;
    Ok(())
}

fn a_failure_removes_what_it_pinned() -> Outcome {
    let directory = PinDirectory::new("undo")?;
    let own = directory.join("own");
    let in_the_way = Map::from_spec(&MapSpec::new("other", MapType::ARRAY, 4, 4, 1), None)?;
    in_the_way.pin(own.join("programs/observe"))?;
    let skel = phases::open().load()?;
    fails(skel.pin(&own), &["observe"]);
    assert!(!own.join("maps").exists());
    assert_eq!(fs::read_dir(own.join("programs"))?.count(), 1);
    Ok(())
}
