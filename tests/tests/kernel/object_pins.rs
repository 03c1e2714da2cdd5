//! Maps that are there before the load: given by a descriptor, or found at a pin.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use bpf_skel::spec::{MapSpec, Pinning};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{ErrorKind, Map, OpenObject};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, tests};

use crate::phases::{failing, fails, number, open, run};

tests![
    given,
    given_that_differs,
    given_that_is_no_map,
    pinned_and_found,
    pinned_by_name,
    not_pinned_after_all,
    nested_directories,
    found_that_differs,
    found_that_is_no_map,
    elsewhere_than_bpffs,
    two_loaders,
    two_loaders_of_which_one_fails,
    pinned_twice_in_an_object,
];

fn given() -> Outcome {
    let given = Map::from_spec(&MapSpec::new("given", MapType::HASH, 4, 8, 16), None)?;
    given.update(&[9, 0, 0, 0], &[1; 8], 0)?;
    let mut open = open();
    open.map_mut("counts")?.reuse(&given)?;
    let object = open.load()?;
    assert_eq!(object.map("counts")?.id()?, given.id()?);
    assert_eq!(object.map("counts")?.name(), "counts");
    run(&object, "count");
    drop(object);
    // It stays the caller's, with what was in it.
    assert_eq!(number(&given, 5), Some(1));
    assert_eq!(number(&given, u32::from_ne_bytes([9, 0, 0, 0])), Some(u64::from_ne_bytes([1; 8])));
    Ok(())
}

fn given_that_differs() -> Outcome {
    let mut spec = MapSpec::new("given", MapType::LRU_HASH, 8, 4, 17);
    spec.flags = flags::NUMA_NODE;
    let given = Map::from_spec(&spec, None)?;
    let mut open = open();
    open.map_mut("counts")?.reuse(&given)?;
    let words = [
        "map \"counts\": the map found differs from its definition: type: defined hash, found lru_hash",
        "key size: defined 4, found 8",
        "value size: defined 8, found 4",
        "max entries: defined 16, found 17",
        "flags: defined 0x0, found 0x4",
    ];
    assert_eq!(fails(open.prepare(), &words).kind(), ErrorKind::Mismatch);
    Ok(())
}

fn given_that_is_no_map() -> Outcome {
    let mut open = open();
    open.map_mut("counts")?.reuse(fs::File::open("/dev/null")?)?;
    fails(open.prepare(), &["map \"counts\"", "not one of a BPF map"]);
    Ok(())
}

fn pinning(directory: &PinDirectory, names: &[&str]) -> OpenObject {
    let mut open = open();
    for name in names {
        open.map_mut(name).unwrap().set_pin_path(directory.join(name.trim_matches('.')));
    }
    open
}

fn pinned_and_found() -> Outcome {
    let directory = PinDirectory::new("found")?;
    let object = pinning(&directory, &["counts", ".bss"]).load()?;
    assert_eq!(run(&object, "count"), 0);
    let id = object.map("counts")?.id()?;
    drop(object);
    let object = pinning(&directory, &["counts", ".bss"]).load()?;
    assert_eq!(object.map("counts")?.id()?, id);
    assert_eq!(number(object.map("counts")?, 5), Some(1));
    Ok(())
}

fn pinned_by_name() -> Outcome {
    let directory = PinDirectory::new("root")?;
    let mut open = open();
    open.options.set_pin_root(directory.join("sub"));
    let map = open.map_mut("counts")?;
    map.replace(MapSpec { pinning: Pinning::ByName, ..map.spec().clone() });
    let object = open.load()?;
    assert_eq!(
        Map::from_pin(directory.join("sub").join("counts"))?.id()?,
        object.map("counts")?.id()?
    );
    Ok(())
}

fn not_pinned_after_all() -> Outcome {
    let directory = PinDirectory::new("clear")?;
    let mut open = open();
    open.options.set_pin_root(directory.join(""));
    let map = open.map_mut("counts")?;
    map.replace(MapSpec { pinning: Pinning::ByName, ..map.spec().clone() }).clear_pin();
    open.map_mut("spare")?.set_pin_path(directory.join("spare")).clear_pin();
    let _object = open.load()?;
    assert_eq!(fs::read_dir(directory.join(""))?.count(), 0);
    Ok(())
}

fn nested_directories() -> Outcome {
    let directory = PinDirectory::new("nested")?;
    let path = directory.join("a/b/c/counts");
    let mut open = open();
    open.map_mut("counts")?.set_pin_path(&path);
    let _object = open.load()?;
    assert!(path.exists());
    for made in ["a", "a/b", "a/b/c"] {
        let mode = fs::metadata(directory.join(made))?.permissions().mode();
        assert_eq!(mode & 0o7777, 0o700, "{made}");
    }
    Ok(())
}

fn found_that_differs() -> Outcome {
    let directory = PinDirectory::new("differs")?;
    drop(pinning(&directory, &["counts"]).load()?);
    let mut open = pinning(&directory, &["counts", "spare"]);
    open.map_mut("counts")?.set_max_entries(17);
    let pin = directory.join("counts");
    let words = ["map \"counts\"", pin.to_str().unwrap(), "max entries: defined 17, found 16"];
    assert_eq!(fails(open.load(), &words).kind(), ErrorKind::Mismatch);
    assert!(pin.exists(), "a pin that was found stays");
    assert!(!directory.join("spare").exists());
    Ok(())
}

fn found_that_is_no_map() -> Outcome {
    let directory = PinDirectory::new("program")?;
    let object = open().load()?;
    object.program("first")?.pin(directory.join("counts"))?;
    fails(pinning(&directory, &["counts"]).load(), &["map \"counts\"", "not one of a BPF map"]);
    fs::create_dir(directory.join("spare"))?;
    fails(
        pinning(&directory, &["spare"]).load(),
        &["map \"spare\"", "this is a directory, not a pin"],
    );
    Ok(())
}

fn elsewhere_than_bpffs() -> Outcome {
    let path = std::env::temp_dir().join(format!("bpf-skel-object-{}/counts", std::process::id()));
    let mut open = open();
    open.map_mut("counts")?.set_pin_path(&path);
    fails(open.load(), &["map \"counts\"", "not on a BPF file system"]);
    assert!(!path.parent().unwrap().exists());
    Ok(())
}

/// An object of few maps, of which one is pinned at `path`.
fn small(path: &Path) -> OpenObject {
    let mut open = failing(&["accepted"]);
    open.map_mut("counts").unwrap().set_pin_path(path);
    open
}

/// Whoever comes second takes the other's map.
fn two_loaders() -> Outcome {
    let directory = PinDirectory::new("race")?;
    for round in 0..300 {
        let path = directory.join(&format!("{round}/sub/counts"));
        let barrier = Barrier::new(2);
        let load = || {
            let open = small(&path);
            barrier.wait();
            open.load().and_then(|object| object.map("counts")?.id())
        };
        let (first, second) = thread::scope(|scope| {
            let other = scope.spawn(load);
            (load(), other.join().unwrap())
        });
        assert_eq!(first?, second?, "round {round}");
        assert!(path.exists(), "round {round}");
        fs::remove_dir_all(directory.join(&round.to_string()))?;
    }
    Ok(())
}

/// One takes its pin and directories away again, at any moment; the other must get a map all the same. The pin may go
/// with the one that made it.
fn two_loaders_of_which_one_fails() -> Outcome {
    let directory = PinDirectory::new("race-failing")?;
    let path = directory.join("sub/counts");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            while !done.load(Relaxed) {
                drop(small(&path).prepare().expect("it is prepared"));
            }
        });
        let results: Vec<_> = (0..2000).map(|_| small(&path).prepare().map(drop)).collect();
        done.store(true, Relaxed);
        other.join().expect("no race");
        results.into_iter().collect::<Result<(), _>>()
    })?;
    Ok(())
}

fn pinned_twice_in_an_object() -> Outcome {
    let directory = PinDirectory::new("twice")?;
    let mut open = open();
    for name in ["one", "two"] {
        open.map_mut(name)?.set_pin_path(directory.join("same"));
    }
    let object = open.load()?;
    assert_eq!(object.map("one")?.id()?, object.map("two")?.id()?);
    Ok(())
}
