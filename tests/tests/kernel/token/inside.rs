//! The process in a user namespace, and what it says.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::Ordering::Relaxed;

use bpf_skel::Map;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel_tests::kernel::{Snapshot, child, delegate, enter_user_namespace, mount_delegated};

use crate::children::keep_capabilities;
use crate::phases::{phases as skeleton, run_program};

/// For [`Child::at`]: no file system is delegated.
pub(super) const NOWHERE: &str = "";

pub(super) const ENVIRONMENT: &str = "LIBBPF_BPF_TOKEN_PATH";

/// A child in a user namespace: where its BPF file system is, what it calls the token's place, what capabilities it gives up.
#[derive(Clone, Copy)]
pub(super) struct Child<'c> {
    pub(super) job: &'c str,
    pub(super) at: &'c str,
    /// `None`: nobody says.
    pub(super) place: Option<&'c str>,
    pub(super) environment: Option<&'c str>,
    pub(super) dropped: u64,
}

impl<'c> Child<'c> {
    pub(super) const fn at(at: &'c str) -> Self {
        Self { job: "phases_by_token", at, place: None, environment: None, dropped: 0 }
    }

    /// What it says of its load, on a file system of these options.
    #[track_caller]
    pub(super) fn run(self, options: &[(&str, &str)]) -> String {
        let place = self.place.map_or("-".into(), |place| format!("={place}"));
        let mut command = child(self.job, &[self.at, &place, &self.dropped.to_string()]);
        said(delegate(within(&mut command, self.environment), options).expect("it is run"))
    }
}

/// With this environment, whatever ours is.
pub(super) fn within(command: &mut Command, environment: Option<&str>) -> Command {
    let mut command = std::mem::replace(command, Command::new(""));
    match environment {
        Some(path) => command.env(ENVIRONMENT, path),
        None => command.env_remove(ENVIRONMENT),
    };
    command
}

#[track_caller]
pub(super) fn said(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{log}");
    assert!(text.trim_end().ends_with("left: []"), "{text}");
    text
}

#[track_caller]
pub(super) fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

/// A directory to mount on.
pub(super) struct Directory(tempfile::TempDir);

impl Directory {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory is made"))
    }

    pub(super) fn path(&self) -> &str {
        self.0.path().to_str().expect("its name is text")
    }
}

/// The child's part: `AT PLACE DROPPED`.
pub(crate) fn phases_by_token(arguments: &[String]) {
    let (place, before) = enter(arguments);
    let mut open = skeleton::open();
    if let Some(place) = &place {
        open.options.set_token_path(place);
    }
    open.rodata.knob = 3;
    let loaded = open.prepare().and_then(|prepared| {
        assert!(holds_token(), "the load has it");
        prepared.load()
    });
    match loaded {
        Ok(skel) => {
            assert!(!holds_token(), "it is closed");
            let observe = skel.progs.observe.try_clone().expect("it is there").into_any();
            assert_eq!(run_program(&observe), 3);
            assert_eq!((skel.bss.total.fetch_add(10, Relaxed), skel.rodata.knob), (3, 3));
            run_program(&observe);
            assert_eq!(skel.bss.total.get(), 16);
            skel.maps.counts.insert(&1, &2).expect("it takes an element");
            // One without an object, for which no options speak.
            let own = Map::from_spec(&MapSpec::new("own", MapType::HASH, 4, 4, 1), None);
            println!("own map: {:?}", own.map(drop));
            println!("loaded {:?}", skel.object().notes());
        }
        Err(error) => println!("{error}"),
    }
    println!("left: {:?}", before.left_in_process());
}

fn holds_token() -> bool {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("/proc is mounted").flatten();
    let mut targets = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.any(|target| target.to_string_lossy().contains("bpf-token"))
}

pub(super) fn enter(arguments: &[String]) -> (Option<String>, Snapshot) {
    let [at, place, dropped] = arguments else { panic!("{arguments:?}") };
    enter_user_namespace().expect("it has a namespace of its own");
    if at != NOWHERE {
        mount_delegated(Path::new(at)).expect("it mounts what it is given");
        // A directory in the file system, which is no root of one.
        std::fs::create_dir(Path::new(at).join("sub")).expect("it is writable");
    }
    keep_capabilities(!dropped.parse::<u64>().unwrap() & ((1 << 41) - 1));
    (place.strip_prefix('=').map(str::to_owned), Snapshot::of_process())
}
