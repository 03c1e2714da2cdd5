//! What can be done with a link.

use std::path::Path;

use bpf_skel::link::{AutoAttach, attach_all};
use bpf_skel::program::kind;
use bpf_skel::{ErrorKind, Link, Program};
use bpf_skel_tests::kernel::needs::{PERF_LINK, TCX, TRACEFS};
use bpf_skel_tests::kernel::{BPFFS, Counting, counting, ping_loopback};

bpf_skel_tests::kernel::tests! {
    []: update_from, update_is_refused_by_tracing, detach, detach_of_tracing, pinned_link_outlives_its_handle,
        detach_of_pinned_tracing, disconnect, from_id, other_descriptors, attach_all_rolls_back, attach_all_skips;
    [TCX]: update;
    [TRACEFS, PERF_LINK]: update_is_refused_by_perf_events;
}

const TC_NEXT: i32 = -1;

/// Whether the program is detached. Older kernels let go of what a pin held in their own time.
fn is_quiet_soon(counting: &Counting) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        counting.hits_during(ping_loopback) == 0
    })
}

fn update() {
    let (old, new) =
        (counting("tcx/egress", TC_NEXT).unwrap(), counting("tcx/egress", TC_NEXT).unwrap());
    let link = old.kind::<kind::Tcx>().attach("lo").unwrap();
    link.update(new.program()).unwrap();
    assert_eq!(old.hits_during(ping_loopback), 0);
    assert!(new.hits_during(ping_loopback) > 0);
    let other = counting("xdp", 2).unwrap();
    let error = link.update(other.program()).unwrap_err();
    assert!(error.to_string().contains("type and attach type of the old one"), "{error}");
}

fn update_from() {
    let (old, new) = (counting("xdp", 2).unwrap(), counting("xdp", 2).unwrap());
    let link = old.kind::<kind::Xdp>().attach("lo").unwrap();
    let error = link.update_from(new.program(), old.program()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    link.update_from(old.program(), new.program()).unwrap();
    assert_eq!(link.info().unwrap().program_id, new.program().info().unwrap().id);
}

fn update_is_refused_by_tracing() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let link = counting.program().attach().unwrap();
    let error = link.update(counting.program()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    assert!(
        error.to_string().contains("links of type raw_tracepoint keep their program"),
        "{error}"
    );
}

fn update_is_refused_by_perf_events() {
    let counting = counting("tp/sched/sched_switch", 0).unwrap();
    let link = counting.program().attach().unwrap();
    let error = link.update(counting.program()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    assert!(error.to_string().contains("links of type perf_event keep their program"), "{error}");
}

fn detach() {
    let counting = counting("xdp", 2).unwrap();
    let mut link = counting.kind::<kind::Xdp>().attach("lo").unwrap();
    let path = Path::new(BPFFS).join("detached");
    link.pin(&path).unwrap();
    link.detach().unwrap();
    // The pin is there and does nothing: the interface is free.
    let mut left = Link::from_pin(&path).unwrap();
    let _again = counting.kind::<kind::Xdp>().attach("lo").unwrap();
    left.unpin().unwrap();
}

fn detach_of_tracing() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    counting.program().attach().unwrap().detach().unwrap();
    assert_eq!(counting.hits_during(ping_loopback), 0);
}

fn detach_of_pinned_tracing() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let mut link = counting.program().attach().unwrap();
    let path = Path::new(BPFFS).join("kept");
    link.pin(&path).unwrap();
    let error = link.detach().unwrap_err();
    assert!(error.to_string().contains("remove its pin first"), "{error}");
    Link::from_pin(&path).unwrap().unpin().unwrap();
    assert!(is_quiet_soon(&counting));
}

fn pinned_link_outlives_its_handle() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let path = Path::new(BPFFS).join("link");
    let mut link = counting.program().attach().unwrap();
    assert_eq!(link.unpin().unwrap_err().kind(), ErrorKind::InvalidInput);
    link.pin(&path).unwrap();
    assert_eq!(link.pin_path(), Some(&*path));
    drop(link);
    assert!(counting.hits_during(ping_loopback) > 0);
    let mut link = Link::from_pin(&path).unwrap();
    link.unpin().unwrap();
    assert!(!path.exists());
    assert!(counting.hits_during(ping_loopback) > 0, "the handle still holds it");
    drop(link);
    assert!(is_quiet_soon(&counting));
}

fn disconnect() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let path = Path::new(BPFFS).join("disconnected");
    let mut link = counting.program().attach().unwrap();
    link.pin(&path).unwrap();
    link.disconnect();
    assert!(counting.hits_during(ping_loopback) > 0);
    Link::from_pin(&path).unwrap().unpin().unwrap();
    assert!(is_quiet_soon(&counting));
    // Without a pin the link is the process's: found by its id.
    let link = counting.program().attach().unwrap();
    let id = link.info().unwrap().id;
    let raw = std::os::fd::AsRawFd::as_raw_fd(&std::os::fd::AsFd::as_fd(&link));
    link.disconnect();
    assert!(counting.hits_during(ping_loopback) > 0);
    assert!(Link::ids().unwrap().contains(&id));
    // SAFETY: `disconnect` has left this descriptor to the process; this test takes it back, and nobody else has it.
    drop(unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(raw) });
    assert!(is_quiet_soon(&counting));
}

fn from_id() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let link = counting.program().attach().unwrap();
    let info = link.info().unwrap();
    let same = Link::from_id(info.id).unwrap();
    assert_eq!(same.info().unwrap(), info);
    drop(link);
    assert!(counting.hits_during(ping_loopback) > 0);
    drop(same);
    assert_eq!(Link::from_id(u32::MAX - 1).unwrap_err().kind(), ErrorKind::NotFound);
}

fn other_descriptors() {
    let counting = counting("xdp", 2).unwrap();
    let fd = std::os::fd::AsFd::as_fd(counting.program()).try_clone_to_owned().unwrap();
    assert_eq!(Link::from_fd(fd).unwrap_err().kind(), ErrorKind::Mismatch);
    let path = Path::new(BPFFS).join("program");
    counting.program().pin(&path).unwrap();
    let error = Link::from_pin(&path).unwrap_err();
    assert_eq!(error.to_string(), "/sys/fs/bpf/program: the descriptor is not one of a link");
    counting.program().unpin(&path).unwrap();
}

fn attach_all_rolls_back() {
    let good = counting("raw_tp/sys_enter", 0).unwrap();
    let bad = counting("raw_tp/no_such_tracepoint", 0).unwrap();
    let error = attach_all(&[good.program() as &dyn AutoAttach, bad.program()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(good.hits_during(ping_loopback), 0);
}

fn attach_all_skips() {
    let good = counting("raw_tp/sys_enter", 0).unwrap();
    let (by_hand, unsaid) = (counting("xdp", 2).unwrap(), counting("raw_tp", 0).unwrap());
    let programs: [&Program; 3] = [by_hand.program(), good.program(), unsaid.program()];
    let links = attach_all(&programs.map(|program| program as &dyn AutoAttach)).unwrap();
    assert_eq!(links.len(), 1);
    assert!(links.get("probe").is_some());
}
