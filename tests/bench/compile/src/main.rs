//! What rustc takes for a skeleton, and cargo for a crate with one, from nothing.
//!
//! `cargo run --release -p compile BPF_SKEL [ROUNDS]`: the release build of the command. All builds are offline.

mod project;
mod usage;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use generate::Result;
use project::{Peer, Project};
use usage::Usage;

/// Tells the process to be libbpf-cargo.
const AS_LIBBPF_CARGO: &str = "--libbpf-cargo";
const ROUNDS: usize = 5;
/// Crates from nothing take minutes a round.
const COLD_ROUNDS: usize = 3;

/// How a module is compiled, its dependencies in the same profile.
const MODES: [(&str, &str, &[&str]); 3] = [
    ("check", "dev", &["--emit=metadata"]),
    ("debug", "dev", &["--emit=link", "-Cdebuginfo=2"]),
    ("release", "release", &["--emit=link", "-Copt-level=3"]),
];

fn main() -> Result<()> {
    let args: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if let [first, object, output] = &args[..]
        && first.as_os_str() == AS_LIBBPF_CARGO
    {
        return Ok(libbpf_cargo::SkeletonBuilder::new().obj(object).generate(output)?);
    }
    let (command, rounds) = args.split_first().ok_or("expected: BPF_SKEL [ROUNDS]")?;
    let rounds = match rounds.first() {
        Some(rounds) => rounds.to_str().ok_or("a number of rounds")?.parse()?,
        None => ROUNDS,
    };
    let scratch = env::temp_dir().join(format!("bpf-skel-compile-{}", std::process::id()));
    fs::create_dir(&scratch)?;
    let objects = generate::objects(&scratch)?;
    println!(
        "| object | step | bpf-skel ms | CPU ms | peak MiB | libbpf-rs ms | CPU ms | peak MiB | time of libbpf-rs | CPU of libbpf-rs |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    modules(command, &objects, rounds, &scratch)?;
    for object in &objects {
        cold(object, rounds.min(COLD_ROUNDS), &scratch)?;
    }
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// How cargo compiles a crate of one's own for `cargo build`.
const INCREMENTAL: [&str; 2] = ["--emit=dep-info,metadata,link", "-Cdebuginfo=2"];

/// rustc alone, on a crate that is a skeleton; first on one without anything, which is the floor.
fn modules(command: &Path, objects: &[PathBuf], rounds: usize, scratch: &Path) -> Result<()> {
    let mut projects = Vec::new();
    for peer in Peer::BOTH {
        projects.push(Project::library(scratch, peer)?);
    }
    let compiler = project::compiler()?;
    let empty = PathBuf::from("nothing");
    for object in std::iter::once(&empty).chain(objects) {
        let mut sources = Vec::new();
        for peer in Peer::BOTH {
            let source = scratch.join(format!("{}-{}.rs", name(object)?, peer.crate_name()));
            if *object == empty {
                fs::write(&source, "")?;
            } else {
                skeleton(command, peer, object, &source)?;
            }
            sources.push(source);
        }
        for (mode, profile, flags) in MODES {
            let mut usages = [const { Vec::new() }; 2];
            for _ in 0..rounds {
                for ((project, source), usages) in projects.iter().zip(&sources).zip(&mut usages) {
                    let mut rustc = project.rustc(&compiler, source, profile)?;
                    usages.push(Usage::of(rustc.args(flags))?);
                }
            }
            row(&name(object)?, &format!("module, {mode}"), usages);
        }
        incremental(&name(object)?, &compiler, &projects, &sources, rounds)?;
    }
    Ok(())
}

/// From nothing, and again after a function was written behind the skeleton.
fn incremental(
    object: &str,
    compiler: &Path,
    projects: &[Project],
    sources: &[PathBuf],
    rounds: usize,
) -> Result<()> {
    let mut first = [const { Vec::new() }; 2];
    let mut edited = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        for (index, (project, source)) in projects.iter().zip(sources).enumerate() {
            let skeleton = fs::read_to_string(source)?;
            let compile = || {
                let mut rustc = project.rustc(compiler, source, "dev")?;
                Usage::of(rustc.args(INCREMENTAL).arg(project.incremental()))
            };
            project.forget()?;
            first[index].push(compile()?);
            fs::write(source, format!("{skeleton}\npub fn more() {{}}\n"))?;
            edited[index].push(compile()?);
            fs::write(source, skeleton)?;
        }
    }
    row(object, "module, debug, incremental", first);
    row(object, "… edited", edited);
    Ok(())
}

/// Cargo, on a crate whose build script generates the skeleton: everything is compiled.
fn cold(object: &Path, rounds: usize, scratch: &Path) -> Result<()> {
    let mut usages = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        for (peer, usages) in Peer::BOTH.into_iter().zip(&mut usages) {
            let project = Project::program(scratch, peer, object)?;
            usages.push(Usage::of(&mut project.cargo_build("dev"))?);
            project.remove()?;
        }
    }
    row(&name(object)?, "crate from nothing, debug", usages);
    Ok(())
}

fn skeleton(command: &Path, peer: Peer, object: &Path, output: &Path) -> Result<()> {
    let status = match peer {
        Peer::BpfSkel => {
            Command::new(command).arg("gen").arg(object).arg("-o").arg(output).status()?
        }
        Peer::LibbpfRs => Command::new(env::current_exe()?)
            .arg(AS_LIBBPF_CARGO)
            .args([object, output])
            .status()?,
    };
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", object.display()).into()) }
}

fn row(object: &str, step: &str, usages: [Vec<Usage>; 2]) {
    let [ours, theirs] = usages.map(Usage::medians);
    println!(
        "| {object} | {step} | {ours} | {theirs} | {:.2} | {:.2} |",
        ours.wall / theirs.wall,
        ours.cpu / theirs.cpu
    );
}

/// The name of the object's skeleton.
fn name(object: &Path) -> Result<String> {
    let file = object.file_name().ok_or("an object")?.to_string_lossy();
    Ok(file.split('.').next().unwrap_or_default().to_owned())
}
