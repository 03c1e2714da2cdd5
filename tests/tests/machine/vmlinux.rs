//! `vmlinux.h` for the sources of a crate: written once, and again only where the types are others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::spec::Endian;
use bpf_skel_tests::machine::{Outcome, Skip, tests};

use crate::project::{Built, Project, clang};

tests![of_the_running_kernel, of_a_file];

const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// Two sources that include the header, and a program that prints what they know of `TYPE` and where all that is built is.
fn project(name: &str, of: &str, ty: &str) -> Project {
    let build = r#"
    fn main() -> bpf_skel_build::Result<()> {
        let builder = bpf_skel_build::Builder::new().VMLINUX;
        builder.build("src/first.bpf.c")?;
        builder.build("src/second.bpf.c").map(drop)
    }
    "#;
    let source = r#"
    #include "vmlinux.h"
    char _license[] __attribute__((section("license"), used)) = "GPL";
    const volatile unsigned int size = sizeof(TYPE);
    __attribute__((section("raw_tp/sys_enter"), used)) int prog(void *ctx) { return size; }
    "#;
    let source = source.replace("TYPE", ty);
    let main = r#"
    bpf_skel::include_skel!(first);
    bpf_skel::include_skel!(second);
    fn main() {
        println!("{} {}", first::open().rodata.size, second::open().rodata.size);
        println!("{}", env!("OUT_DIR"));
    }
    "#;
    Project::new(
        name,
        &[
            ("build.rs", &build.replace("VMLINUX", of)),
            ("src/main.rs", main),
            ("src/first.bpf.c", &source),
            ("src/second.bpf.c", &source),
        ],
    )
}

/// What the program printed: the sizes, and the folder.
fn printed(built: Built) -> (String, PathBuf) {
    let stdout = built.good().stdout;
    let (sizes, out_dir) = stdout.trim().split_once('\n').expect("two lines");
    (sizes.to_owned(), out_dir.into())
}

/// When the header was written.
fn written(out_dir: &Path) -> SystemTime {
    let header = out_dir.join("vmlinux/vmlinux.h");
    fs::metadata(header).and_then(|it| it.modified()).expect("the header is there")
}

fn append(project: &Project, file: &str) {
    let text = fs::read_to_string(project.path(file)).expect("it is there");
    project.write(file, &(text + "/* changed */\n"));
}

#[track_caller]
fn assert_fresh(project: &Project, name: &str, environment: &[(&str, &str)]) {
    let built = project.cargo(&["build", "-v"], environment).good();
    assert!(built.stderr.contains(&format!("Fresh {name} v0.1.0")), "{}", built.stderr);
}

fn of_the_running_kernel() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let Ok(btf) = fs::read(RUNNING) else {
        return Err(Skip(format!("needs {RUNNING}")).into());
    };
    let btf = Btf::parse(&btf, Endian::NATIVE).expect("the kernel's BTF");
    let task = btf.find("task_struct", |kind| matches!(kind, Kind::Struct(_)));
    let Some((_, Kind::Struct(task))) = task.map(|(id, ty)| (id, ty.kind)) else {
        return Err(Skip("needs a kernel that knows its tasks".into()).into());
    };
    let project = project("vmlinux", "vmlinux()", "struct task_struct");
    let environment = [("CLANG", clang.as_str())];

    let (sizes, out_dir) = printed(project.run(&environment));
    assert_eq!(sizes, format!("{0} {0}", task.size));
    let first = written(&out_dir);
    assert_fresh(&project, "vmlinux", &environment);
    // The age of a file in sysfs says nothing.
    let told = fs::read_to_string(out_dir.join("../output")).expect("what the script told cargo");
    assert!(told.contains("rerun-if-changed=src/first.bpf.c"), "{told}");
    assert!(!told.contains("/sys/") && !told.contains("vmlinux.h"), "{told}");

    // Compiled again, with the header that is there.
    append(&project, "src/first.bpf.c");
    assert_eq!(printed(project.run(&environment)), (sizes, out_dir.clone()));
    assert_eq!(written(&out_dir), first);
    Ok(())
}

fn of_a_file() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let project = project("vmlinux-from", "vmlinux_from(\"kernel.o\")", "struct thing");
    let kernel = |len: u32| {
        project.write("kernel.c", &format!("struct thing {{ int x[{len}]; }} thing;"));
        let compiled = Command::new(&clang)
            .args(["-g", "-target", "bpf", "-c", "kernel.c", "-o", "kernel.o"])
            .current_dir(&project.folder)
            .status();
        assert!(compiled.expect("clang runs").success());
    };
    let environment = [("CLANG", clang.as_str())];

    kernel(1);
    let (sizes, out_dir) = printed(project.run(&environment));
    assert_eq!(sizes, "4 4");
    assert_fresh(&project, "vmlinux-from", &environment);
    let first = written(&out_dir);

    kernel(3);
    assert_eq!(printed(project.run(&environment)).0, "12 12");
    assert_ne!(written(&out_dir), first);
    assert_fresh(&project, "vmlinux-from", &environment);

    // The same types in a file that was written again: nothing new for clang.
    let second = written(&out_dir);
    kernel(3);
    assert_eq!(printed(project.run(&environment)).0, "12 12");
    assert_eq!(written(&out_dir), second);
    Ok(())
}
