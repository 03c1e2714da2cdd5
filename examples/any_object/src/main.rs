//! Loads an object that the program first meets when it runs: `any_object [FILE]`. Needs the feature `elf`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use bpf_skel::object::OpenObject;

fn main() -> ExitCode {
    let file = std::env::args_os().nth(1).map_or_else(bundled, PathBuf::from);
    match run(&file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("any_object: {}", error.report());
            ExitCode::FAILURE
        }
    }
}

fn bundled() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../hello/src/hello.bpf.o").into()
}

fn run(file: &std::path::Path) -> bpf_skel::Result<()> {
    let open = OpenObject::new(bpf_skel::elf::read_file(file)?);
    for program in open.programs() {
        println!(
            "program {} on {}",
            program.name(),
            program.target().unwrap_or("nothing by itself")
        );
    }
    let object = open.load()?;
    let links = object.attach()?;
    println!("attached {} of {} programs for a second", links.len(), object.programs().len());
    sleep(Duration::from_secs(1));
    drop(links);
    for map in object.maps().iter().filter(|map| map.key_size() > 0) {
        let entries = map.keys().count();
        println!("map {} ({}) has {entries} keys", map.name(), map.map_type());
    }
    Ok(())
}
