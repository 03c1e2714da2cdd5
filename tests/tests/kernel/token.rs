//! BPF tokens: a process that is root only in a user namespace of its own creates what was delegated to it.

mod inside;

use std::os::unix::process::CommandExt;

use bpf_skel::insn::{EXIT, Insn, MOV64_IMM};
use bpf_skel::spec::ExternKind;
use bpf_skel::{ErrorKind, OpenObject};
use bpf_skel_tests::kernel::needs::{FENTRY, TOKEN};
use bpf_skel_tests::kernel::{
    BPFFS, Outcome, Snapshot, child, fixture, kernel_is, object, spec, tests,
};

use crate::phases::{self, fails};

pub(crate) use inside::phases_by_token;
use inside::{Child, Directory, NOWHERE, enter, said, says, within};

tests! {
    []: in_the_initial_namespace, without_delegation, a_set_id_program_ignores_the_environment;
    [TOKEN]: usual_place, by_path, by_environment, what_is_not_delegated, without_types, program_alone, what_the_kernel_tells, what_gives_no_token, capabilities_of_the_namespace, command;
    [TOKEN, FENTRY]: types_of_another_program;
}

/// Bits of `linux/capability.h`.
const NET_ADMIN: u64 = 1 << 12;
const SYS_ADMIN: u64 = 1 << 21;
const BPF: u64 = 1 << 39;

/// What `phases.bpf.c` takes, and no more.
const PHASES: [(&str, &str); 4] = [
    ("delegate_cmds", "btf_load:map_create:prog_load"),
    ("delegate_maps", "array:hash:array_of_maps:prog_array"),
    ("delegate_progs", "sched_cls"),
    ("delegate_attachs", "cgroup_inet_ingress"),
];

/// Nobody says anything: the load finds out by itself.
fn usual_place() {
    let text = Child::at(BPFFS).run(&PHASES);
    says(&text, &["loaded []", "own map: Ok"]);
    // With more than it takes.
    let any = PHASES.map(|(option, _)| (option, "any"));
    says(&Child::at(BPFFS).run(&any), &["loaded []"]);
    let text = Child { place: Some(""), ..Child::at(BPFFS) }.run(&any);
    says(&text, &["section \".BTF\"", "Operation not permitted", "or for a BPF token"]);
    assert!(!text.contains("loaded"), "{text}");
}

fn by_path() {
    let directory = Directory::new();
    let at = directory.path();
    let text = Child { place: Some(at), ..Child::at(at) }.run(&PHASES);
    says(
        &text,
        &["loaded []", "own map: Err(map \"own\": BPF_MAP_CREATE: Operation not permitted"],
    );
    // Not where it is looked for by itself.
    let text = Child::at(at).run(&PHASES);
    says(
        &text,
        &[
            "section \".BTF\"",
            "cannot be had: BPF token: /sys/fs/bpf: ",
            "not of the process's user",
        ],
    );
}

fn by_environment() {
    let directory = Directory::new();
    let at = directory.path();
    let by = |path| Child { environment: Some(path), ..Child::at(at) };
    says(&by(at).run(&PHASES), &["loaded []"]);
    let text = by("/no/such").run(&PHASES);
    says(&text, &[": BPF token by $LIBBPF_BPF_TOKEN_PATH: /no/such: open: No such file"]);
    // The caller goes before; what the environment names is not even looked at.
    says(&Child { place: Some(at), ..by("/no/such") }.run(&PHASES), &["loaded []"]);
    let none = Child { environment: Some(""), ..Child::at(BPFFS) };
    says(&none.run(&PHASES), &["section \".BTF\"", "Operation not permitted"]);
}

fn what_is_not_delegated() {
    const NO_HASH: &str = "array:array_of_maps:prog_array";
    for (option, value, of, lacks) in [
        ("delegate_cmds", "btf_load:prog_load", "map \"", "delegate_cmds lacks map_create"),
        ("delegate_cmds", "btf_load:map_create", "program \"", "delegate_cmds lacks prog_load"),
        ("delegate_maps", NO_HASH, "map \"counts\"", "delegate_maps lacks hash"),
        ("delegate_progs", "xdp", "program \"", "delegate_progs lacks sched_cls"),
        ("delegate_attachs", "xdp", "program \"", "delegate_attachs lacks cgroup_inet_ingress"),
    ] {
        let options = PHASES.map(|(name, all)| (name, if name == option { value } else { all }));
        let text = Child::at(BPFFS).run(&options);
        says(&text, &[of, "the BPF token of /sys/fs/bpf does not allow it: ", lacks]);
        assert!(!text.contains("loaded"), "{text}");
    }
}

fn without_types() {
    let mut options = PHASES;
    options[0].1 = "map_create:prog_load";
    let text = Child::at(BPFFS).run(&options);
    says(&text, &["loaded [", "section \".BTF\"", "delegate_cmds lacks btf_load"]);
}

/// The first that the kernel refuses can be a program.
fn program_alone() {
    let of = |options: &[(&str, &str)]| {
        Child { job: "program_by_token", ..Child::at(BPFFS) }.run(options)
    };
    says(&of(&PHASES), &["loaded"]);
    says(&of(&PHASES[..3]), &["program \"probe\"", "delegate_attachs lacks cgroup_inet_ingress"]);
}

pub(crate) fn program_by_token(arguments: &[String]) {
    let (_, before) = enter(arguments);
    let mut spec = spec("tc", &[Insn::new(MOV64_IMM, 0, 0, 0, 0), Insn::new(EXIT, 0, 0, 0, 0)]);
    spec.maps = Vec::new().into();
    match OpenObject::new(spec).load() {
        Ok(object) => println!("loaded {}", object.spec().name),
        Err(error) => println!("{error}"),
    }
    println!("left: {:?}", before.left_in_process());
}

/// What a token does not stand for is found out in other ways, or said.
fn what_the_kernel_tells() {
    let any = PHASES.map(|(option, _)| (option, "any"));
    let text = Child { job: "externs_by_token", ..Child::at(BPFFS) }.run(&any);
    says(&text, &["LINUX_HAS_BPF_COOKIE: true", "LINUX_HAS_SYSCALL_WRAPPER: true"]);
    match text.contains("addresses are hidden") {
        true => says(
            &text,
            &[
                "program \"symbols\": symbol ",
                "/proc/kallsyms: the kernel shows this process ",
                "CAP_SYSLOG in the initial user namespace",
            ],
        ),
        false => says(&text, &["addresses are found"]),
    }
}

pub(crate) fn externs_by_token(arguments: &[String]) {
    let (_, before) = enter(arguments);
    let open = |program: &str| {
        let mut spec = fixture!("externs");
        for external in spec.externs.to_mut() {
            match &*external.name {
                "LINUX_OF_TOMORROW" => external.name = "LINUX_HAS_SYSCALL_WRAPPER".into(),
                // Not every kernel has its type.
                "runqueues" => {
                    (external.kind, external.weak) = (ExternKind::Ksym { type_id: 0 }, true);
                }
                _ => {}
            }
        }
        let mut open = OpenObject::new(spec);
        for other in open.programs_mut() {
            let wanted = other.name() == program;
            other.set_autoload(wanted);
        }
        open
    };
    match open("options").prepare() {
        Ok(prepared) => {
            let map = prepared.map(".kconfig").expect("the object has it");
            let values = map.lookup(&[0; 4]).expect("it is readable").expect("it has its element");
            for external in prepared.spec().externs.iter() {
                let ExternKind::Kconfig { offset, size, .. } = external.kind else { continue };
                let value = &values[offset as usize..(offset + size) as usize];
                println!("{}: {}", external.name, value.iter().any(|&byte| byte != 0));
            }
        }
        Err(error) => println!("{error}"),
    }
    let symbols = std::fs::read_to_string("/proc/kallsyms").expect("/proc is mounted");
    if symbols.lines().all(|line| line.starts_with("0000000000000000 ")) {
        println!("addresses are hidden");
    }
    match open("symbols").prepare() {
        Ok(_) => println!("addresses are found"),
        Err(error) => println!("{error}"),
    }
    println!("left: {:?}", before.left_in_process());
}

fn what_gives_no_token() {
    let (directory, other) = (Directory::new(), Directory::new());
    let at = directory.path();
    let sub = format!("{at}/sub");
    for (place, options, expected) in [
        (other.path(), &PHASES[..], "this is no BPF file system (expected a BPF file system"),
        (&sub, &PHASES, "this is a directory in a BPF file system, not its root"),
        ("/no/such", &PHASES, "open: No such file or directory"),
        ("/dev/null", &PHASES, "open: Not a directory"),
        (at, &[], "nothing is delegated to this BPF file system"),
        (BPFFS, &PHASES, "this BPF file system is not of the process's user namespace"),
    ] {
        let text = Child { place: Some(place), ..Child::at(at) }.run(options);
        says(&text, &[&format!(": BPF token: {place}: {expected}"), "delegate_cmds"]);
    }
    // Nobody has asked for it.
    let text = Child::at(BPFFS).run(&[]);
    says(&text, &["cannot be had: BPF token: /sys/fs/bpf: nothing is delegated"]);
}

fn capabilities_of_the_namespace() {
    let directory = Directory::new();
    let at = directory.path();
    let without = |dropped| Child { place: Some(at), dropped, ..Child::at(at) };
    let text = without(SYS_ADMIN | BPF).run(&PHASES);
    says(&text, &["BPF token: ", "CAP_BPF is missing in the process's user namespace"]);
    let text = without(SYS_ADMIN | NET_ADMIN).run(&PHASES);
    says(&text, &["program ", "CAP_NET_ADMIN is missing in the process's user namespace"]);
}

/// Loaded, attached and pinned by the command, on what was delegated.
fn command() -> Outcome {
    let directory = Directory::new();
    let (at, object) = (directory.path(), tempfile::NamedTempFile::new()?);
    std::fs::write(object.path(), object!("phases"))?;
    let child = Child { job: "command_by_token", place: object.path().to_str(), ..Child::at(at) };
    let text = child.run(&PHASES);
    says(&text, &["observe", "accepted", "verify: Some(0)"]);
    says(&text, &["load: Some(0)", "/x/maps/counts", "/x/programs/observe"]);
    Ok(())
}

pub(crate) fn command_by_token(arguments: &[String]) {
    let at = arguments[0].clone();
    let (object, before) = enter(arguments);
    let object = object.expect("one is given");
    let pin = format!("{at}/x");
    let verify = ["verify", &object, "--token", &at];
    let load = ["load", &object, "--no-config", "--token", &at, "--pin", &pin];
    for words in [&verify[..], &load] {
        let output = child("command", words).output().expect("it runs");
        println!("{}", String::from_utf8_lossy(&output.stdout));
        println!("{}", String::from_utf8_lossy(&output.stderr));
        println!("{}: {:?}", words[0], output.status.code());
    }
    for directory in ["maps", "programs"] {
        let pins = std::fs::read_dir(format!("{pin}/{directory}")).into_iter().flatten().flatten();
        pins.for_each(|pin| println!("{}", pin.path().display()));
    }
    println!("left: {:?}", before.left_in_process());
}

/// What replaces a function is verified against the types of the program that has it.
fn types_of_another_program() {
    let text = Child { job: "freplace_by_token", ..Child::at(BPFFS) }
        .run(&PHASES.map(|(option, _)| (option, "any")));
    match kernel_is(6, 15) {
        true => says(&text, &["loaded"]),
        false => says(&text, &["BPF_BTF_GET_FD_BY_ID", "from Linux 6.15 on"]),
    }
}

pub(crate) fn freplace_by_token(arguments: &[String]) {
    let (_, before) = enter(arguments);
    let load = || {
        let target = OpenObject::new(fixture!("freplace")).load()?;
        let mut open = OpenObject::new(fixture!("freplace"));
        open.program_mut("original")?.set_autoload(false);
        let replacement = open.program_mut("replacement")?;
        let original = target.program("original")?;
        replacement.set_autoload(true).set_target("replaced").set_target_program(original)?;
        open.load()
    };
    match load() {
        Ok(object) => println!("loaded {}", object.spec().name),
        Err(error) => println!("{error}"),
    }
    println!("left: {:?}", before.left_in_process());
}

/// A token that is asked for where capabilities do, or where the kernel has none.
fn in_the_initial_namespace() {
    let mut open = phases::open();
    open.options.set_token_path(BPFFS);
    if kernel_is(6, 9) {
        let words = ["BPF token: /sys/fs/bpf: the process is in the initial user namespace"];
        let error = fails(open.load(), &words);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    } else {
        let words = ["BPF token: /sys/fs/bpf: needs BPF tokens, Linux 6.9; this kernel is "];
        let error = fails(open.load(), &words);
        assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    }
}

/// Root in a user namespace, whom nobody has delegated anything.
fn without_delegation() {
    let text = Child::at(NOWHERE).run(&[]);
    let why = match kernel_is(6, 9) {
        true => "/sys/fs/bpf: this BPF file system is not of the process's user namespace",
        false => "/sys/fs/bpf: needs BPF tokens, Linux 6.9; this kernel is ",
    };
    says(&text, &["section \".BTF\"", "the process is in a user namespace", why]);
}

/// It runs as root for somebody else, who could have it read anything.
fn a_set_id_program_ignores_the_environment() -> Outcome {
    let mut command = child("phases_by_environment", &[]);
    let mut command = within(&mut command, Some("/no/such"));
    // SAFETY: between fork and exec there is this one system call.
    unsafe {
        command.pre_exec(|| match libc::setresuid(65534, 0, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    says(&said(command.output()?), &["loaded [", "$LIBBPF_BPF_TOKEN_PATH is ignored", "set-id"]);
    let mut command = child("phases_by_environment", &[]);
    let text = said(within(&mut command, Some("/no/such")).output()?);
    says(&text, &[": BPF token by $LIBBPF_BPF_TOKEN_PATH: /no/such: open: No such file"]);
    Ok(())
}

pub(crate) fn phases_by_environment() {
    let before = Snapshot::of_process();
    match phases::open().load() {
        Ok(object) => println!("loaded {:?}", object.notes()),
        Err(error) => println!("{error}"),
    }
    println!("left: {:?}", before.left_in_process());
}
