//! Random C types have the layout in Rust that clang gives them on this host, bit by bit.
//!
//! The ABI of BPF and that of x86-64 agree about all types drawn here. `BPF_SKEL_SEED` draws others, `BPF_SKEL_SEEDS` as many
//! times from there on, `BPF_SKEL_TYPES` more of them at once. What fails is made smaller, and its C is kept.

mod c;
mod draw;
mod rust;
mod shrink;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use bpf_skel_build::{Options, Skeleton};
use bpf_skel_tests::machine::{Outcome, Skip, tests};

use crate::project::{Project, clang};
use draw::Named;

tests![as_clang_has_them, what_fails_is_made_smaller];

/// The C of types drawn as the environment says, by seed.
pub(crate) fn sources() -> impl Iterator<Item = (usize, String)> {
    seeds().map(|seed| (seed, c::object(&draw::types(seed, number("BPF_SKEL_TYPES", 60)))))
}

fn seeds() -> std::ops::Range<usize> {
    let first = number("BPF_SKEL_SEED", 1);
    first..first + number("BPF_SKEL_SEEDS", 1)
}

/// Reads a number out of the environment.
fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn as_clang_has_them() -> Outcome {
    if !cfg!(target_arch = "x86_64") {
        return Err(Skip("needs x86-64, whose layouts are those of BPF".into()).into());
    }
    let main = "#![allow(warnings)]\ninclude!(\"skeleton.rs\");\ninclude!(\"check.rs\");";
    let project = Project::new("layouts", &[("src/main.rs", main)]);
    let machine = Machine { clang: clang()?, project };
    for seed in seeds() {
        let types = draw::types(seed, number("BPF_SKEL_TYPES", 60));
        if let Err(failure) = machine.check(&types) {
            let same = |types: &[Named]| {
                machine.check(types).is_err_and(|smaller| smaller.step == failure.step)
            };
            let types = shrink::shrink(types, same);
            let Failure { step, text } = machine.check(&types).err().unwrap_or(failure);
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("layouts-{seed}.bpf.c"));
            let source = c::object(&types);
            fs::write(&kept, &source).expect("the source can be kept");
            panic!("BPF_SKEL_SEED={seed}: {step}: {text}\n{source}kept as {}", kept.display());
        }
    }
    Ok(())
}

/// Where it went wrong, and how.
#[derive(Debug)]
struct Failure {
    step: String,
    text: String,
}

struct Machine {
    clang: OsString,
    project: Project,
}

impl Machine {
    fn run_clang(&self, args: &[&str]) -> Result<(), Failure> {
        let output =
            Command::new(&self.clang).args(args).current_dir(&self.project.folder).output();
        let output = output.expect("clang runs");
        let text = || String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(())
        } else {
            Err(Failure { step: "clang".into(), text: text() })
        }
    }

    fn check(&self, types: &[Named]) -> Result<(), Failure> {
        let project = &self.project;
        project.write("types.bpf.c", &c::object(types));
        project.write("host.c", &c::program(types));
        self.run_clang(&[
            "-w",
            "-g",
            "-O2",
            "-target",
            "bpf",
            "-c",
            "types.bpf.c",
            "-o",
            "types.o",
        ])?;
        self.run_clang(&["-w", "-O1", "host.c", "-o", "host"])?;

        let object = fs::read(project.path("types.o")).expect("clang wrote it");
        let skeleton = Skeleton::from_object(&object, "types.o", &Options::default())
            .map_err(|error| Failure { step: "generator".into(), text: format!("{error:?}") })?
            .to_string();
        if let Some((_, lost)) = skeleton.split_once("Bytes only: ") {
            let lines: Vec<&str> = lost.lines().take(4).collect();
            return Err(Failure { step: "a type is lost".into(), text: lines.join("\n") });
        }
        project.write("src/check.rs", &rust::program(types, &skeleton));
        project.write("src/skeleton.rs", &skeleton);

        let host = Command::new(project.path("host")).output().expect("the program runs");
        let expected = String::from_utf8(host.stdout).expect("text");
        let built = project.run(&[]);
        if !built.success {
            let errors = built.stderr.lines().filter(|line| line.starts_with("error"));
            let step = errors.map(|line| line.split(':').next().unwrap_or(line)).next();
            let step = step.unwrap_or("the program of the skeleton").to_owned();
            return Err(Failure { step, text: built.stderr });
        }
        compare(types, &expected, &built.stdout)
            .map_err(|text| Failure { step: "comparison".into(), text })
    }
}

fn compare(types: &[Named], expected: &str, found: &str) -> Result<(), String> {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    assert!(expected.len() >= types.len(), "both programs say something");
    for (expected, found) in expected.iter().zip(&found) {
        if expected != found {
            return Err(format!("\nclang: {expected}\nRust:  {found}"));
        }
    }
    if expected.len() == found.len() { Ok(()) } else { Err("one says more".to_owned()) }
}

fn what_fails_is_made_smaller() -> Outcome {
    use draw::{Composite, Shape};

    fn has_bool(composite: &Composite) -> bool {
        composite.members.iter().any(|member| match &member.shape {
            Shape::Word(word, _) => *word == "_Bool",
            Shape::Inline(inner, _) | Shape::Anonymous(inner) => has_bool(inner),
            _ => false,
        })
    }
    let types = draw::types(1, 60);
    let fails = |types: &[Named]| types.iter().any(|ty| has_bool(&ty.composite));
    assert!(types.len() == 60 && fails(&types));
    let smallest = shrink::shrink(types, fails);
    assert!(smallest.len() == 1 && fails(&smallest), "{smallest:?}");
    let source = c::definition(&smallest[0]);
    // Its own braces and as many as the member is deep, and that member.
    assert_eq!(source.matches(';').count(), source.matches('{').count() + 1, "{source}");
    Ok(())
}
