//! The `bpf-skel` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    bpf_skel_build::cmd::main()
}
