//! Probes in programs and libraries: in this one.

use bpf_skel::ErrorKind;
use bpf_skel::link::{UprobeMultiOptions, UprobeOptions};
use bpf_skel::program::kind;
use bpf_skel::uapi::LinkType;
use bpf_skel_tests::kernel::needs::{
    PERF_LINK, SLEEPABLE_UPROBE, UPROBE, UPROBE_MULTI, UPROBE_SESSION,
};
use bpf_skel_tests::kernel::{counting, dated, kernel_is, summing_cookies};

bpf_skel_tests::kernel::tests! {
    []: multi_attached_or_explained;
    [UPROBE]: uprobe, uretprobe, elsewhere, at_an_offset_in_the_file, of_this_process, of_another_process,
        no_counter_that_far, no_function, no_file, not_named, no_offset_of_a_return, no_process;
    [UPROBE, SLEEPABLE_UPROBE]: sleepable;
    [UPROBE, PERF_LINK]: cookie;
    [UPROBE_MULTI]: multi, multi_return, multi_by_name, multi_cookies, multi_process, multi_no_match;
    [UPROBE_SESSION]: session;
}

const OWN: &str = "/proc/self/exe";

macro_rules! probed {
    ($($name:ident),*) => { $(
        #[inline(never)]
        #[unsafe(no_mangle)]
        extern "C" fn $name(x: u32) -> u32 {
            std::hint::black_box(x) + 1
        }
    )* };
}

probed!(bpf_skel_probed_one, bpf_skel_probed_two);

fn call() {
    for x in 0..10 {
        bpf_skel_probed_one(x);
    }
}

fn call_both() {
    call();
    bpf_skel_probed_two(0);
}

fn uprobe() {
    let counting = counting("uprobe//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(call), 10);
    dated("links of perf events", (5, 15), link.is_bpf_link()).unwrap();
    drop(link);
    assert_eq!(counting.hits_during(call), 0);
}

fn uretprobe() {
    let counting = counting("uretprobe//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(call), 10);
}

fn sleepable() {
    let counting = counting("uprobe.s//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(call), 10);
}

fn elsewhere() {
    let counting = counting("uprobe", 0).unwrap();
    let program = counting.kind::<kind::Uprobe>();
    let options = UprobeOptions::new().binary(OWN).function("bpf_skel_probed_one");
    let _link = program.attach_with(options).unwrap();
    assert_eq!(counting.hits_during(call), 10);
}

/// Where in the file a function of this program is, by what is mapped.
fn offset_of(function: extern "C" fn(u32) -> u32) -> u64 {
    let address = function as *const () as u64;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
    let at = |line: &str| {
        let mut words = line.split(' ');
        let (start, end) = words.next()?.split_once('-')?;
        let inside = (number(start)..number(end)).contains(&address);
        inside.then(|| address - number(start) + number(words.nth(1).unwrap()))
    };
    maps.lines().find_map(at).unwrap()
}

fn at_an_offset_in_the_file() {
    let counting = counting("uprobe//proc/self/exe", 0).unwrap();
    let program = counting.kind::<kind::Uprobe>();
    let options = UprobeOptions::new().offset(offset_of(bpf_skel_probed_one));
    let _link = program.attach_with(options).unwrap();
    assert_eq!(counting.hits_during(call), 10);
}

fn of_this_process() {
    let counting = counting("uprobe//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let program = counting.kind::<kind::Uprobe>();
    for pid in [0, std::process::id()] {
        let _link = program.attach_with(UprobeOptions::new().process(pid)).unwrap();
        assert_eq!(counting.hits_during(call), 10, "{pid}");
    }
}

fn of_another_process() {
    let counting = counting("uprobe//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let program = counting.kind::<kind::Uprobe>();
    let _link = program.attach_with(UprobeOptions::new().process(1)).unwrap();
    assert_eq!(counting.hits_during(call), 0);
}

fn no_counter_that_far() {
    let counting = counting("uprobe//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let program = counting.kind::<kind::Uprobe>();
    let offset = u64::from(u32::MAX) + 1;
    let error = program.attach_with(UprobeOptions::new().ref_ctr_offset(offset)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

fn cookie() {
    let counting = summing_cookies("uprobe//proc/self/exe:bpf_skel_probed_one").unwrap();
    let program = counting.kind::<kind::Uprobe>();
    let link = program.attach_with(UprobeOptions::new().cookie(1 << 40)).unwrap();
    assert_eq!(counting.hits_during(call), 10 << 40);
    assert_eq!(link.info().unwrap().link_type, LinkType::PERF_EVENT);
}

fn no_function() {
    let counting = counting("uprobe//proc/self/exe:bpf_skel_probed_on", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to uprobe /proc/self/exe:bpf_skel_probed_on: /proc/self/exe: the file has no such function (there is bpf_skel_probed_one, bpf_skel_probed_two)"#
    );
}

fn no_file() {
    let counting = counting("uprobe//no/such:main", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let start = r#"program "probe": attach to uprobe /no/such:main: /no/such: open: "#;
    assert!(error.to_string().starts_with(start), "{error}");
}

fn not_named() {
    for section in ["uprobe", "uprobe//proc/self/exe", "uprobe//proc/self/exe:"] {
        let counting = counting(section, 0).unwrap();
        let error = counting.program().attach().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("the section names no function"), "{error}");
    }
}

fn no_offset_of_a_return() {
    let counting = counting("uretprobe//proc/self/exe:bpf_skel_probed_one+1", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert!(error.to_string().contains("return has no offset"), "{error}");
}

fn no_process() {
    let counting = counting("uprobe//proc/self/exe:bpf_skel_probed_one", 0).unwrap();
    let program = counting.kind::<kind::Uprobe>();
    let error = program.attach_with(UprobeOptions::new().process(0x3fff_ffff)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("there is no such process"), "{error}");
}

fn multi_attached_or_explained() {
    let counting = counting("uprobe.multi//proc/self/exe:bpf_skel_probed_*", 0).unwrap();
    match counting.program().attach() {
        Ok(_) => assert!(kernel_is(6, 6)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
            let expected = "needs attach type trace_uprobe_multi, Linux 6.6; this kernel is ";
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}

fn multi() {
    let counting = counting("uprobe.multi//proc/self/exe:bpf_skel_probed_*", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(call_both), 11);
    assert_eq!(link.info().unwrap().link_type, LinkType::UPROBE_MULTI);
    drop(link);
    assert_eq!(counting.hits_during(call_both), 0);
}

fn multi_return() {
    let counting = counting("uretprobe.multi//proc/self/exe:bpf_skel_probed_?ne", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(call_both), 10);
}

fn multi_by_name() {
    let counting = counting("uprobe.multi", 0).unwrap();
    let program = counting.kind::<kind::UprobeMulti>();
    let options = UprobeMultiOptions::new().binary(OWN);
    let link = program.attach_with(options.functions(&["bpf_skel_probed_two"])).unwrap();
    assert_eq!(counting.hits_during(call_both), 1);
    drop(link);
    let offsets = [offset_of(bpf_skel_probed_one), offset_of(bpf_skel_probed_two)];
    let _link = program.attach_with(options.offsets(&offsets)).unwrap();
    assert_eq!(counting.hits_during(call_both), 11);
}

fn multi_cookies() {
    let counting = summing_cookies("uprobe.multi//proc/self/exe").unwrap();
    let program = counting.kind::<kind::UprobeMulti>();
    let names = ["bpf_skel_probed_two", "bpf_skel_probed_one"];
    let options = UprobeMultiOptions::new().functions(&names);
    let _link = program.attach_with(options.cookies(&[1 << 40, 5])).unwrap();
    assert_eq!(counting.hits_during(call_both), (1 << 40) + 50);
    let error = program.attach_with(options.cookies(&[5])).unwrap_err();
    assert!(error.to_string().ends_with("expected 2 cookies, found 1"), "{error}");
    let options = UprobeMultiOptions::new().pattern("bpf_*").cookies(&[5]);
    let error = program.attach_with(options).unwrap_err();
    assert!(error.to_string().contains("a pattern has no order"), "{error}");
}

fn multi_process() {
    let counting = counting("uprobe.multi//proc/self/exe:bpf_skel_probed_*", 0).unwrap();
    let program = counting.kind::<kind::UprobeMulti>();
    let at = |pid| program.attach_with(UprobeMultiOptions::new().process(pid));
    for (pid, hits) in [(0, 11), (std::process::id(), 11), (1, 0)] {
        let _link = at(pid).unwrap();
        assert_eq!(counting.hits_during(call_both), hits, "{pid}");
    }
    let error = at(0x3fff_ffff).unwrap_err();
    assert!(error.to_string().contains("there is no such process"), "{error}");
}

fn multi_no_match() {
    let counting = counting("uprobe.multi//proc/self/exe:no_such_*", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to uprobe.multi /proc/self/exe:no_such_*: /proc/self/exe: no function of the file fits this pattern"#
    );
}

fn session() {
    let counting = counting("uprobe.session//proc/self/exe:bpf_skel_probed_*", 0).unwrap();
    let _link = counting.program().attach().unwrap();
    assert_eq!(counting.hits_during(call_both), 22, "entry and return");
}
