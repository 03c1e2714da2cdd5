//! Runs tests one after another and holds each to leaving nothing behind.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A test and its name.
pub struct Test {
    pub name: &'static str,
    pub run: fn() -> Outcome,
}

/// What a test answers, unless it panics.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A test's answer where the kernel lacks what it is about: not a failure, and not a success.
#[derive(Debug)]
pub struct Skip(pub String);

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

/// The tests of a module: `tests![get_and_set, iterates]`.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[$crate::harness::Test] = &[$(
            $crate::harness::Test { name: concat!(module_path!(), "::", stringify!($name)), run: $name },
        )*];
    };
}
pub(crate) use tests;

pub fn run(modules: &[&'static [Test]]) -> ! {
    let mut arguments = Arguments::from_args();
    // Descriptors are counted for the whole process.
    arguments.test_threads = Some(1);
    let trials = modules.iter().copied().flatten().map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit()
}

fn trial(test: &'static Test) -> Trial {
    let name = test.name.strip_prefix("kernel::").unwrap_or(test.name);
    Trial::ignorable_test(name, move || {
        if !is_root() {
            return Ok(Completion::ignored_with("needs root"));
        }
        let (fds, pins) = (descriptors(), pins());
        let outcome = catch_unwind(AssertUnwindSafe(test.run));
        // Its message was printed by the panic hook.
        let Ok(outcome) = outcome else { return Err(Failed::from("panicked")) };
        let skip = match outcome.map_err(|error| error.downcast::<Skip>()) {
            Ok(()) => None,
            Err(Ok(skip)) => Some(skip),
            Err(Err(error)) => return Err(Failed::from(format!("{error:?}"))),
        };
        for (what, left) in
            [("open", left(&fds, &descriptors())), ("pinned", left(&pins, &self::pins()))]
        {
            if !left.is_empty() {
                return Err(Failed::from(format!("left {what}: {}", left.join(", "))));
            }
        }
        Ok(skip.map_or(Completion::Completed, |skip| Completion::ignored_with(skip.0)))
    })
}

/// What is there after a test and was not before.
fn left(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<String> {
    after.difference(before).cloned().collect()
}

fn is_root() -> bool {
    // SAFETY: takes nothing, touches nothing.
    unsafe { libc::geteuid() == 0 }
}

/// The numbers of all open descriptors with what they are of.
fn descriptors() -> BTreeSet<String> {
    let entries = fs::read_dir("/proc/self/fd").expect("/proc is mounted");
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let target = fs::read_link(entry.path()).ok()?;
            let text = format!("{} ({})", entry.file_name().display(), target.display());
            // The directory that is being read.
            (!target.ends_with("fd")).then_some(text)
        })
        .collect()
}

/// All files on the BPF file system.
fn pins() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![BPFFS.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path().to_string_lossy().into_owned();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

const BPFFS: &str = "/sys/fs/bpf";

/// A directory of one's own on the BPF file system, which is removed with all that is in it; skips where none is mounted.
pub struct PinDirectory(String);

impl PinDirectory {
    pub fn new(name: &str) -> Result<Self, Skip> {
        let is_mounted = fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| {
            mounts
                .lines()
                .any(|line| line.split(' ').nth(1) == Some(BPFFS) && line.contains(" bpf "))
        });
        if !is_mounted {
            return Err(Skip(format!("no BPF file system is mounted at {BPFFS}")));
        }
        let path = format!("{BPFFS}/bpf-skel-test-{}-{name}", std::process::id());
        fs::create_dir(&path).map_err(|error| Skip(format!("mkdir {path}: {error}")))?;
        Ok(Self(path))
    }

    pub fn join(&self, name: &str) -> std::path::PathBuf {
        Path::new(&self.0).join(name)
    }
}

impl Drop for PinDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
