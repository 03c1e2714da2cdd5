//! The commands that change the kernel, as a shell sees them: status, standard output, standard error, and what is
//! pinned then. `bpf-skel` is this binary again: guests have no other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bpf_skel::link::LinkTarget;
use bpf_skel::program::TestRun;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{Link, Map, Program};
use bpf_skel_tests::kernel::needs::{STRUCT_OPS, STRUCT_OPS_LINK};
use bpf_skel_tests::kernel::{BPFFS, Cgroup, Outcome, PinDirectory, Veth, child, tests};

tests! {
    []: stays_until_unloaded, on_a_device, in_a_cgroup, globals, maps_of_others, under_another_root, failures_leave_nothing, failures_leave_what_was_there, of_two_one_wins, explained, listed, nothing_to_unload;
    [STRUCT_OPS, STRUCT_OPS_LINK]: operations, operations_one_by_one;
}

/// The whole command.
pub(crate) fn command() {
    std::process::exit(i32::from(bpf_skel_build::cmd::main() != ExitCode::SUCCESS));
}

macro_rules! objects {
    ($($name:literal),*) => {
        #[cfg(target_endian = "little")]
        const OBJECTS: &[(&str, &[u8])] = &[$(
            ($name, include_bytes!(concat!("../../fixtures/", $name, "-el.o"))),
        )*];
        #[cfg(target_endian = "big")]
        const OBJECTS: &[(&str, &[u8])] = &[$(
            ($name, include_bytes!(concat!("../../fixtures/", $name, "-eb.o"))),
        )*];
    };
}

objects!["failures", "legacy", "legacy_def", "link/ops", "phases", "struct_ops"];

/// A folder with objects in which commands run; what they have pinned goes with it.
struct Shell(PathBuf);

/// What a command did.
struct Ran {
    status: Option<i32>,
    out: String,
    errors: String,
}

impl Shell {
    fn new(name: &str) -> std::io::Result<Self> {
        let folder = format!("bpf-skel-commands-{}-{name}", std::process::id());
        let shell = Self(std::env::temp_dir().join(folder));
        fs::create_dir_all(&shell.0)?;
        for (name, object) in OBJECTS {
            let name = name.rsplit('/').next().unwrap_or(name);
            fs::write(shell.0.join(format!("{name}.o")), object)?;
        }
        Ok(shell)
    }

    /// `bpf-skel WORDS`, of which none has a blank.
    fn command(&self, words: &str) -> Command {
        let mut command = child("command", &words.split(' ').collect::<Vec<_>>());
        command.current_dir(&self.0);
        command
    }

    fn run(&self, words: &str) -> Ran {
        Ran::of(self.command(words).output().expect("the command runs"))
    }

    /// A command that does what it is for, and has nothing to say of it: its standard output.
    #[track_caller]
    fn good(&self, words: &str) -> String {
        let ran = self.run(words);
        assert_eq!((ran.status, &*ran.errors), (Some(0), ""), "{words}");
        ran.out
    }

    /// A command that fails, with these words on standard error.
    #[track_caller]
    fn bad(&self, words: &str, expected: &[&str]) {
        let ran = self.run(words);
        assert_eq!((ran.status, &*ran.out), (Some(1), ""), "{words}: {}", ran.errors);
        for expected in expected {
            assert!(
                ran.errors.contains(expected),
                "{words}: {expected:?} is not in {}",
                ran.errors
            );
        }
    }
}

impl Ran {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (out, errors) = (text(output.stdout), text(output.stderr));
        Self { status: output.status.code(), out, errors }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        for name in ["xdp", "ip"] {
            let _ = fs::remove_file(Path::new(BPFFS).join(name));
        }
        for name in ["tc", "bpf-skel"] {
            let _ = fs::remove_dir_all(Path::new(BPFFS).join(name));
        }
    }
}

fn pinned(path: &str) -> PathBuf {
    Path::new(BPFFS).join(path)
}

fn exists(path: &str) -> bool {
    pinned(path).symlink_metadata().is_ok()
}

fn map_id(path: &str) -> bpf_skel::Result<u32> {
    Map::from_pin(pinned(path))?.id()
}

fn stays_until_unloaded() -> Outcome {
    let shell = Shell::new("stays")?;
    let out = shell.good("load failures.o --program attaches --attach auto");
    assert!(out.starts_with("failures by the standard loader\n"), "{out}");
    let link = Link::from_pin(pinned("bpf-skel/failures/links/attaches"))?.info()?;
    let program = Program::from_pin(pinned("bpf-skel/failures/programs/attaches"))?.info()?;
    assert_eq!(link.program_id, program.id);
    for (id, path) in [
        (link.id, "bpf-skel/failures/links/attaches"),
        (program.id, "bpf-skel/failures/programs/attaches"),
        (map_id("bpf-skel/failures/maps/_bss")?, "bpf-skel/failures/maps/_bss"),
    ] {
        let path = pinned(path).display().to_string();
        let line = out.lines().find(|line| line.ends_with(&path)).expect("it is listed");
        assert!(line.split_whitespace().any(|word| word == id.to_string()), "{id}: {line}");
    }
    shell.bad(
        "load failures.o --program attaches",
        &["/bpf-skel/failures: there is something already", "`bpf-skel unload` removes it"],
    );
    let out = shell.good("unload failures");
    let first = format!("removed {}\n", pinned("bpf-skel/failures/links/attaches").display());
    assert!(out.starts_with(&first), "links go first: {out}");
    assert!(!exists("bpf-skel"));
    Ok(())
}

fn on_a_device() -> Outcome {
    let shell = Shell::new("device")?;
    let veth = Veth::new("cv");
    let load = format!("load legacy_def.o --type xdp --attach dev:{}", veth.peer());
    let out = shell.good(&load);
    assert!(out.contains("by the compatibility loader (legacy_def.o: section \"maps\""), "{out}");
    let link = pinned(&format!("bpf-skel/legacy_def/links/xdp_main_dev_{}", veth.peer()));
    let target = Link::from_pin(&link)?.info()?.target;
    assert_eq!(target, LinkTarget::Xdp { ifindex: veth.peer_index() });
    shell.good("unload legacy_def");
    assert!(!exists("bpf-skel"));

    // What was asked for needs no reason.
    let out = shell.good(&format!("{load} --legacy libbpf --json --pin {BPFFS}/bpf-skel/x"));
    assert!(out.contains("\"loader\": \"compatibility loader\"") && out.contains("\"why\": null"));
    shell.good(&format!("unload {BPFFS}/bpf-skel/x"));
    Ok(())
}

fn in_a_cgroup() -> Outcome {
    let shell = Shell::new("cgroup")?;
    let cgroup = Cgroup::new("commands");
    let path = cgroup.path().display();
    // It warns of the program that no prog array takes.
    let load =
        shell.run(&format!("load legacy.o --section 8/1 --type sock_ops --attach cgroup:{path}"));
    assert_eq!(load.status, Some(0), "{}", load.errors);
    let links: Vec<_> = fs::read_dir(pinned("bpf-skel/legacy/links"))?.collect();
    let [Ok(link)] = &*links else { panic!("{links:?}") };
    let target = Link::from_pin(link.path())?.info()?.target;
    assert!(matches!(target, LinkTarget::Cgroup { .. }), "{target:?}");
    shell.good("unload legacy");
    assert!(!exists("bpf-skel") && exists("tc/globals/counters"), "what others share stays");
    Ok(())
}

fn globals() -> Outcome {
    let shell = Shell::new("globals")?;
    shell.good("load phases.o --set knob=0x14 --set level=-3 --set seen=1,2,3 --set seen[1]=9");
    let observe = Program::from_pin(pinned("bpf-skel/phases/programs/observe"))?;
    assert_eq!(observe.test_run(TestRun::new().data_in(&[0; 64]))?.retval, 20);
    shell.good("unload phases");
    for (set, expected) in [
        (
            "knob=4294967296",
            "\"knob\": expected a number from 0 to 4294967295, found \"4294967296\"",
        ),
        ("knob=-1", "expected a number from 0 to 4294967295, found \"-1\""),
        ("level=2147483648", "expected a number from -2147483648 to 2147483647"),
        ("seen[3]=1", "the array has 3 elements"),
        ("seen=1,2", "seen"),
        ("level.x=1", "not a struct"),
        ("nope=1", "nope"),
    ] {
        shell.bad(&format!("load phases.o --set {set}"), &[expected]);
    }
    let ran = shell.run("load phases.o --set knob");
    assert_eq!((ran.status, &*ran.out), (Some(2), ""));
    assert!(ran.errors.contains("expected NAME=VALUE"), "{}", ran.errors);
    assert!(!exists("bpf-skel"));
    Ok(())
}

fn maps_of_others() -> Outcome {
    let shell = Shell::new("others")?;
    let directory = PinDirectory::new("commands")?;
    let map = Map::from_spec(&MapSpec::new("counts", MapType::HASH, 4, 8, 16), None)?;
    let path = directory.join("theirs");
    map.pin(&path)?;
    shell.good(&format!("load phases.o --map counts={}", path.display()));
    assert_eq!(map_id("bpf-skel/phases/maps/counts")?, map.id()?);
    shell.good("unload phases");
    assert_eq!(Map::from_pin(&path)?.id()?, map.id()?);
    let path = path.display();
    shell.bad(
        &format!("load phases.o --map spare={path}"),
        &["map \"spare\"", "type: defined array, found hash"],
    );
    shell.bad(&format!("load phases.o --map counts={path}-none"), &["theirs-none", "nothing"]);
    shell.bad(&format!("load phases.o --map nope={path}-none"), &["nope"]);
    Ok(())
}

fn under_another_root() -> Outcome {
    let shell = Shell::new("root")?;
    let root = PinDirectory::new("root")?;
    let option = format!("--root {}", root.join("").display());
    let load = shell.run(&format!("load legacy.o --section classifier {option}"));
    assert_eq!(load.status, Some(0), "{}", load.errors);
    let shared = root.join("tc/globals/counters");
    let own = root.join("bpf-skel/legacy/maps/counters");
    assert_eq!(Map::from_pin(&shared)?.id()?, Map::from_pin(&own)?.id()?);
    assert!(!exists("bpf-skel") && !exists("tc"));
    shell.bad("unload legacy", &["nothing is loaded there"]);
    shell.good(&format!("unload legacy {option}"));
    assert!(!own.exists() && shared.exists());
    let ran = shell.run(&format!("load phases.o --no-config {option}"));
    assert_eq!((ran.status, &*ran.out), (Some(2), ""), "{}", ran.errors);
    Ok(())
}

const FAIL_LATE: [(&str, &str); 4] = [
    ("dev:no-such-if", "there is no network interface of this name"),
    ("cgroup:/no/such", "/no/such"),
    ("auto", "auto is no target for any program: xdp_main (xdp)"),
    ("nope=auto", "no program is named \"nope\""),
];

/// What is attached comes last, when all else is loaded and pinned.
fn failures_leave_nothing() -> Outcome {
    let shell = Shell::new("nothing")?;
    let veth = Veth::new("cn");
    for (target, expected) in FAIL_LATE {
        shell.bad(&format!("load legacy_def.o --type xdp --attach {target}"), &[expected]);
        // One program is attached already; maps are pinned as configured.
        let device = veth.peer();
        let first = format!("load legacy_def.o --type xdp --attach dev:{device}");
        shell.bad(&format!("{first} --attach {target}"), &[expected]);
        let ran = shell.run(&format!("load legacy.o --section classifier --attach {target}"));
        assert_eq!((ran.status, &*ran.out), (Some(1), ""), "{}", ran.errors);
        let nested = format!("--pin {BPFFS}/bpf-skel/a/b --attach {target}");
        shell.bad(&format!("load legacy_def.o --type xdp {nested}"), &[expected]);
        for path in ["bpf-skel", "tc", "xdp", "ip"] {
            assert!(!exists(path), "{target}: {path}");
        }
    }
    Ok(())
}

fn failures_leave_what_was_there() -> Outcome {
    let shell = Shell::new("there")?;
    assert_eq!(shell.run("load legacy.o --section classifier").status, Some(0));
    shell.good("unload legacy");
    let id = map_id("tc/globals/counters")?;
    for (target, _) in FAIL_LATE {
        let ran = shell.run(&format!("load legacy.o --section classifier --attach {target}"));
        assert_eq!(ran.status, Some(1));
        assert!(!exists("bpf-skel"));
        assert_eq!(map_id("tc/globals/counters")?, id, "{target}");
    }
    Ok(())
}

/// The one that comes second removes nothing of the first.
fn of_two_one_wins() -> Outcome {
    let shell = Shell::new("two")?;
    for _ in 0..10 {
        let start = || {
            let mut command = shell.command("load phases.o");
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn()
        };
        let ran = [start()?, start()?].map(|child| child.wait_with_output().map(Ran::of));
        let [one, two] = ran;
        let (one, two) = (one?, two?);
        let mut status = [one.status, two.status];
        status.sort();
        assert_eq!(status, [Some(0), Some(1)], "{}{}", one.errors, two.errors);
        assert!((one.errors + &two.errors).contains("already"));
        let parts = ["maps/counts", "maps/_bss", "programs/observe", "programs/jump"];
        assert!(parts.into_iter().all(|part| exists(&format!("bpf-skel/phases/{part}"))));
        shell.good("unload phases");
    }
    Ok(())
}

fn explained() -> Outcome {
    let shell = Shell::new("explained")?;
    let out = shell.good("pins --explain legacy.o");
    let line = format!("counters: {BPFFS}/tc/globals/counters (pinning 2)\n    root = ");
    assert!(out.contains(&line), "{out}");
    assert!(out.contains("next: not pinned (the object does not pin it)\n"), "{out}");
    assert!(out.contains("inner_three: not pinned (nothing is said of pinning 5)\n"), "{out}");
    let out = shell.good("pins --explain legacy.o --json --hook xdp --root /other");
    assert!(out.contains("\"path\": \"/other/xdp/globals/counters\""), "{out}");
    assert!(out.contains("\"setting\": \"[legacy] 2 = ") && out.contains("\"by\": "), "{out}");
    shell.bad("pins --explain none.o", &["none.o: cannot read"]);
    assert!(!exists("tc"), "nothing is made by it");
    Ok(())
}

fn listed() -> Outcome {
    let shell = Shell::new("listed")?;
    assert_eq!(shell.run("load legacy.o --section classifier").status, Some(0));
    let out = shell.good("pins");
    for (path, kind) in [
        ("tc/globals/counters", "map"),
        ("bpf-skel/legacy/maps/counters", "map"),
        ("bpf-skel/legacy/programs/cls_main", "program"),
    ] {
        let path = pinned(path).display().to_string();
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(&path));
        let line = line.unwrap_or_else(|| panic!("{path}: {out}"));
        assert_eq!(line.split_whitespace().nth(1), Some(kind));
    }
    let out = shell.good("pins --json");
    let counters = map_id("tc/globals/counters")?;
    assert_eq!(out.matches(&format!("\"id\": {counters},")).count(), 2, "{out}");
    shell.bad("pins --root /no/such", &["/no/such"]);
    shell.good("unload legacy");
    Ok(())
}

/// Only what `load` has made is removed: a directory that happens to have the name is not.
fn nothing_to_unload() -> Outcome {
    let shell = Shell::new("unload")?;
    fs::create_dir(shell.0.join("x"))?;
    for name in ["x", "./x", "no/such", ".."] {
        shell.bad(&format!("unload {name}"), &["nothing is loaded there"]);
    }
    assert!(shell.0.join("x").is_dir());
    Ok(())
}

fn operations() -> Outcome {
    let shell = Shell::new("operations")?;
    shell.good("load ops.o --attach auto");
    let target = Link::from_pin(pinned("bpf-skel/ops/links/other"))?.info()?.target;
    assert_eq!(target, LinkTarget::StructOps { map_id: map_id("bpf-skel/ops/maps/other")? });
    shell.good("unload ops");
    assert!(!exists("bpf-skel"));

    // Those without a link could not stay.
    let words = ["map \"plain\"", "no link that could be pinned", "section .struct_ops.link"];
    shell.bad("load struct_ops.o --attach auto", &words);
    assert!(!exists("bpf-skel"));
    Ok(())
}

/// Each program is verified for a map that calls it, also for one that is not created by itself.
fn operations_one_by_one() -> Outcome {
    let shell = Shell::new("verify")?;
    let ran = shell.run("verify struct_ops.o");
    assert_eq!(ran.status, Some(1));
    assert!(ran.errors.contains("1 of 5 programs were not accepted"), "{}", ran.errors);
    for name in ["ssthresh", "undo_cwnd", "cong_avoid", "cong_avoid_more"] {
        let line = ran.out.lines().find(|line| line.split_whitespace().next() == Some(name));
        assert!(line.is_some_and(|line| line.contains("accepted")), "{name}: {}", ran.out);
    }
    assert!(ran.out.contains("take a struct no_such_ops"), "{}", ran.out);
    assert!(!exists("bpf-skel"));
    Ok(())
}
