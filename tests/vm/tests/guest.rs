//! The runner with real guests. Needs QEMU and the cached kernels, so it runs only when asked for:
//! `cargo test -p bpf-skel-vm -- --ignored`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const WHY: &str = "the runner starts";

fn runner(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpf-skel-vm")).args(arguments).output().expect(WHY)
}

/// Runs a shell script in place of a test binary on 6.1: success, and what was printed.
fn test(script: &str, more: &[&str]) -> (bool, String) {
    let folder = TempDir::new().expect("a folder");
    let program = folder.path().join("guest");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
    let mut arguments = vec!["test", "--kernel", "6.1", "--program", path(&program)];
    arguments.extend_from_slice(more);
    let output = runner(&arguments);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
#[ignore = "boots a guest"]
fn status_output_and_files_are_relayed() {
    let folder = TempDir::new().expect("a folder");
    let (program, file) = (folder.path().join("guest"), folder.path().join("data"));
    fs::write(&program, "#!/bin/sh\ncat \"$1\" /data\nexit 7\n").expect("a file");
    fs::write(&file, "it's here\n").expect("a file");
    let copy = format!("{}:/data", path(&file));
    let files = ["--file", path(&file), "--file", &copy];
    let mut arguments = vec!["exec", "--kernel", "6.1"];
    arguments.extend_from_slice(&files);
    arguments.extend_from_slice(&[path(&program), path(&file)]);
    let output = runner(&arguments);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "it's here\nit's here\n");
}

#[test]
#[ignore = "boots a guest"]
fn skips_hold_only_on_older_kernels() {
    let script = "echo 'running 3 tests'
        echo 'test a ... ok'
        echo 'test b ... ignored (needs TCX (Linux 6.6))'
        echo 'test c ... ignored (needs the ring buffer (Linux 5.8))'";
    let (good, text) = test(script, &[]);
    assert!(!good && text.contains("1 passed, 1 failed, 1 skipped"), "{text}");
    assert!(
        text.contains("FAILED on 6.1: c: skipped, but Linux 6.1 has the ring buffer"),
        "{text}"
    );
}

#[test]
#[ignore = "boots a guest"]
fn a_hang_is_stopped_and_named() {
    let script = "printf 'running 1 test\\ntest a ... '; sleep 1000";
    let (good, text) = test(script, &["--silence-limit", "3"]);
    assert!(!good && text.contains("FAILED on 6.1: a: hung (no output for 3 s)"), "{text}");
}

#[test]
#[ignore = "boots a guest"]
fn a_kernel_that_dies_fails_the_run() {
    let (good, text) = test("echo c >/proc/sysrq-trigger", &[]);
    assert!(!good && text.contains("FAILED on 6.1: (kernel): "), "{text}");
}

#[test]
#[ignore = "boots a guest"]
fn the_guest_has_what_the_tests_need() {
    let script = "set -ex
        grep -q bpf /sys/kernel/security/lsm
        test -s /sys/kernel/btf/vmlinux
        test -d /sys/kernel/tracing/events
        test -f /sys/fs/cgroup/cgroup.procs
        grep -q ' /sys/fs/bpf bpf ' /proc/mounts
        grep -q CONFIG_BPF=y /boot/config-$(uname -r)
        ip link add v0 type veth peer name v1
        ip link show lo | grep -q UP
        grep -q ^sch_ingress /proc/modules";
    let (good, text) = test(script, &[]);
    assert!(good && text.contains("1 passed, 0 failed, 0 skipped"), "{text}");
}
