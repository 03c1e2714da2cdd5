//! What is in maps of maps and prog arrays from the start, and what the user puts there between `prepare` and `load`.

use bpf_skel::map::{MapOfMaps, ProgArray};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{Map, Object, OpenObject};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, tests};

use crate::phases::{fails, number, open, run};
use crate::raw::Filter;

tests![
    filled_by_the_object,
    programs_jump,
    filled_while_prepared,
    not_loaded_not_filled,
    found_not_filled,
    a_slot_that_does_not_fit
];

fn with_slot(slot: u32) -> bpf_skel::Result<OpenObject> {
    let mut open = open();
    open.set_variable("slot", &slot.to_ne_bytes())?;
    Ok(open)
}

fn filled_by_the_object() -> Outcome {
    let object = open().load()?;
    for (slot, name) in [(0, Some("one")), (1, Some("two")), (2, None)] {
        let expected = name.map(|name| object.map(name).unwrap().id().unwrap().into());
        assert_eq!(number(object.map("outer")?, slot), expected, "slot {slot}");
    }
    object.map("one")?.update(&[0; 4], &6_u64.to_ne_bytes(), 0)?;
    assert_eq!(run(&object, "nest"), 7);
    assert_eq!(number(object.map("one")?, 0), Some(7));
    Ok(())
}

fn programs_jump() -> Outcome {
    for (slot, expected) in [(0, 11), (1, 22), (2, 404), (3, 404)] {
        assert_eq!(run(&with_slot(slot)?.load()?, "jump"), expected, "slot {slot}");
    }
    Ok(())
}

fn filled_while_prepared() -> Outcome {
    let prepared = with_slot(2)?.prepare()?;
    let outer: MapOfMaps<u32> = prepared.map("outer")?.try_clone()?.try_into()?;
    // Programs are not there yet, maps are.
    assert_eq!(number(prepared.map("jumps")?, 0), None);
    assert!(outer.id_of(&0)?.is_some());
    let mine = Map::from_spec(&MapSpec::new("mine", MapType::ARRAY, 4, 8, 2), None)?;
    mine.update(&[0; 4], &50_u64.to_ne_bytes(), 0)?;
    outer.insert(&2, &mine)?;
    let object = prepared.load()?;
    assert_eq!(run(&object, "nest"), 51);

    let jumps: ProgArray = object.map("jumps")?.try_clone()?.try_into()?;
    jumps.set(2, object.program("second")?)?;
    assert_eq!(run(&object, "jump"), 22);
    // A program of another type does not fit.
    assert!(jumps.set(2, &Filter::returns(1)).is_err());
    Ok(())
}

fn not_loaded_not_filled() -> Outcome {
    let mut open = open();
    open.program_mut("first")?.set_autoload(false);
    let object = open.load()?;
    assert_eq!(run(&object, "jump"), 404);
    assert_eq!(number(object.map("jumps")?, 0), None);
    assert!(number(object.map("jumps")?, 1).is_some());
    Ok(())
}

/// What is in a map that was found belongs to whoever made it.
fn found_not_filled() -> Outcome {
    let directory = PinDirectory::new("slots")?;
    let load = || -> bpf_skel::Result<Object> {
        let mut open = open();
        for name in ["outer", "jumps"] {
            open.map_mut(name)?.set_pin_path(directory.join(name));
        }
        open.load()
    };
    let first = load()?;
    let jumps: ProgArray = first.map("jumps")?.try_clone()?.try_into()?;
    jumps.set(0, first.program("second")?)?;
    let second = load()?;
    assert_eq!(run(&second, "jump"), 22);
    assert_eq!(number(second.map("outer")?, 0), Some(first.map("one")?.id()?.into()));
    Ok(())
}

fn a_slot_that_does_not_fit() -> Outcome {
    let mut open = open();
    open.map_mut("jumps")?.set_max_entries(1);
    fails(open.load(), &["map \"jumps\": member \"values[1]\""]);
    let mut open = self::open();
    open.map_mut("two")?.set_value_size(4);
    fails(open.prepare(), &["map \"outer\": member \"values[1]\""]);
    Ok(())
}
