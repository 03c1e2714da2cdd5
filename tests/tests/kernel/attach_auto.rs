//! Programs that attach by what their section says.

use bpf_skel::ErrorKind;
use bpf_skel::link::{RawTracepointOptions, TracepointOptions, TracingOptions};
use bpf_skel::program::kind;
use bpf_skel::uapi::LinkType;
use bpf_skel_tests::kernel::needs::{PERF_LINK, TRACEFS};
use bpf_skel_tests::kernel::{Counting, counting, dated, summing_cookies, without_tracefs};

bpf_skel_tests::kernel::tests! {
    []: raw_tracepoint, raw_tracepoint_elsewhere, raw_tracepoint_missing, tp_btf, tracepoint_without_tracefs,
        wrong_kind, by_hand_only, raw_tracepoint_cookie, tp_btf_cookie;
    [TRACEFS]: tracepoint, tracepoint_elsewhere, tracepoint_missing;
    [TRACEFS, PERF_LINK]: tracepoint_cookie;
}

fn system_calls() {
    for _ in 0..10 {
        // SAFETY: takes nothing.
        unsafe { libc::getppid() };
    }
}

fn raw_tracepoint() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert!(counting.hits_during(system_calls) >= 10);
    let info = link.info().unwrap();
    assert_eq!(info.link_type, LinkType::RAW_TRACEPOINT);
    assert_eq!(info.program_id, counting.program().info().unwrap().id);
    drop(link);
    assert_eq!(counting.hits_during(system_calls), 0);
}

fn raw_tracepoint_elsewhere() {
    let counting = counting("raw_tp", 0).unwrap();
    let program = counting.kind::<kind::RawTracepoint>();
    let error = program.attach().unwrap_err();
    assert!(error.to_string().contains("names no tracepoint"), "{error}");
    let options = RawTracepointOptions::new().target("sys_enter");
    let _link = program.attach_with(options).unwrap();
    assert!(counting.hits_during(system_calls) >= 10);
}

fn raw_tracepoint_missing() {
    let counting = counting("raw_tp/no_such_tracepoint", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let expected = r#"program "probe": attach to raw tracepoint "no_such_tracepoint": BPF_RAW_TRACEPOINT_OPEN: "#;
    assert!(error.to_string().starts_with(expected), "{error}");
}

fn raw_tracepoint_cookie() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let program = counting.kind::<kind::RawTracepoint>();
    let options = RawTracepointOptions::new().cookie(7);
    if has_cookies(program.attach_with(options).map(drop)) {
        let summing = summing_cookies("raw_tp/sys_enter").unwrap();
        let _link = summing.kind::<kind::RawTracepoint>().attach_with(options).unwrap();
        sums_sevens(&summing);
    }
}

fn has_cookies(result: bpf_skel::Result<()>) -> bool {
    dated("cookies of raw tracepoints", (6, 10), result.is_ok()).unwrap();
    let Err(error) = result else { return true };
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{error}");
    let report = error.report().to_string();
    assert!(report.contains("Linux 6.10; this kernel is "), "{report}");
    false
}

fn sums_sevens(summing: &Counting) {
    let sum = summing.hits_during(system_calls);
    assert!(sum >= 70 && sum.is_multiple_of(7), "{sum}");
}

fn tp_btf() {
    let counting = counting("tp_btf/sys_enter", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert!(counting.hits_during(system_calls) >= 10);
    assert_eq!(link.info().unwrap().link_type, LinkType::RAW_TRACEPOINT);
    drop(link);
    assert_eq!(counting.hits_during(system_calls), 0);
}

fn tp_btf_cookie() {
    let options = TracingOptions::new().cookie(7);
    let counting = counting("tp_btf/sys_enter", 0).unwrap();
    if has_cookies(counting.kind::<kind::TpBtf>().attach_with(options).map(drop)) {
        let summing = summing_cookies("tp_btf/sys_enter").unwrap();
        let link = summing.kind::<kind::TpBtf>().attach_with(options).unwrap();
        sums_sevens(&summing);
        assert_eq!(link.info().unwrap().link_type, LinkType::RAW_TRACEPOINT);
    }
}

fn is_hit_by_a_switch(counting: &Counting) -> bool {
    (0..100).any(|_| {
        counting.hits_during(|| std::thread::sleep(std::time::Duration::from_millis(5))) > 0
    })
}

fn tracepoint() {
    let counting = counting("tracepoint/sched/sched_switch", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert!(is_hit_by_a_switch(&counting));
    dated("links of perf events", (5, 15), link.is_bpf_link()).unwrap();
    drop(link);
    let hits = counting.hits_during(|| std::thread::sleep(std::time::Duration::from_millis(5)));
    assert_eq!(hits, 0);
}

fn tracepoint_elsewhere() {
    let counting = counting("tp", 0).unwrap();
    let program = counting.kind::<kind::Tracepoint>();
    let options = TracepointOptions::new().target("sched/sched_switch");
    let _link = program.attach_with(options).unwrap();
    assert!(is_hit_by_a_switch(&counting));
    let error = program.attach_with(TracepointOptions::new().target("sched")).unwrap_err();
    assert!(error.to_string().contains("expected CATEGORY/NAME"), "{error}");
}

fn tracepoint_cookie() {
    let counting = counting("tp/sched/sched_switch", 0).unwrap();
    let program = counting.kind::<kind::Tracepoint>();
    let link = program.attach_with(TracepointOptions::new().cookie(1 << 40)).unwrap();
    assert!(is_hit_by_a_switch(&counting));
    assert_eq!(link.info().unwrap().link_type, LinkType::PERF_EVENT);
}

fn tracepoint_missing() {
    let counting = counting("tp/sched/no_such_event", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to tracepoint "sched/no_such_event": this kernel has no such tracepoint, or its module is not loaded"#
    );
}

fn tracepoint_without_tracefs() {
    let counting = counting("tp/sched/sched_switch", 0).unwrap();
    without_tracefs(|| {
        let error = counting.program().attach().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"program "probe": attach to tracepoint "sched/sched_switch": tracefs is not mounted (mount it with `mount -t tracefs tracefs /sys/kernel/tracing`)"#
        );
    });
}

fn wrong_kind() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let error = counting.program().attach_xdp("lo", Default::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to xdp of interface "lo": expected a program of kind Xdp, found one of type raw_tracepoint"#
    );
    let program = counting.program().try_clone().unwrap();
    assert_eq!(program.try_into_kind::<kind::TpBtf>().unwrap_err().kind(), ErrorKind::Mismatch);
}

fn by_hand_only() {
    let counting = counting("xdp", 2).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("does not attach itself"), "{error}");
}
