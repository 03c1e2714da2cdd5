//! What a test must not leave behind: descriptors, pins, and kernel objects that nothing else holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bpf_skel::{Link, Map, Program};

use super::BPFFS;

/// What there is at one time.
pub struct Snapshot {
    descriptors: BTreeSet<String>,
    pins: BTreeSet<String>,
    objects: BTreeSet<Id>,
}

/// A kernel object: its sort as `/proc/*/fdinfo` names it, and its number.
type Id = (&'static str, u32);

impl Snapshot {
    /// What there is now.
    pub fn take() -> Self {
        let mut pins = BTreeSet::new();
        pins_below(Path::new(BPFFS), &mut pins);
        Self { descriptors: descriptors(), pins, objects: objects() }
    }

    /// What this process has now: for one that may not look at the kernel's objects.
    pub fn of_process() -> Self {
        Self { descriptors: descriptors(), pins: BTreeSet::new(), objects: BTreeSet::new() }
    }

    /// Descriptors that are open now and were not then.
    pub fn left_in_process(&self) -> Vec<String> {
        descriptors().difference(&self.descriptors).cloned().collect()
    }

    /// What is there now and was not then. Others use the machine at the same time: an object counts only if no other
    /// process holds it, and not while the kernel may still be freeing it.
    pub fn check(&self) -> Result<(), String> {
        let now = Self::take();
        let left: Vec<_> = now.descriptors.difference(&self.descriptors).collect();
        if !left.is_empty() {
            return Err(format!("left open: {left:?}"));
        }
        if let Some(pin) = now.pins.difference(&self.pins).next() {
            return Err(format!("left pinned: {pin}"));
        }
        let mut left = Vec::new();
        for _ in 0..40 {
            let held = held_by_others();
            left = objects()
                .difference(&self.objects)
                .filter(|id| !held.contains(id))
                .copied()
                .collect::<Vec<_>>();
            if left.is_empty() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("kernel objects that nobody holds: {left:?}"))
    }
}

/// The numbers of all open descriptors with what they are of.
fn descriptors() -> BTreeSet<String> {
    let entries = fs::read_dir("/proc/self/fd").expect("/proc is mounted").flatten();
    entries
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            let text = format!("{} ({})", entry.file_name().display(), target.display());
            // The directory that is being read.
            (!target.ends_with("fd")).then_some(text)
        })
        .collect()
}

fn pins_below(directory: &Path, pins: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        pins.insert(entry.path().display().to_string());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            pins_below(&entry.path(), pins);
        }
    }
}

fn objects() -> BTreeSet<Id> {
    let ids = |sort: &'static str, ids: Vec<u32>| ids.into_iter().map(move |id| (sort, id));
    // Without the capability there is nothing to see, and no test that could leave something.
    ids("map_id", Map::ids().unwrap_or_default())
        .chain(ids("prog_id", Program::ids().unwrap_or_default()))
        .chain(ids("link_id", Link::ids().unwrap_or_default()))
        .collect()
}

/// What the descriptors of other processes lead to.
fn held_by_others() -> BTreeSet<Id> {
    let own = std::process::id().to_string();
    let mut held = BTreeSet::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = process.file_name().to_string_lossy().into_owned();
        if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        for fd in fs::read_dir(process.path().join("fdinfo")).into_iter().flatten().flatten() {
            let text = fs::read_to_string(fd.path()).unwrap_or_default();
            for sort in ["map_id", "prog_id", "link_id"] {
                let id = text.lines().find_map(|line| line.strip_prefix(sort)?.strip_prefix(':'));
                held.extend(id.and_then(|id| Some((sort, id.trim().parse().ok()?))));
            }
        }
    }
    // A program holds its maps; a link shows its program in the same file.
    let programs: Vec<u32> = held.iter().filter(|id| id.0 == "prog_id").map(|id| id.1).collect();
    for program in programs {
        let maps = Program::from_id(program).and_then(|program| program.info());
        held.extend(maps.into_iter().flat_map(|info| info.map_ids).map(|id| ("map_id", id)));
    }
    held
}
