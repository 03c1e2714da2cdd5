//! Constants that are found pinned are those of the load, or it fails.

use std::fs;
use std::path::Path;

use bpf_skel::pin::OnMismatch;
use bpf_skel::{ContentsDifference, Difference, ErrorKind, Map, OpenObject};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, fixture, tests};

use crate::phases::{fails, phases, run_program};

tests![
    the_same,
    others,
    others_are_not_safe,
    others_are_replaced,
    of_no_number,
    of_the_kernel,
    unfinished,
    variables_stay,
];

const PIN: &str = "maps/_rodata";

/// With this knob, and all maps pinned in the directory.
fn with_knob(directory: &Path, knob: u32) -> phases::Open {
    let mut open = phases::open();
    open.rodata.knob = knob;
    open.options.set_pin_directory(directory);
    open
}

fn observe(skel: &phases::Skel) -> bpf_skel::Result<u32> {
    Ok(run_program(&skel.progs.observe.try_clone()?.into_any()))
}

fn the_same() -> Outcome {
    let directory = PinDirectory::new("constants")?;
    let own = directory.join("own");
    let id = with_knob(&own, 7).load()?.rodata.map().id()?;
    let skel = with_knob(&own, 7).load()?;
    assert_eq!((skel.rodata.map().id()?, skel.rodata.knob, observe(&skel)?), (id, 7, 7));
    Ok(())
}

fn others() -> Outcome {
    let directory = PinDirectory::new("other-constants")?;
    let own = directory.join("own");
    let id = with_knob(&own, 7).load()?.rodata.map().id()?;
    let pinned = || fs::read_dir(own.join("maps")).unwrap().count();
    // One that is new is not there afterwards either.
    fs::remove_file(own.join("maps/counts"))?;
    let before = pinned();
    let words = [
        "map \".rodata\": ",
        "/own/maps/_rodata: the map found differs from its definition: constants at byte ",
        "(variable \"knob\"): defined 300, found 7",
    ];
    let error = fails(with_knob(&own, 300).load(), &words);
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let offset = phases::SPEC.variable("knob").unwrap().offset as usize;
    let expected = ContentsDifference {
        offset,
        variable: Some("knob".to_owned()),
        defined: "300".to_owned(),
        found: "7".to_owned(),
    };
    assert_eq!(error.differences(), [Difference::Contents(expected)]);
    assert_eq!((Map::from_pin(own.join(PIN))?.id()?, pinned()), (id, before));
    // Told not to look there, it has its own.
    let mut open = with_knob(&own, 300);
    open.maps.rodata.clear_pin();
    assert_eq!(observe(&open.load()?)?, 300);
    Ok(())
}

fn others_are_not_safe() -> Outcome {
    let directory = PinDirectory::new("unsafe-constants")?;
    drop(with_knob(&directory.join("own"), 7).load()?);
    let mut open = with_knob(&directory.join("own"), 8);
    open.maps.rodata.set_on_mismatch(OnMismatch::Reuse);
    fails(open.load(), &["(variable \"knob\"): defined 8, found 7"]);
    Ok(())
}

fn others_are_replaced() -> Outcome {
    let directory = PinDirectory::new("new-constants")?;
    let own = directory.join("own");
    let old = with_knob(&own, 7).load()?.rodata.map().id()?;
    let counts = Map::from_pin(own.join("maps/counts"))?.id()?;
    let replacing = || {
        let mut open = with_knob(&own, 8);
        open.options.set_on_mismatch(OnMismatch::Replace);
        open.load()
    };
    let mut open = with_knob(&own, 8);
    open.options.set_on_mismatch(OnMismatch::Replace);
    open.maps.rodata.set_on_mismatch(OnMismatch::Fail);
    fails(open.load(), &["(variable \"knob\"): defined 8, found 7"]);
    let skel = replacing()?;
    assert_eq!((skel.rodata.knob, observe(&skel)?), (8, 8));
    // What is as before stays.
    assert_eq!(skel.maps.counts.id()?, counts);
    assert_eq!(Map::from_pin(own.join(PIN))?.id()?, old);
    skel.object().replace_pins()?;
    let new = skel.rodata.map().id()?;
    assert_eq!(Map::from_pin(own.join(PIN))?.id()?, new);
    drop(skel);
    // By then they are those of the load.
    assert_eq!(replacing()?.rodata.map().id()?, new);
    Ok(())
}

/// A byte of an array.
fn of_no_number() -> Outcome {
    let directory = PinDirectory::new("bytes")?;
    let load = |flags: [u8; 3]| {
        let mut open = OpenObject::new(fixture!("data"));
        open.set_variable("flags", &flags).unwrap();
        open.options.set_pin_directory(directory.join("own"));
        open.prepare()?.load()
    };
    drop(load([1, 2, 3])?);
    fails(load([1, 0x42, 3]), &["(variable \"flags\"): defined 0x42, found 0x02"]);
    Ok(())
}

/// `.kconfig` is such a section, filled by the loader.
fn of_the_kernel() -> Outcome {
    let directory = PinDirectory::new("kconfig")?;
    let load = |hertz: &str| {
        let mut open = OpenObject::new(fixture!("externs"));
        for program in open.programs_mut() {
            let wanted = program.name() == "options";
            program.set_autoload(wanted);
        }
        open.options.set_kconfig(format!("CONFIG_HZ={hertz}"));
        open.options.set_pin_directory(directory.join("own"));
        open.load()
    };
    let id = load("100")?.map(".kconfig")?.id()?;
    assert_eq!(load("100")?.map(".kconfig")?.id()?, id);
    fails(
        load("250"),
        &["map \".kconfig\"", "_kconfig", "(variable \"CONFIG_HZ\"): defined 250, found 100"],
    );
    Ok(())
}

/// Whoever made it has not frozen it, or has not written it either.
fn unfinished() -> Outcome {
    let directory = PinDirectory::new("unfinished")?;
    let own = directory.join("own");
    let spec = phases::open().maps.rodata.spec().clone();
    let map = Map::from_spec(&spec, None)?;
    map.pin(own.join(PIN))?;
    let unfrozen = "constants: defined frozen, found not frozen";
    fails(with_knob(&own, 7).load(), &[unfrozen, "(variable \"knob\"): defined 7, found 0"]);
    let made = with_knob(&own.join("other"), 7).load()?;
    map.update(&[0; 4], &made.rodata.map().lookup(&[0; 4])?.unwrap(), 0)?;
    let error = fails(with_knob(&own, 7).load(), &[unfrozen]);
    assert_eq!(error.differences(), [Difference::NotFrozen]);
    map.freeze()?;
    assert_eq!(with_knob(&own, 7).load()?.rodata.map().id()?, map.id()?);
    Ok(())
}

/// Pinning variables is for what they hold.
fn variables_stay() -> Outcome {
    let directory = PinDirectory::new("variables")?;
    let load = |level: i32| {
        let mut open = with_knob(&directory.join("own"), 7);
        open.data.level = level;
        open.load()
    };
    drop(load(3)?);
    assert_eq!(load(4)?.data.level.get(), 3);
    Ok(())
}
