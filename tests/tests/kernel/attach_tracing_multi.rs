//! Trampolines in many functions of the kernel.

use bpf_skel::ErrorKind;
use bpf_skel::feature::Feature;
use bpf_skel::kernel_btf::{KernelBtf, Wanted};
use bpf_skel::link::{LinkTarget, TracingMultiOptions};
use bpf_skel::program::{TestRun, kind};
use bpf_skel::uapi::{AttachType, LinkType};
use bpf_skel_tests::kernel::needs::TRACING_MULTI;
use bpf_skel_tests::kernel::{Counting, Veth, counting, summing_cookies};

bpf_skel_tests::kernel::tests! {
    []: attached_or_explained;
    [TRACING_MULTI]: entry, exit, session, one, by_name, by_id, cookies, sleepable, info, missing, no_match, several_of_a_name,
        uncallable, denied, twice, no_function_id, other_kinds, module, module_of_another, module_missing,
        update_is_refused;
}

/// A test run of a tracing program calls `bpf_fentry_test1` and its fellows once each.
fn hits(counting: &Counting) -> u64 {
    counting.hits_during(|| drop(counting.program().test_run(TestRun::new()).unwrap()))
}

fn attached_or_explained() {
    let feature = Feature::AttachType(AttachType::TRACE_FENTRY_MULTI);
    match counting("fentry.multi/bpf_fentry_test*", 0).map(|counting| counting.program().attach()) {
        Ok(attached) => {
            assert_eq!(feature.is_present(), Some(true));
            drop(attached.unwrap());
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{}", error.report());
            let start = r#"program "probe": needs attach type trace_fentry_multi, Linux 7.2; this kernel is "#;
            assert!(error.to_string().contains(start), "{error}");
        }
    }
}

fn entry() {
    let counting = counting("fentry.multi/bpf_fentry_test*", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert!(hits(&counting) >= 8);
    drop(link);
    assert_eq!(hits(&counting), 0);
}

fn exit() {
    let counting = counting("fexit.multi/bpf_fentry_test?", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert!(hits(&counting) >= 8);
}

fn session() {
    let counting = counting("fsession.multi", 0).unwrap();
    let program = counting.kind::<kind::FsessionMulti>();
    let options = TracingMultiOptions::new().functions(&["bpf_fentry_test1", "bpf_fentry_test2"]);
    let _link = program.attach_with(options).unwrap();
    assert_eq!(hits(&counting), 4, "entry and return of both");
}

fn one() {
    let counting = counting("fentry.multi/bpf_fentry_test1", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(hits(&counting), 1);
}

fn by_name() {
    let counting = counting("fentry.multi", 0).unwrap();
    let program = counting.kind::<kind::FentryMulti>();
    let options = TracingMultiOptions::new().functions(&["bpf_fentry_test3", "bpf_fentry_test1"]);
    let _link = program.attach_with(options).unwrap();
    assert_eq!(hits(&counting), 2);
    let error = program.attach().unwrap_err();
    assert!(error.to_string().contains("the section names no function"), "{error}");
}

fn by_id() {
    let counting = counting("fexit.multi", 0).unwrap();
    let kernel = KernelBtf::shared().unwrap();
    let id = |name| kernel.find_one(Wanted::function(name)).unwrap().unwrap().id;
    let ids = [id("bpf_fentry_test2"), id("bpf_fentry_test1")];
    let program = counting.kind::<kind::FexitMulti>();
    let _link = program.attach_with(TracingMultiOptions::new().btf_ids(&ids)).unwrap();
    assert_eq!(hits(&counting), 2);
}

fn cookies() {
    let counting = summing_cookies("fentry.multi").unwrap();
    let program = counting.kind::<kind::FentryMulti>();
    let options = TracingMultiOptions::new().functions(&["bpf_fentry_test2", "bpf_fentry_test1"]);
    let _link = program.attach_with(options.cookies(&[5, 1 << 40])).unwrap();
    assert_eq!(hits(&counting), 5 + (1 << 40));
    let error = program.attach_with(options.cookies(&[5])).unwrap_err();
    assert!(error.to_string().ends_with("expected 2 cookies, found 1"), "{error}");
    let options = TracingMultiOptions::new().pattern("vfs_*").cookies(&[5]);
    assert_eq!(program.attach_with(options).unwrap_err().kind(), ErrorKind::InvalidInput);
}

fn sleepable() {
    let counting = counting("fentry.multi.s/bpf_fentry_test1", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(hits(&counting), 1);
    let program = counting.kind::<kind::FentryMulti>();
    let options = TracingMultiOptions::new().functions(&["bpf_fentry_test2"]);
    let error = program.attach_with(options).unwrap_err();
    assert!(error.to_string().contains("takes only functions that may"), "{error}");
}

fn info() {
    let counting = counting("fentry.multi/bpf_fentry_test1", 0).unwrap();
    let info = counting.program().attach().unwrap().info().unwrap();
    assert_eq!(info.link_type, LinkType::TRACING_MULTI);
    assert_eq!(info.program_id, counting.program().info().unwrap().id);
    // The kernel tells no more of them.
    assert_eq!(info.target, LinkTarget::Other);
}

/// What attaching to these functions fails with.
fn refusal(functions: &[&str]) -> String {
    let counting = counting("fentry.multi", 0).unwrap();
    let program = counting.kind::<kind::FentryMulti>();
    let options = TracingMultiOptions::new().functions(functions);
    program.attach_with(options).unwrap_err().to_string()
}

fn missing() {
    let error = refusal(&["do_nanosleep", "hrtimer_nanoslep"]);
    let start = r#"program "probe": attach to fentry.multi of 2 functions: symbol "hrtimer_nanoslep": this kernel has no such function, or its module is not loaded (there is hrtimer_nanosleep"#;
    assert!(error.starts_with(start), "{error}");
}

fn no_match() {
    let counting = counting("fentry.multi/no_such_*", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to fentry.multi "no_such_*": no function that can be traced fits this pattern"#
    );
}

/// Iterators of `/proc` and tracefs have a `t_start` each.
fn several_of_a_name() {
    let counting = counting("fentry.multi/t_star?", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("several of the same name"), "{error}");
}

fn uncallable() {
    let error = refusal(&["bpf_fentry_test1", "_printk"]);
    assert!(
        error.contains(
            r#"symbol "_printk": a trampoline cannot call this function: its number of arguments varies"#
        ),
        "{error}"
    );
}

fn twice() {
    let error = refusal(&["bpf_fentry_test1", "bpf_fentry_test1"]);
    assert!(error.contains("this function is given twice"), "{error}");
}

fn no_function_id() {
    let counting = counting("fentry.multi", 0).unwrap();
    let program = counting.kind::<kind::FentryMulti>();
    let error = program.attach_with(TracingMultiOptions::new().btf_ids(&[1])).unwrap_err();
    assert!(error.to_string().contains("no function of the BTF"), "{error}");
    let error = program.attach_with(TracingMultiOptions::new().btf_ids(&[])).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
}

fn other_kinds() {
    let counting = counting("fentry/bpf_fentry_test1", 0).unwrap();
    let error = counting.program().attach_tracing_multi(TracingMultiOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("expected a program of kind FentryMulti"), "{error}");
}

/// Debian's kernels have veth as a module; others have it built in.
fn module() {
    let section = match std::path::Path::new("/sys/kernel/btf/veth").exists() {
        true => "fentry.multi/veth:veth_newlin?",
        false => "fentry.multi/veth_newlin?",
    };
    let counting = counting(section, 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(|| drop(Veth::new("multi"))), 1);
    drop(link);
    assert_eq!(counting.hits_during(|| drop(Veth::new("multi"))), 0);
}

fn module_of_another() {
    let module = std::fs::read_dir("/sys/kernel/btf").unwrap().find_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        (name != "vmlinux").then_some(name)
    });
    // A kernel that has all of it built in.
    let Some(module) = module else { return };
    let error = refusal(&[&format!("{module}:function")]);
    assert!(
        error.contains(&format!(
            "expected a program loaded for functions of module {module:?}, found one for those of the kernel itself"
        )),
        "{error}"
    );
}

fn module_missing() {
    let Err(error) = counting("fentry.multi/no_such_module:x*", 0) else {
        panic!("there is no such module")
    };
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error
            .to_string()
            .contains(r#"module "no_such_module" is not loaded, or has no type information"#),
        "{error}"
    );
}

fn update_is_refused() {
    let counting = counting("fentry.multi/bpf_fentry_test1", 0).unwrap();
    let link = counting.program().attach().unwrap();
    let error = link.update(counting.program()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    assert!(
        error.to_string().contains("links of type tracing_multi keep their program"),
        "{error}"
    );
}

/// What runs in each trampoline takes none, and what never returns takes none for returns; a pattern passes over them.
fn denied() {
    let error = refusal(&["migrate_enable"]);
    assert!(error.contains("trampolines call this function themselves"), "{error}");
    let counting = counting("fexit.multi", 0).unwrap();
    let attach = |options| counting.program().attach_tracing_multi(options).map(drop);
    let options = TracingMultiOptions::new();
    let error = attach(options.functions(&["do_exit"])).unwrap_err();
    assert!(error.to_string().contains("none that never return"), "{error}");
    for pattern in ["migrate_enabl?", "do_exi?"] {
        let error = attach(options.pattern(pattern)).unwrap_err();
        assert!(
            error.to_string().contains("no function that fits this pattern takes a trampoline"),
            "{error}"
        );
    }
    for pattern in ["migrate_*", "do_e*"] {
        attach(options.pattern(pattern)).unwrap();
    }
}
