//! Probes in the kernel.

use std::time::Duration;

use bpf_skel::ErrorKind;
use bpf_skel::feature::Feature;
use bpf_skel::link::{KprobeMultiOptions, KprobeOptions, KsyscallOptions};
use bpf_skel::program::kind;
use bpf_skel::uapi::{AttachType, LinkType};
use bpf_skel_tests::kernel::needs::{
    KPROBE, KPROBE_BLACKLIST, KPROBE_MULTI, KPROBE_SESSION, PERF_LINK,
};
use bpf_skel_tests::kernel::{counting, dated, kernel_is, summing_cookies, without_tracefs};

bpf_skel_tests::kernel::tests! {
    []: attached_or_explained, multi_attached_or_explained;
    [KPROBE]: kprobe, kretprobe, kprobe_elsewhere, kprobe_at_an_offset, kprobe_missing, no_offset_of_a_return,
        no_function, ksyscall, kretsyscall, ksyscall_elsewhere, ksyscall_missing;
    [KPROBE, KPROBE_BLACKLIST]: kprobe_blacklisted;
    [KPROBE, PERF_LINK]: kprobe_cookie, ksyscall_cookie;
    [KPROBE_MULTI]: multi, multi_return, multi_one, multi_by_name, multi_by_address, multi_cookies, multi_missing,
        multi_no_match, multi_without_tracefs;
    [KPROBE_SESSION]: session;
}

/// Runs `do_nanosleep` once, and by it `hrtimer_nanosleep`.
fn sleep() {
    std::thread::sleep(Duration::from_millis(1));
}

fn system_calls() {
    for _ in 0..10 {
        // SAFETY: takes numbers.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    }
}

fn attached_or_explained() {
    let counting = counting("kprobe/do_nanosleep", 0).unwrap();
    match counting.program().attach() {
        Ok(_) => assert_eq!(Feature::KprobeEvents.is_present(), Some(true)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
            let start = r#"program "probe": attach to kprobe "do_nanosleep": needs kprobe events, Linux 4.17; this kernel is "#;
            assert!(error.to_string().starts_with(start), "{error}");
            assert!(
                error.to_string().contains("built without it (CONFIG_KPROBE_EVENTS)"),
                "{error}"
            );
        }
    }
}

fn kprobe() {
    let counting = counting("kprobe/do_nanosleep", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(sleep), 1);
    dated("links of perf events", (5, 15), link.is_bpf_link()).unwrap();
    drop(link);
    assert_eq!(counting.hits_during(sleep), 0);
}

fn kretprobe() {
    let counting = counting("kretprobe/do_nanosleep", 0).unwrap();
    let link = counting.program().attach().unwrap();
    // Not on entry: this thread is inside while it sleeps.
    let asleep = std::thread::spawn(|| std::thread::sleep(Duration::from_millis(300)));
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(counting.hits(), 1, "only the short one is over");
    asleep.join().unwrap();
    assert_eq!(counting.hits(), 2);
    drop(link);
    assert_eq!(counting.hits_during(sleep), 0);
}

fn kprobe_elsewhere() {
    let counting = counting("kprobe", 0).unwrap();
    let program = counting.kind::<kind::Kprobe>();
    let _link = program.attach_with(KprobeOptions::new().function("do_nanosleep")).unwrap();
    assert_eq!(counting.hits_during(sleep), 1);
}

fn kprobe_at_an_offset() {
    let counting = counting("kprobe", 0).unwrap();
    let program = counting.kind::<kind::Kprobe>();
    let at =
        |offset| program.attach_with(KprobeOptions::new().function("do_nanosleep").offset(offset));
    // Instructions of x86 have one to 15 bytes; the first few of a function run always.
    let offsets: Vec<u64> = (1..16).filter(|&offset| at(offset).is_ok()).collect();
    assert!(!offsets.is_empty() && offsets.len() < 15, "{offsets:?}");
    let link = at(offsets[0]).unwrap();
    assert_eq!(counting.hits_during(sleep), 1, "{offsets:?}");
    drop(link);
    let error = (1..16).find_map(|offset| at(offset).err()).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("no instruction of this function begins"), "{error}");
}

fn kprobe_missing() {
    let counting = counting("kprobe/do_nanoslep", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let start = r#"program "probe": attach to kprobe "do_nanoslep": this kernel has no such function, or its module is not loaded (there is do_nanosleep"#;
    assert!(error.to_string().starts_with(start), "{error}");
}

fn kprobe_blacklisted() {
    let list = std::fs::read_to_string("/sys/kernel/debug/kprobes/blacklist").unwrap();
    let symbols = std::fs::read_to_string("/proc/kallsyms").unwrap();
    let is_single = |name: &str| {
        let same = |line: &&str| line.split_whitespace().nth(2) == Some(name);
        symbols.lines().filter(same).count() == 1
    };
    let names = list.lines().filter_map(|line| line.split_whitespace().nth(1));
    let name =
        names.into_iter().find(|name| is_single(name)).expect("some function is on the list");
    let counting = counting("kprobe", 0).unwrap();
    let program = counting.kind::<kind::Kprobe>();
    let error = program.attach_with(KprobeOptions::new().function(name)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("list of those that take no kprobes"), "{error}");
}

fn no_offset_of_a_return() {
    let counting = counting("kretprobe/do_nanosleep+8", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("return has no offset"), "{error}");
}

fn no_function() {
    let counting = counting("kprobe", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert!(error.to_string().contains("the section names no function"), "{error}");
}

fn kprobe_cookie() {
    let counting = summing_cookies("kprobe").unwrap();
    let program = counting.kind::<kind::Kprobe>();
    let options = KprobeOptions::new().function("do_nanosleep").cookie(1 << 40);
    let link = program.attach_with(options).unwrap();
    assert_eq!(counting.hits_during(sleep), 1 << 40);
    assert_eq!(link.info().unwrap().link_type, LinkType::PERF_EVENT);
}

fn ksyscall() {
    let counting = counting("ksyscall/getpriority", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(system_calls), 10);
    drop(link);
    assert_eq!(counting.hits_during(system_calls), 0);
}

fn kretsyscall() {
    let counting = counting("kretsyscall/getpriority", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(system_calls), 10);
}

fn ksyscall_elsewhere() {
    let counting = counting("ksyscall", 0).unwrap();
    let program = counting.kind::<kind::Ksyscall>();
    let _link = program.attach_with(KsyscallOptions::new().syscall("getpriority")).unwrap();
    assert_eq!(counting.hits_during(system_calls), 10);
    let error = program.attach().unwrap_err();
    assert!(error.to_string().contains("names no system call"), "{error}");
}

fn ksyscall_missing() {
    let counting = counting("ksyscall/getpriorty", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let start =
        r#"program "probe": attach to system call "getpriorty": this kernel has no such function"#;
    assert!(error.to_string().starts_with(start), "{error}");
    assert!(error.to_string().contains("_sys_getpriority"), "{error}");
}

fn ksyscall_cookie() {
    let counting = summing_cookies("ksyscall").unwrap();
    let program = counting.kind::<kind::Ksyscall>();
    let options = KsyscallOptions::new().syscall("getpriority").cookie(7);
    let _link = program.attach_with(options).unwrap();
    assert_eq!(counting.hits_during(system_calls), 70);
}

fn multi_attached_or_explained() {
    let counting = counting("kprobe.multi/do_nanosleep", 0).unwrap();
    match counting.program().attach() {
        Ok(_) => {
            let feature = Feature::AttachType(AttachType::TRACE_KPROBE_MULTI);
            assert_eq!(feature.is_present(), Some(true));
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
            let start = r#"program "probe": attach to kprobe.multi "do_nanosleep": needs attach type trace_kprobe_multi, Linux 5.18; this kernel is "#;
            assert!(error.to_string().starts_with(start), "{error}");
            let without = error.to_string().contains("built without it (CONFIG_FPROBE)");
            assert_eq!(without, kernel_is(5, 18), "{error}");
        }
    }
}

fn multi() {
    let counting = counting("kprobe.multi/*_sys_getpriorit?", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(system_calls), 10);
    assert_eq!(link.info().unwrap().link_type, LinkType::KPROBE_MULTI);
    drop(link);
    assert_eq!(counting.hits_during(system_calls), 0);
}

fn multi_return() {
    let counting = counting("kretprobe.multi/*_sys_getpriority", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(system_calls), 10);
}

fn multi_one() {
    let counting = counting("kprobe.multi/do_nanosleep", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(sleep), 1);
}

fn multi_by_name() {
    let counting = counting("kprobe.multi", 0).unwrap();
    let program = counting.kind::<kind::KprobeMulti>();
    let options = KprobeMultiOptions::new().functions(&["hrtimer_nanosleep", "do_nanosleep"]);
    let _link = program.attach_with(options).unwrap();
    assert_eq!(counting.hits_during(sleep), 2);
    let error = program.attach().unwrap_err();
    assert!(error.to_string().contains("the section names no function"), "{error}");
}

fn multi_by_address() {
    let counting = counting("kprobe.multi", 0).unwrap();
    let program = counting.kind::<kind::KprobeMulti>();
    let symbols = std::fs::read_to_string("/proc/kallsyms").unwrap();
    let line = symbols.lines().find(|line| line.ends_with(" do_nanosleep")).unwrap();
    let address = u64::from_str_radix(line.split(' ').next().unwrap(), 16).unwrap();
    let _link = program.attach_with(KprobeMultiOptions::new().addresses(&[address])).unwrap();
    assert_eq!(counting.hits_during(sleep), 1);
}

fn multi_cookies() {
    let counting = summing_cookies("kprobe.multi").unwrap();
    let program = counting.kind::<kind::KprobeMulti>();
    let options = KprobeMultiOptions::new().functions(&["hrtimer_nanosleep", "do_nanosleep"]);
    let _link = program.attach_with(options.cookies(&[5, 1 << 40])).unwrap();
    assert_eq!(counting.hits_during(sleep), 5 + (1 << 40));
    let error = program.attach_with(options.cookies(&[5])).unwrap_err();
    assert!(error.to_string().ends_with("expected 2 cookies, found 1"), "{error}");
    let options = KprobeMultiOptions::new().pattern("vfs_*").cookies(&[5]);
    assert_eq!(program.attach_with(options).unwrap_err().kind(), ErrorKind::InvalidInput);
}

fn multi_missing() {
    let counting = counting("kprobe.multi", 0).unwrap();
    let program = counting.kind::<kind::KprobeMulti>();
    let options = KprobeMultiOptions::new().functions(&["do_nanosleep", "hrtimer_nanoslep"]);
    let error = program.attach_with(options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let start = r#"program "probe": attach to kprobe.multi of 2 functions: symbol "hrtimer_nanoslep": this kernel has no such function, or its module is not loaded (there is hrtimer_nanosleep"#;
    assert!(error.to_string().starts_with(start), "{error}");
}

fn multi_no_match() {
    let counting = counting("kprobe.multi/no_such_*", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to kprobe.multi "no_such_*": no function that can be traced fits this pattern"#
    );
}

fn multi_without_tracefs() {
    let counting = counting("kprobe.multi/vfs_*", 0).unwrap();
    without_tracefs(|| {
        let error = counting.program().attach().unwrap_err();
        assert!(error.to_string().contains("tracefs is not mounted"), "{error}");
    });
}

fn session() {
    let counting = counting("kprobe.session/do_nanosle?p", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(sleep), 2, "entry and return");
}
