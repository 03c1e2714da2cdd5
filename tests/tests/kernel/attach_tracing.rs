//! Trampolines and LSM. Many hosts refuse them by policy: then these are ignored, with the refusal as the reason.

use bpf_skel::link::TracingOptions;
use bpf_skel::program::{TestRun, kind};
use bpf_skel::uapi::LinkType;
use bpf_skel_tests::kernel::needs::{FENTRY, FMOD_RET, LSM};
use bpf_skel_tests::kernel::{counting, kernel_is};

bpf_skel_tests::kernel::tests! {
    [FENTRY]: fentry, fexit;
    [FMOD_RET]: fmod_ret;
    [LSM]: lsm;
}

macro_rules! tracing {
    ($name:ident, $kind:ident, $section:literal) => {
        fn $name() {
            let counting = counting($section, 0).unwrap();
            let program = counting.kind::<kind::$kind>();
            let cookies: &[u64] = if kernel_is(6, 0) { &[0, 7] } else { &[0] };
            for &cookie in cookies {
                let link = program.attach_with(TracingOptions::new().cookie(cookie)).unwrap();
                assert_eq!(link.info().unwrap().link_type, LinkType::TRACING);
                // A test run of a tracing program calls the kernel's test functions.
                let hits = counting.hits_during(|| drop(program.test_run(TestRun::new()).unwrap()));
                assert_eq!(hits, 1, "cookie {cookie}");
            }
        }
    };
}

tracing!(fentry, Fentry, "fentry/bpf_fentry_test1");
tracing!(fexit, Fexit, "fexit/bpf_fentry_test1");

fn open_a_file() {
    drop(std::fs::File::open("/proc/self/stat").unwrap());
}

fn fmod_ret() {
    let counting = counting("fmod_ret/security_file_open", 0).unwrap();
    let _link = counting.kind::<kind::FmodRet>().attach().unwrap();
    assert!(counting.hits_during(open_a_file) >= 1);
}

fn lsm() {
    let counting = counting("lsm/file_open", 0).unwrap();
    let _link = counting.kind::<kind::Lsm>().attach().unwrap();
    assert!(counting.hits_during(open_a_file) >= 1);
}
