//! The program of `hello` by macro: no build.rs, the object is named in place.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

bpf_skel_macros::bpf_skel!(mod hello = "../hello/src/hello.bpf.o");

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> bpf_skel::Result<()> {
    let skel = hello::open().load()?;
    let link = skel.progs.on_switch.attach()?;
    sleep(Duration::from_secs(1));
    link.detach()?;
    println!("{} switches in a second", skel.bss.total.get());
    Ok(())
}
