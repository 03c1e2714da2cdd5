//! Random C types have the layout in Rust that clang gives them on this host, bit by bit.
//!
//! The ABI of BPF and that of x86-64 agree about all types drawn here. `BPF_SKEL_SEED` draws others, `BPF_SKEL_TYPES` more.

mod c;
mod draw;
mod rust;

use std::fs;
use std::process::Command;

use bpf_skel_build::{Options, Skeleton};
use bpf_skel_tests::machine::{Outcome, Skip, tests};

use crate::project::{Project, clang};

tests![as_clang_has_them];

/// Reads a number out of the environment.
fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn as_clang_has_them() -> Outcome {
    if !cfg!(target_arch = "x86_64") {
        return Err(Skip("needs x86-64, whose layouts are those of BPF".into()).into());
    }
    let clang = clang()?;
    let types = draw::types(number("BPF_SKEL_SEED", 1), number("BPF_SKEL_TYPES", 60));
    let main = "#![allow(warnings)]\ninclude!(\"skeleton.rs\");\ninclude!(\"check.rs\");";
    let project = Project::new(
        "layouts",
        &[
            ("types.bpf.c", &c::object(&types)),
            ("host.c", &c::program(&types)),
            ("src/main.rs", main),
        ],
    );
    let run = |args: &[&str]| {
        let output = Command::new(&clang).args(args).current_dir(&project.folder).output();
        let output = output.expect("clang runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["-w", "-g", "-O2", "-target", "bpf", "-c", "types.bpf.c", "-o", "types.o"]);
    run(&["-w", "-O1", "host.c", "-o", "host"]);

    let object = fs::read(project.path("types.o")).expect("clang wrote it");
    let skeleton = Skeleton::from_object(&object, "types.o", &Options::default());
    let skeleton = skeleton.unwrap_or_else(|error| panic!("{error:?}")).to_string();
    if let Some((_, lost)) = skeleton.split_once("Bytes only: ") {
        let lines: Vec<&str> = lost.lines().take(4).collect();
        let name = lines[3].trim().trim_start_matches("pub struct ").trim_end_matches(" {");
        let source = types.iter().find(|ty| name.split("__").next() == Some(&ty.name));
        panic!("{name} is lost: {}\n{}", lines[0], source.map(c::definition).unwrap_or_default());
    }
    project.write("src/check.rs", &rust::program(&types, &skeleton));
    project.write("src/skeleton.rs", &skeleton);

    let host = Command::new(project.path("host")).output().expect("the program runs");
    let expected = String::from_utf8(host.stdout).expect("text");
    let found = project.run(&[]).good().stdout;
    compare(&types, &expected, &found);
    Ok(())
}

fn compare(types: &[draw::Named], expected: &str, found: &str) {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    assert!(expected.len() > types.len() * 4, "both programs say something");
    for (expected, found) in expected.iter().zip(&found) {
        let source = || {
            let name = expected.split([' ', '.']).next().expect("a line has words");
            types.iter().find(|ty| ty.name == name).map(c::definition).unwrap_or_default()
        };
        assert!(expected == found, "clang: {expected}\nRust:  {found}\n{}", source());
    }
    assert_eq!(expected.len(), found.len());
}
