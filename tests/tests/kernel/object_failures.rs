//! Whatever fails, and at whatever step, leaves nothing behind: no descriptor, no kernel object, no pin, no directory.
//! What was there before stays.

use std::fs;
use std::path::Path;

use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{ErrorKind, Frame, Map, OpenObject};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, Snapshot, tests};

use crate::phases::{failing, fails, failures, open};

tests![
    at_each_step,
    prepared_and_dropped,
    attach_rolls_back,
    attach_leaves_out,
    skeleton_of_another_kind
];

struct Step {
    name: &'static str,
    open: fn() -> OpenObject,
    fails: &'static [&'static str],
}

fn edited(edit: fn(&mut OpenObject)) -> OpenObject {
    let mut open = open();
    edit(&mut open);
    open
}

const STEPS: &[Step] = &[
    Step {
        name: "a map that the kernel refuses",
        open: || {
            edited(|open| _ = open.options.add_map(MapSpec::new("bad", MapType(9999), 4, 4, 1)))
        },
        fails: &["map \"bad\"", "BPF_MAP_CREATE"],
    },
    Step {
        name: "a section that does not fit",
        open: || edited(|open| _ = open.map_mut(".data.quiet").unwrap().set_value_size(2)),
        fails: &["map \".data.quiet\"", "value size 2"],
    },
    Step {
        name: "a slot for a map",
        open: || edited(|open| _ = open.map_mut("outer").unwrap().set_max_entries(1)),
        fails: &["map \"outer\"", "values[1]"],
    },
    Step {
        name: "a slot for a program",
        open: || edited(|open| _ = open.map_mut("jumps").unwrap().set_max_entries(1)),
        fails: &["map \"jumps\"", "values[1]"],
    },
    Step {
        name: "a pin in no BPF file system",
        open: || edited(|open| _ = open.map_mut("two").unwrap().set_pin_path("/proc/two")),
        fails: &["map \"two\"", "not on a BPF file system"],
    },
    Step {
        name: "the last of the programs",
        open: || failing(&["accepted", "attaches", "outside"]),
        fails: &["program \"outside\"", "the verifier refuses it"],
    },
    Step {
        name: "an attach target",
        open: || failing(&["accepted", "no_target"]),
        fails: &["program \"no_target\"", "no_such_tracepoint"],
    },
    Step {
        name: "a member that the kernel's type has not got",
        open: || failing(&["accepted", "no_member"]),
        fails: &["program \"no_member\"", "struct task_struct.no_such_member"],
    },
];

/// Pins of an object: some in directories that are there, some in those that are to be made, one that is found.
fn pin_all(open: &mut OpenObject, directory: &Path) {
    open.map_mut("counts").unwrap().set_pin_path(directory.join("counts"));
    open.map_mut(".bss").unwrap().set_pin_path(directory.join("new/deeper/bss"));
    for name in ["found", "made"] {
        let spec = MapSpec::new(name, MapType::HASH, 4, 4, 1);
        open.options.add_map(spec).set_pin_path(directory.join("old").join(name));
    }
}

fn at_each_step() -> Outcome {
    let directory = PinDirectory::new("steps")?;
    fs::create_dir(directory.join("old"))?;
    let found = Map::from_spec(&MapSpec::new("found", MapType::HASH, 4, 4, 1), None)?;
    found.pin(directory.join("old/found"))?;
    let before = Snapshot::take();
    for step in STEPS {
        let mut open = (step.open)();
        pin_all(&mut open, &directory.join(""));
        let error = fails(open.load(), step.fails);
        assert!(matches!(error.frames().next(), Some(Frame::Object(_))), "{}: {error}", step.name);
        before.check().map_err(|left| format!("{}: {left}", step.name))?;
        assert_eq!(Map::from_pin(directory.join("old/found"))?.id()?, found.id()?, "{}", step.name);
    }
    // With nothing that fails all is made.
    let mut open = open();
    pin_all(&mut open, &directory.join(""));
    drop(open.load()?);
    for pin in ["counts", "new/deeper/bss", "old/found", "old/made"] {
        assert!(directory.join(pin).exists(), "{pin}");
    }
    Ok(())
}

fn prepared_and_dropped() -> Outcome {
    let directory = PinDirectory::new("dropped")?;
    let before = Snapshot::take();
    let mut open = open();
    pin_all(&mut open, &directory.join(""));
    let prepared = open.prepare()?;
    assert!(directory.join("new/deeper/bss").exists());
    // A directory that somebody else uses by now stays, with what is in it.
    let theirs = directory.join("new/theirs");
    prepared.map("spare")?.pin(&theirs)?;
    drop(prepared);
    assert!(!directory.join("new/deeper").exists());
    Map::from_pin(&theirs)?.unpin(&theirs)?;
    fs::remove_dir(directory.join("new"))?;
    before.check()?;
    Ok(())
}

fn attach_rolls_back() -> Outcome {
    let object = failing(&["attaches", "attaches_nowhere"]).load()?;
    let before = Snapshot::take();
    let error =
        fails(object.attach(), &["failures", "program \"attaches_nowhere\"", "no_such_tracepoint"]);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    before.check()?;
    Ok(())
}

fn attach_leaves_out() -> Outcome {
    // What does not attach itself, and what is told not to.
    let mut open = failing(&["accepted", "attaches", "attaches_nowhere"]);
    open.program_mut("attaches_nowhere")?.set_autoattach(false);
    let links = open.load()?.attach()?;
    assert_eq!(links.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["attaches"]);
    Ok(())
}

/// The typed handle of a program is the last that can fail: the pins are not there to stay before.
fn skeleton_of_another_kind() -> Outcome {
    let directory = PinDirectory::new("kind")?;
    let mut open = failures::open();
    open.maps.counts.set_pin_path(directory.join("deep/counts"));
    open.progs.accepted.set_autoload(true).set_attach_kind(bpf_skel::section_name::AttachKind::Xdp);
    fails(open.load(), &["failures", "program \"accepted\"", "Xdp"]);
    assert!(!directory.join("deep").exists());
    Ok(())
}
