//! What a load costs: system calls, memory, stack. Each in a process of its own, since they are a process's.

use std::process::Command;

use bpf_skel_tests::kernel::{Outcome, Skip, child, tests};

tests![calls_of_hello, calls_of_a_refusal, a_section_of_megabytes];

/// The bpf(2) calls of a child's `job`, as strace names them.
fn calls(job: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let strace = Command::new("strace").arg("-V").output();
    if !strace.is_ok_and(|output| output.status.success()) {
        return Err(Skip("needs the tool strace".into()).into());
    }
    let trace = std::env::temp_dir().join(format!("bpf-skel-{}-{job}", std::process::id()));
    let child = child(job, &[]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=bpf", "-e", "signal=none", "-o"]).arg(&trace);
    strace.arg(child.get_program()).args(child.get_args());
    strace.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = strace.output()?;
    let text = std::fs::read_to_string(&trace)?;
    std::fs::remove_file(&trace)?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        // A sandbox may forbid ptrace.
        return Err(match error.contains("PTRACE") {
            true => Skip(format!("strace: {error}")).into(),
            false => error.into(),
        });
    }
    let calls = text.lines().filter_map(|line| line.split_once("bpf(")?.1.split_once(','));
    Ok(calls.map(|(command, _)| command.trim_start_matches("BPF_").to_owned()).collect())
}

/// One for each kernel object, and what fills a section that is not zero and freezes what is constant.
fn calls_of_hello() -> Outcome {
    assert_eq!(
        calls("hello")?,
        [
            "BTF_LOAD",            // the object's types
            "MAP_CREATE",          // counts
            "MAP_CREATE",          // events
            "MAP_CREATE",          // .rodata
            "MAP_UPDATE_ELEM",     // its bytes
            "MAP_FREEZE",          // for good
            "MAP_CREATE",          // .bss, which is zero
            "PROG_LOAD",           // on_switch
            "RAW_TRACEPOINT_OPEN", // its link
        ]
    );
    Ok(())
}

/// A refused program is verified a second time for its log, and a third time where that was too short.
fn calls_of_a_refusal() -> Outcome {
    let expected = ["BTF_LOAD", "MAP_CREATE", "MAP_CREATE", "PROG_LOAD", "PROG_LOAD", "PROG_LOAD"];
    assert_eq!(calls("long_story")?, expected);
    Ok(())
}

fn a_section_of_megabytes() -> Outcome {
    let output = child("huge", &[]).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
