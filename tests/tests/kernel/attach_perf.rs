//! Perf events.

use bpf_skel::ErrorKind;
use bpf_skel::link::{PerfEvent, PerfEventOptions};
use bpf_skel::program::kind;
use bpf_skel::uapi::LinkType;
use bpf_skel_tests::kernel::needs::PERF_LINK;
use bpf_skel_tests::kernel::{Counting, counting, dated};

bpf_skel_tests::kernel::tests! {
    []: own_process, each_cpu, event_of_the_caller, no_event, not_an_event;
    [PERF_LINK]: cookie;
}

fn busy() {
    let start = std::time::Instant::now();
    while start.elapsed().as_millis() < 30 {
        std::hint::black_box(start);
    }
}

/// Whether samples come. A busy host may stop an emulated machine for longer than a period.
fn is_sampled(counting: &Counting) -> bool {
    (0..100).any(|_| counting.hits_during(busy) > 0)
}

fn own_process() {
    let counting = counting("perf_event", 0).unwrap();
    let program = counting.kind::<kind::PerfEvent>();
    let event = PerfEvent::cpu_clock().period(1_000_000).process(0);
    let link = program.attach_event(event, PerfEventOptions::new()).unwrap();
    assert!(is_sampled(&counting));
    dated("links of perf events", (5, 15), link.is_bpf_link()).unwrap();
    drop(link);
    assert_eq!(counting.hits_during(busy), 0);
}

fn cookie() {
    let counting = counting("perf_event", 0).unwrap();
    let program = counting.kind::<kind::PerfEvent>();
    let event = PerfEvent::cpu_clock().period(1_000_000).process(0);
    let link = program.attach_event(event, PerfEventOptions::new().cookie(7)).unwrap();
    assert!(is_sampled(&counting));
    assert_eq!(link.info().unwrap().link_type, LinkType::PERF_EVENT);
}

fn each_cpu() {
    let counting = counting("perf_event", 0).unwrap();
    let program = counting.kind::<kind::PerfEvent>();
    let event = PerfEvent::cpu_clock().frequency(1000);
    let links = program.attach_each_cpu(event, PerfEventOptions::new()).unwrap();
    assert!(!links.is_empty());
    assert!(is_sampled(&counting));
}

fn event_of_the_caller() {
    let counting = counting("perf_event", 0).unwrap();
    let event = bpf_skel_tests::kernel::software_event();
    let link = counting.kind::<kind::PerfEvent>().attach(&event).unwrap();
    assert!(is_sampled(&counting));
    drop(link);
    assert_eq!(counting.hits_during(busy), 0, "the caller still holds the event");
}

fn no_event() {
    let counting = counting("perf_event", 0).unwrap();
    let program = counting.kind::<kind::PerfEvent>();
    let error = program.attach_event(PerfEvent::new(0x7fff_ffff, 0), Default::default());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    assert!(error.to_string().contains("perf event 2147483647:0x0: perf_event_open: "), "{error}");
}

fn not_an_event() {
    let counting = counting("perf_event", 0).unwrap();
    let file = std::fs::File::open("/tmp").unwrap();
    let error = counting.kind::<kind::PerfEvent>().attach(file).unwrap_err();
    assert!(error.to_string().contains("attach to a perf event"), "{error}");
}
