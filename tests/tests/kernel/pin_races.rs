//! Directories that somebody renames while loads walk them, and loaders that come at the same time.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bpf_skel::pin::{Place, SubPath};
use bpf_skel::spec::{MapSpec, ObjectSpec};
use bpf_skel::uapi::MapType;
use bpf_skel::{ErrorKind, Map, Object, OpenObject, Result};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, spec, tests};

use crate::phases::fails;

tests![renamed_while_walked, two_at_once, two_at_once_by_path, no_roots];

/// As many as find a window of a few instructions.
const ROUNDS: usize = 1000;

/// An object of one map: as little as a load can do.
fn object() -> OpenObject {
    let maps = vec![MapSpec::new("m", MapType::ARRAY, 4, 8, 1)];
    let none = Vec::new().into();
    OpenObject::new(ObjectSpec { maps: maps.into(), programs: none, ..spec("xdp", &[]) })
}

fn placed(root: &Path, directory: &str) -> Result<Object> {
    let mut open = object();
    open.map_mut("m")?.set_pin_place(Place::new(root, SubPath::new(directory)?, "m")?);
    open.load()
}

/// Whoever may write to a directory between may turn the walk into an error, and not lead it elsewhere.
fn renamed_while_walked() -> Outcome {
    let directory = PinDirectory::new("renamed")?;
    let (root, elsewhere) = (directory.join("root"), directory.join("elsewhere"));
    fs::create_dir_all(root.join("a/b"))?;
    fs::create_dir_all(elsewhere.join("b"))?;
    let over = AtomicBool::new(false);
    // Links that were seen in the place of a directory, and whatever else was in the way.
    let (mut pinned, mut links) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Whatever cannot be done now is done in a later round.
            while !over.load(Ordering::Relaxed) {
                for name in ["a", "a/b"] {
                    let _ = fs::rename(root.join(name), root.join("aside"));
                    let _ = symlink(elsewhere.join("b"), root.join(name));
                    thread::yield_now();
                    let _ = fs::remove_file(root.join(name));
                    let _ = fs::remove_dir_all(root.join(name));
                    let _ = fs::rename(root.join("aside"), root.join(name));
                    thread::yield_now();
                }
            }
        });
        let begin = Instant::now();
        while (pinned < ROUNDS / 10 || links < ROUNDS / 10)
            && begin.elapsed() < Duration::from_secs(10)
        {
            match placed(&root, "a/b/c") {
                Ok(object) => {
                    pinned += 1;
                    object.remove_new_pins();
                }
                Err(error) => {
                    links += usize::from(error.kind() == ErrorKind::PermissionDenied);
                    let (text, root) = (error.to_string(), root.display().to_string());
                    assert!(text.contains(&root), "it names the place: {text}");
                }
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(pinned > 0 && links > 0, "{pinned} pinned, {links} links refused");
    assert_eq!(fs::read_dir(elsewhere.join("b"))?.count(), 0, "nothing is pinned elsewhere");
    assert_eq!(fs::read_dir(&elsewhere)?.count(), 1);
    Ok(())
}

/// Has two threads load an object at once, over and over: they end with the same map, which is the one that is pinned.
fn at_once(root: &Path, path: &Path, load: impl Fn() -> Result<Object> + Sync) -> Outcome {
    let barrier = Barrier::new(2);
    let load = || {
        barrier.wait();
        load()
    };
    for round in 0..ROUNDS {
        let (one, two) = thread::scope(|scope| {
            let other = scope.spawn(load);
            (load(), other.join().expect("no panic"))
        });
        let (one, two) = (one?, two?);
        let pinned = Map::from_pin(path)?.id()?;
        assert_eq!([one.map("m")?.id()?, two.map("m")?.id()?], [pinned; 2], "round {round}");
        // Each takes away what it has made, and no more: one the map, and either the directories that are empty then.
        one.remove_new_pins();
        two.remove_new_pins();
        assert!(!path.exists(), "round {round}");
        for left in fs::read_dir(root)?.flatten() {
            let _ = fs::remove_file(left.path()).or_else(|_| fs::remove_dir_all(left.path()));
        }
    }
    Ok(())
}

fn two_at_once() -> Outcome {
    let directory = PinDirectory::new("at-once")?;
    let root: PathBuf = directory.join("");
    // The alias and what it leads to are made anew each time.
    at_once(&root, &root.join("xdp/globals/m"), || placed(&root, "xdp/globals"))
}

fn two_at_once_by_path() -> Outcome {
    let directory = PinDirectory::new("at-once-by-path")?;
    let path = directory.join("a/b/m");
    at_once(&directory.join(""), &path, || {
        let mut open = object();
        open.map_mut("m")?.set_pin_path(&path);
        open.load()
    })
}

fn no_roots() -> Outcome {
    let directory = PinDirectory::new("roots")?;
    let (link, pin) = (directory.join("link"), directory.join("pin"));
    fs::create_dir(directory.join("root"))?;
    symlink(directory.join("root"), &link)?;
    Map::from_spec(&MapSpec::new("m", MapType::ARRAY, 4, 8, 1), None)?.pin(&pin)?;
    for root in [&link, &pin] {
        fails(placed(root, "a"), &[root.to_str().expect("text"), "expected a directory"]);
    }
    fails(placed(Path::new("/proc/self/fd"), "a"), &["/proc/self/fd", "not on a BPF file system"]);
    assert_eq!(fs::read_dir(directory.join("root"))?.count(), 0);
    Ok(())
}
