//! Global variables of an untyped object: before the load, and behind the maps after it.

use bpf_skel::live::Global;
use bpf_skel::map::{Frozen, Live};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{ErrorKind, Map, Object};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, tests};

use crate::phases::{fails, open, run};

tests![
    edits_are_seen,
    wrong_edits,
    sections_are_maps,
    grown,
    shrunk,
    reused_live,
    reused_constants,
    bytes_of_untouched,
];

fn edits_are_seen() -> Outcome {
    let mut open = open();
    open.set_variable("knob", &77_u32.to_ne_bytes())?;
    open.set_variable("total", &1000_u64.to_ne_bytes())?;
    open.set_variable("tuned", &3_u32.to_ne_bytes())?;
    assert_eq!(open.variable("knob")?, 77_u32.to_ne_bytes());
    let object = open.load()?;
    assert_eq!(run(&object, "observe"), 77);
    let bss = object.map(".bss")?.lookup(&[0; 4])?.unwrap();
    let total = object.spec().variable("total").unwrap().offset as usize;
    assert_eq!(bss[total..total + 8], 1077_u64.to_ne_bytes());
    let seen = object.spec().variable("seen").unwrap().offset as usize;
    assert_eq!(bss[seen..seen + 16], [3_u64, 8].map(u64::to_ne_bytes).concat());
    Ok(())
}

fn wrong_edits() {
    let mut open = open();
    fails(open.set_variable("knob", &[0; 8]), &["variable \"knob\"", "expected 4 bytes, found 8"]);
    fails(open.set_variable("nob", &[0; 4]), &["no variable is named \"nob\"", "knob", "total"]);
    fails(
        open.map_mut(".bss").unwrap().write_data(1 << 20, &[0; 4]),
        &["map \".bss\"", "do not fit"],
    );
    fails(
        open.map_mut("counts").unwrap().write_data(0, &[0; 4]),
        &["map \"counts\"", "not a data section"],
    );
}

fn sections_are_maps() -> Outcome {
    let object = open().load()?;
    for (section, expected) in [
        (".rodata", flags::MMAPABLE | flags::RDONLY_PROG),
        (".data", flags::MMAPABLE),
        (".bss", flags::MMAPABLE),
        (".data.custom", flags::MMAPABLE),
        // Nothing in it has a name outside.
        (".data.quiet", 0),
    ] {
        let map = object.map(section)?;
        assert_eq!(
            (map.map_type(), map.key_size(), map.max_entries()),
            (MapType::ARRAY, 4, 1),
            "{section}"
        );
        assert_eq!(map.flags(), expected, "{section}");
        let frozen = map.update(&[0; 4], &vec![0; map.value_size() as usize], 0).is_err();
        assert_eq!(frozen, section == ".rodata", "{section}");
        // The object's name in front, with room behind it for `.rodata` at least; a custom section's is its own.
        let name = Map::from_id(map.id()?)?.name().to_owned();
        let room =
            if section[1..].contains('.') { 0 } else { 15 - section.len().max(".rodata".len()) };
        let prefix = &object.spec().name[..room.min(object.spec().name.len())];
        assert_eq!(name, format!("{}{section}", prefix.replace('-', "_")));
    }
    Ok(())
}

type Words = [Global<u64>; 512];

fn grown() -> Outcome {
    let mut open = open();
    let bss = open.map_mut(".bss")?;
    bss.set_value_size(4096).write_data(4088, &5_u64.to_ne_bytes())?;
    open.set_variable("total", &9_u64.to_ne_bytes())?;
    let object = open.load()?;
    let live = Live::<bpf_skel::live::GlobalArray<Global<u64>, 512>>::try_from(
        object.map(".bss")?.try_clone()?,
    )?;
    assert!(live.is_mapped());
    assert_eq!(size_of::<Words>(), 4096);
    assert_eq!((live[511].get(), live[510].get()), (5, 0));
    run(&object, "observe");
    assert!(live.iter().any(|word| word.get() == 14), "the program counts on");
    Ok(())
}

fn shrunk() -> Outcome {
    let mut open = open();
    open.map_mut(".data")?.set_value_size(2);
    fails(open.load(), &["map \".data\"", "value size 2 is less than the section's 4 bytes"]);
    Ok(())
}

/// libbpf's skeleton neither maps nor reads a section that it finds: it shows zeros.
fn reused_live() -> Outcome {
    let directory = PinDirectory::new("live")?;
    let load = || -> bpf_skel::Result<Object> {
        let mut open = open();
        open.map_mut(".bss")?.set_pin_path(directory.join("bss"));
        // Only for a map that is created.
        open.set_variable("total", &100_u64.to_ne_bytes())?;
        open.load()
    };
    let first = load()?;
    run(&first, "observe");
    let live = |object: &Object| Live::<Global<u64>>::try_from(object.map(".bss")?.try_clone()?);
    let offset = first.spec().variable("total").unwrap().offset;
    assert_eq!(offset % 8, 0);
    let before = first.map(".bss")?.lookup(&[0; 4])?.unwrap();
    drop(first);
    let second = load()?;
    assert_eq!(second.map(".bss")?.lookup(&[0; 4])?.unwrap(), before);
    assert!(live(&second)?.is_mapped());
    run(&second, "observe");
    let at = offset as usize;
    assert_eq!(second.map(".bss")?.lookup(&[0; 4])?.unwrap()[at..at + 8], 110_u64.to_ne_bytes());
    Ok(())
}

fn reused_constants() -> Outcome {
    let mut other = open();
    other.set_variable("knob", &33_u32.to_ne_bytes())?;
    let other = other.load()?;
    let mut open = open();
    open.set_variable("knob", &44_u32.to_ne_bytes())?;
    open.map_mut(".rodata")?.reuse(other.map(".rodata")?)?;
    let object = open.load()?;
    // What the program sees is what the kernel has.
    assert_eq!(run(&object, "observe"), 33);
    let frozen = Frozen::<[u32; 2]>::try_from(object.map(".rodata")?.try_clone()?)?;
    assert!(frozen.contains(&33));
    Ok(())
}

fn bytes_of_untouched() -> Outcome {
    let open = open();
    assert_eq!(open.variable("level")?, (-5_i32).to_ne_bytes());
    assert_eq!(open.variable("total")?, [0; 8]);
    assert_eq!(fails(open.variable("nothing"), &["phases"]).kind(), ErrorKind::NotFound);
    Ok(())
}
