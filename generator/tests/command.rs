//! The `bpf-skel` command as a shell sees it: status, standard output, standard error.

use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(target_os = "linux")]
#[path = "command/output.rs"]
mod output;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Status, standard output, standard error.
type Output = (i32, String, String);

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

fn bpf_skel() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bpf-skel"))
}

/// An executable copy, by a process of its own: of a file that this one has open, another test's child could have it open
/// for writing still, and the kernel runs none of those.
#[cfg(target_os = "linux")]
fn install(from: &Path, to: &Path) {
    let status = Command::new("install").args(["-m", "755"]).args([from, to]).status();
    assert!(status.expect("install runs").success());
}

/// Runs a subcommand on a fixture.
fn on(fixture_name: &str, args: &[&str]) -> Output {
    run(bpf_skel().args(args).arg(fixture(fixture_name)))
}

#[test]
fn help_names_every_command_and_argument() {
    let (status, help, errors) = run(bpf_skel().arg("--help"));
    assert_eq!((status, &*errors), (0, ""));
    for word in
        ["gen ", "build ", "link ", "inspect ", "vmlinux ", "btf ", "Status: 0", "standard error"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
    let mut commands = vec!["gen", "build", "link", "inspect", "vmlinux", "btf"];
    if cfg!(target_os = "linux") {
        commands.extend(["verify", "load", "pins", "unload"]);
    }
    for command in commands {
        let (status, help, _) = run(bpf_skel().args([command, "--help"]));
        assert_eq!(status, 0);
        let arguments = help.lines().map(str::trim).collect::<Vec<_>>();
        for (index, line) in arguments.iter().enumerate() {
            // What an argument is for stands behind it or on the next line.
            let default = line.starts_with("[default:") || line.starts_with("[possible values:");
            if !default && line.starts_with(['-', '<', '[']) && line.ends_with(['>', ']', 'n', 's'])
            {
                let next = arguments.get(index + 1).is_some_and(|next| !next.is_empty());
                assert!(line.contains("  ") || next, "{command}: {line}");
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn help_says_what_root_is() {
    for command in ["load", "unload"] {
        let (_, help, _) = run(bpf_skel().args([command, "--help"]));
        assert!(help.contains("ROOT is ") && help.contains("--root <DIR>"), "{command}: {help}");
    }
}

#[test]
fn arguments_that_make_no_sense_give_2() {
    for args in
        [&[][..], &["gen"], &["inspect"], &["no-such-command"], &["gen", "--endian", "odd", "x.o"]]
    {
        let (status, out, errors) = run(bpf_skel().args(args));
        assert_eq!((status, &*out), (2, ""), "{args:?}");
        assert!(errors.contains("Usage: bpf-skel") || errors.contains("'--help'"), "{errors}");
    }
}

#[test]
fn what_fails_says_so_on_standard_error() {
    let source = fixture("maps.bpf.c");
    let source = source.to_str().expect("a path");
    let object = fixture("maps-el.o");
    let object = object.to_str().expect("a path");
    for (args, message) in [
        (&["inspect", "no-such.o"][..], "bpf-skel: no-such.o: cannot read: "),
        (&["gen", "no-such.o"], "bpf-skel: no-such.o: cannot read: "),
        (&["inspect", source], "bpf-skel: maps.bpf.c: not an ELF file"),
        (&["gen", "--name", "a b", object], "bpf-skel: module name \"a b\" is not an identifier"),
        (
            &["gen", "--untyped-map", "record", object],
            "bpf-skel: maps-el.o: map \"record\": no map of this name",
        ),
        (&["build", "no-such.c"], "bpf-skel: no-such.c: no such file"),
        (&["vmlinux", "--btf", "no-such"], "bpf-skel: no-such: cannot read: "),
        (&["btf", "dump", source], "bpf-skel: "),
        (&["btf", "dump", "--type", "nothing", object], "bpf-skel: no type \"nothing\" in the BTF"),
        (&["build", "--clang", "/no/clang", source], "bpf-skel: no executable \"/no/clang\""),
    ] {
        let (status, out, errors) = run(bpf_skel().args(args));
        assert_eq!((status, &*out), (1, ""), "{args:?}: {errors}");
        assert!(errors.starts_with(message), "{args:?}: {errors}");
    }
}

#[test]
fn a_misspelt_section_is_told() {
    let mut bytes = std::fs::read(fixture("programs-el.o")).expect("a fixture");
    let (before, after) = (b"something/else", b"raw_pt/sched_s");
    while let Some(at) = bytes.windows(before.len()).position(|window| window == before) {
        bytes[at..][..after.len()].copy_from_slice(after);
    }
    let path = std::env::temp_dir().join(format!("bpf-skel-misspelt-{}.o", std::process::id()));
    std::fs::write(&path, bytes).expect("it can be written");
    let (status, _, errors) = run(bpf_skel().arg("gen").arg(&path));
    std::fs::remove_file(&path).expect("it was written");
    let words = "program \"no_type\": section \"raw_pt/sched_s\" names no type of program; did you mean \"raw_tp\"?\n";
    assert!(status == 0 && errors.ends_with(words), "{errors}");
}

#[test]
fn gen_writes_a_skeleton_for_either_byte_order() {
    for (file, order) in [("maps-el.o", "Little"), ("maps-eb.o", "Big")] {
        let (status, out, errors) =
            on(file, &["gen", "--name", "r#loop", "--runtime", "crate::bpf"]);
        assert_eq!((status, &*errors), (0, ""));
        assert!(out.starts_with("// @generated by bpf-skel-build "), "{out}");
        assert!(out.contains("\npub mod r#loop {\n"), "{out}");
        assert!(out.contains(&format!("endian: Endian::{order},")));
        assert!(out.contains("crate::bpf::map::RingBuf") && !out.contains("::bpf_skel"));
    }
    let (_, out, _) = on("maps-el.o", &["gen", "--untyped-map", "records"]);
    assert!(out.contains("pub records: ::bpf_skel::map::Map,"), "{out}");
    assert!(out.contains("pub events: ::bpf_skel::map::PerfEventArray,"), "{out}");
    let both = [fixture("maps-eb.o"), fixture("maps-el.o")];
    let (_, out, _) = run(bpf_skel().args(["gen", "--endian", "big"]).args(&both));
    assert!(out.contains("from maps-eb.o"), "{out}");
}

#[test]
fn inspect_reads_either_byte_order_anywhere() {
    for (file, order) in [("maps-el.o", "little-endian"), ("maps-eb.o", "big-endian")] {
        let (status, out, errors) = on(file, &["inspect"]);
        assert_eq!((status, &*errors), (0, ""));
        assert!(
            out.contains(order) && out.contains("maps: 9") && out.contains("pinned by name"),
            "{out}"
        );
        let (_, json, _) = on(file, &["inspect", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&json["endian"], &json["maps"][0]["name"]), (&order.into(), &"typed".into()));
        assert_eq!(json["programs"][0]["section"], "raw_tp/sys_enter");
    }
}

#[test]
fn inspect_lists_jump_tables() {
    let (_, out, _) = on("jump_tables-eb.o", &["inspect"]);
    assert!(out.contains("  first   xdp ") && out.contains("jump table BPF.JT.0.0 of 4"), "{out}");
    let (_, json, _) = on("jump_tables-el.o", &["inspect", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let tables = serde_json::json!([
        { "name": "BPF.JT.1.0", "entries": 2 }, { "name": "BPF.JT.1.1", "entries": 1 }
    ]);
    assert_eq!(json["programs"][2]["jump_tables"], tables);
}

#[test]
fn inspect_lists_externs() {
    let (_, out, _) = on("externs-el.o", &["inspect"]);
    let line = |name: &str| {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.expect(name).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(out.contains("externs: 18\n"), "{out}");
    assert_eq!(line("CONFIG_NET"), "CONFIG_NET kconfig enum libbpf_tristate");
    assert_eq!(line("skel_no_such_variable"), "skel_no_such_variable ksym int weak");
    assert_eq!(line("vfs_read"), "vfs_read ksym");
    let (_, json, _) = on("externs-eb.o", &["inspect", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let expected = serde_json::json!({
        "name": "LINUX_OF_TOMORROW", "kind": "kconfig", "type": "u64", "weak": true
    });
    assert_eq!(json["externs"][1], expected);
}

#[test]
fn link_makes_one_object() {
    let folder = std::env::temp_dir().join(format!("bpf-skel-link-{}", std::process::id()));
    let output = folder.join("deep").join("linked.o");
    let link = |files: &[&str]| {
        let files = files.iter().map(|file| fixture(&format!("link/{file}")));
        run(bpf_skel().arg("link").args(files).arg("-o").arg(&output))
    };
    assert_eq!(link(&["main-eb.o", "lib-eb.o"]), (0, String::new(), String::new()));
    let (status, out, _) = run(bpf_skel().arg("inspect").arg(&output));
    assert_eq!(status, 0);
    assert!(out.contains("programs: 5") && out.contains("big-endian"), "{out}");

    let (status, _, errors) = link(&["main-eb.o", "main-eb.o"]);
    assert_eq!(status, 1);
    assert!(errors.contains("symbol \"from_main\": defined in ") && errors.contains("main-eb.o"));
    let (status, _, errors) = run(bpf_skel().args(["link", "x.o"]));
    assert!(status == 2 && errors.contains("--output"), "{errors}");
    std::fs::remove_dir_all(folder).expect("removed");
}

#[cfg(target_os = "linux")]
mod verify {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    /// Each program fails, for a reason that holds `reason`, in text and in JSON.
    fn fails(output: impl Fn(&[&str]) -> Output, reason: &str) {
        let (status, out, errors) = output(&[]);
        assert_eq!(
            (status, &*errors),
            (1, "bpf-skel: 2 of 2 programs were not accepted\n"),
            "{out}"
        );
        assert_eq!(out.matches(reason).count(), 2, "{out}");
        let (status, json, _) = output(&["--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let programs = json["programs"].as_array().expect("a list");
        assert_eq!((status, programs.len()), (1, 2));
        for program in programs {
            assert_eq!(program["verdict"], "failed");
            assert!(
                program["error"].as_str().is_some_and(|error| error.contains(reason)),
                "{program}"
            );
        }
    }

    #[test]
    fn another_byte_order_fails_each_program() {
        let (other, reason) = match cfg!(target_endian = "little") {
            true => ("callbacks-eb.o", "the object is big-endian, this machine is little-endian"),
            false => ("callbacks-el.o", "the object is little-endian, this machine is big-endian"),
        };
        fails(|args| on(other, &[&["verify"], args].concat()), reason);
    }

    /// The types of another kernel decide before anything is asked of the running one.
    #[test]
    fn types_of_another_kernel() {
        let order = if cfg!(target_endian = "little") { "el" } else { "eb" };
        let with = |types: &str| {
            let types = fixture(types).display().to_string();
            on(&format!("core/ambiguity-{order}.o"), &["verify", "--btf", &types])
        };
        let (status, out, _) = with(&format!("core/ambiguity.three-{order}.o"));
        assert_eq!((status, out.matches("do not agree").count()), (1, 4), "{out}");
        let (status, out, errors) = with("build");
        assert_eq!((status, &*out), (1, ""));
        assert!(errors.contains("fixtures/build: neither BTF nor an ELF file"), "{errors}");
    }

    /// As a user without capabilities; where this is none already, as nobody.
    #[test]
    fn a_missing_capability_fails_each_program_and_is_named() {
        let native =
            if cfg!(target_endian = "little") { "callbacks-el.o" } else { "callbacks-eb.o" };
        // Nobody may not look into the folders that this is built in.
        let folder = std::env::temp_dir().join(format!("bpf-skel-verify-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (command, object) = (folder.join("bpf-skel"), folder.join(native));
        install(Path::new(env!("CARGO_BIN_EXE_bpf-skel")), &command);
        std::fs::copy(fixture(native), &object).expect("copied");
        let owner = std::os::unix::fs::MetadataExt::uid(&folder.metadata().expect("it is there"));
        let verify = |args: &[&str]| {
            let mut command = Command::new(&command);
            if owner == 0 {
                command.uid(65534).gid(65534);
            }
            run(command.arg("verify").args(args).arg(&object))
        };
        fails(verify, "CAP_BPF");
        std::fs::remove_dir_all(folder).expect("removed");
    }
}

#[test]
fn two_objects_of_one_byte_order_are_one_too_many() {
    let gen_of = |files: [&str; 3]| {
        run(bpf_skel().args(["gen", "--endian", "little"]).args(files.map(fixture)))
    };
    let (status, out, errors) = gen_of(["types-eb.o", "maps-el.o", "types-el.o"]);
    assert_eq!((status, &*out), (1, ""));
    let (first, second) = (fixture("maps-el.o"), fixture("types-el.o"));
    let both = format!("{} and {} are both little-endian", first.display(), second.display());
    assert!(errors.contains(&both) && errors.contains("bpf-skel link"), "{errors}");
    // What cannot be read is none of them.
    let (status, _, errors) = gen_of(["types-eb.o", "maps-el.o", "no-such.o"]);
    assert_eq!((status, &*errors), (0, ""));
}

#[test]
fn types_as_c_and_one_by_one() {
    let (status, c, errors) = on("types-eb.o", &["btf", "dump", "--type", "packed"]);
    assert_eq!((status, &*errors), (0, ""));
    let want = "struct packed {\n\tu8 tag;\n\tu64 value;\n\tu16 odd;\n\tstruct key key;\n} __attribute__((packed));\n";
    assert!(c.contains("#pragma once") && c.contains(want), "{c}");
    assert!(!c.contains("struct node"), "{c}");

    let (_, c, _) = on("types-el.o", &["vmlinux", "--type", "packed", "--btf"]);
    assert!(c.contains("#define __VMLINUX_H__") && c.contains("preserve_access_index"), "{c}");
    assert!(c.contains(want), "{c}");
    for command in [
        &["vmlinux", "--type", "struct packed", "--btf"][..],
        &["btf", "dump", "--type", "struct packed"],
    ] {
        let (status, c, errors) = on("types-el.o", command);
        assert_eq!((status, &*errors), (0, ""));
        assert!(c.contains(want), "{c}");
    }
    for name in ["packed", "struct packed"] {
        let (status, rust, _) = on("types-el.o", &["gen", "--type", name]);
        assert!(status == 0 && rust.contains("pub struct packed"), "{rust}");
    }

    let (_, list, _) = on("types-el.o", &["btf", "dump", "--raw"]);
    assert!(list.starts_with("[1] "), "{list}");
    assert!(list.contains("\n\t'tag' type_id="), "{list}");

    let (_, json, _) = on("types-el.o", &["btf", "dump", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let types = json["types"].as_array().expect("a list");
    assert_eq!(types.len(), list.lines().filter(|line| line.starts_with('[')).count());
    let packed = types.iter().find(|ty| ty["name"] == "packed").expect("struct packed");
    assert_eq!((&packed["kind"], &packed["size"]), (&"STRUCT".into(), &19.into()));
}
