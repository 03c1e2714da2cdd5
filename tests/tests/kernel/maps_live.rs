use std::sync::atomic::Ordering::Relaxed;

use bpf_skel::ErrorKind;
use bpf_skel::live::{Global, GlobalArray};
use bpf_skel::map::{Frozen, Live, Map};
use bpf_skel::pod;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::{MapType, flags};

use bpf_skel_tests::kernel::{Outcome, tests};

tests![
    mapped_sections_are_the_memory_itself,
    unmappable_sections_are_copies,
    frozen_sections_are_mapped_or_copied,
    sizes_are_checked,
    additions_from_threads_all_count,
];

type Section = GlobalArray<Global<u64>, 1000>;

fn section(flags: u32, value_size: u32) -> bpf_skel::Result<Map> {
    let mut spec = MapSpec::new(".bss", MapType::ARRAY, 4, value_size, 1);
    spec.flags = flags;
    Map::from_spec(&spec, None)
}

fn third(map: &Map) -> u64 {
    let value = map.lookup(&[0; 4]).unwrap().unwrap();
    pod::read(&value[24..]).unwrap()
}

fn mapped_sections_are_the_memory_itself() -> Outcome {
    let map = section(flags::MMAPABLE, 8000)?;
    let other = map.try_clone()?;
    let live = Live::<Section>::try_from(map)?;
    assert!(live.is_mapped());
    live[3].set(33);
    live[3].fetch_add(1, Relaxed);
    assert_eq!(third(&other), 34);
    other.update(&[0; 4], pod::bytes_of(&[7_u64; 1000]), 0)?;
    assert_eq!(live[999].get(), 7);
    assert_eq!(*live.snapshot(), [7; 1000]);
    live.refresh()?;
    live.flush()?;
    // It owns its memory.
    let moved = std::thread::spawn(move || {
        drop(other);
        live[0].get()
    });
    assert_eq!(moved.join().unwrap(), 7);
    Ok(())
}

fn unmappable_sections_are_copies() -> Outcome {
    // Longer than the type, as a section is whose last array was resized.
    let live = Live::<Section>::try_from(section(0, 8008)?)?;
    assert!(!live.is_mapped());
    live.map().update(&[0; 4], pod::bytes_of(&[5_u64; 1001]), 0)?;
    assert_eq!(live[3].get(), 0);
    live.refresh()?;
    assert_eq!(live[3].get(), 5);
    live[3].set(6);
    assert_eq!(third(live.map()), 5);
    live.flush()?;
    assert_eq!(third(live.map()), 6);
    assert_eq!(live.map().lookup(&[0; 4])?.unwrap()[8000], 5);
    Ok(())
}

fn frozen_sections_are_mapped_or_copied() -> Outcome {
    let both = flags::MMAPABLE | flags::RDONLY_PROG;
    for (flags, freeze, mapped) in
        [(both, true, true), (both, false, false), (flags::MMAPABLE, true, false), (0, true, false)]
    {
        let map = section(flags, 16)?;
        map.update(&[0; 4], pod::bytes_of(&[1_u64, 2]), 0)?;
        if freeze {
            map.freeze()?;
            let error = map.update(&[0; 4], &[0; 16], 0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert!(error.hint().unwrap().contains("frozen"), "{error}");
        }
        let frozen = Frozen::<[u64; 2]>::try_from(map.try_clone()?)?;
        drop(map);
        assert_eq!((*frozen, frozen.is_mapped()), ([1, 2], mapped), "{flags:#x} {freeze}");
    }
    Ok(())
}

fn sizes_are_checked() -> Outcome {
    let error = Live::<Section>::try_from(section(0, 7992)?).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(
        error.to_string(),
        r#"map ".bss": section size: expected at least 8000 bytes, found 7992"#
    );
    assert!(Frozen::<[u8; 17]>::try_from(section(0, 16)?).is_err());
    Ok(())
}

fn additions_from_threads_all_count() -> Outcome {
    let live = Live::<Section>::try_from(section(flags::MMAPABLE, 8000)?)?;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50_000 {
                    live[1].fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(live[1].get(), 200_000);
    Ok(())
}
