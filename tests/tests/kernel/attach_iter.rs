//! Iterators.

use std::io::Read;

use bpf_skel::ErrorKind;
use bpf_skel::link::{CgroupOrder, IterOptions};
use bpf_skel::program::kind;
use bpf_skel::uapi::LinkType;
use bpf_skel_tests::kernel::needs::{ITER_MAP_ELEM, ITER_SCOPE};
use bpf_skel_tests::kernel::{Cgroup, counting, dated};

bpf_skel_tests::kernel::tests! {
    []: all_maps, own_task, another_scope, no_iterator;
    [ITER_MAP_ELEM]: elements_of_a_map;
    [ITER_SCOPE]: own_cgroup;
}

fn read(link: &bpf_skel::Link) -> Vec<u8> {
    let mut output = Vec::new();
    link.iter().unwrap().read_to_end(&mut output).unwrap();
    output
}

fn all_maps() {
    let counting = counting("iter/bpf_map", 0).unwrap();
    let link = counting.program().attach().unwrap();
    assert_eq!(link.info().unwrap().link_type, LinkType::ITER);
    // At least the counter itself, and a last call without a map.
    assert!(counting.hits_during(|| drop(read(&link))) >= 2);
    assert!(counting.hits_during(|| drop(read(&link))) >= 2, "each output starts anew");
}

fn own_task() {
    let counting = counting("iter/task", 0).unwrap();
    let program = counting.kind::<kind::Iter>();
    let own = std::process::id();
    for options in [IterOptions::new().process(own), IterOptions::new().thread(own)] {
        let link = program.attach_with(options);
        dated("iterators through some tasks", (6, 1), link.is_ok()).unwrap();
        match link {
            // The process has one thread; then the last call.
            Ok(link) => assert_eq!(counting.hits_during(|| drop(read(&link))), 2),
            // The kernel would go through all of them.
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{error}"),
        }
    }
}

/// A descriptor would be read as a thread's id.
fn another_scope() {
    let counting = counting("iter/task", 0).unwrap();
    let map = bpf_skel::Map::from_id(counting.program().info().unwrap().map_ids[0]).unwrap();
    let program = counting.kind::<kind::Iter>();
    let error = program.attach_with(IterOptions::new().map(&map)).unwrap_err();
    assert!(error.to_string().ends_with("it goes through tasks, not through a map"), "{error}");
}

fn elements_of_a_map() {
    let counting = counting("iter/bpf_map_elem", 0).unwrap();
    let program = counting.kind::<kind::Iter>();
    let other = bpf_skel_tests::kernel::counting("xdp", 2).unwrap();
    let map = bpf_skel::Map::from_id(other.program().info().unwrap().map_ids[0]).unwrap();
    let link = program.attach_with(IterOptions::new().map(&map)).unwrap();
    assert_eq!(counting.hits_during(|| drop(read(&link))), 2);
    assert!(program.attach().is_err(), "which map?");
}

fn own_cgroup() {
    let counting = counting("iter/cgroup", 0).unwrap();
    let program = counting.kind::<kind::Iter>();
    let cgroup = Cgroup::new("iter");
    let directory = cgroup.open();
    let options = IterOptions::new().cgroup(&directory, CgroupOrder::SelfOnly);
    let link = program.attach_with(options).unwrap();
    assert_eq!(counting.hits_during(|| drop(read(&link))), 2);
}

fn no_iterator() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let link = counting.program().attach().unwrap();
    let error = link.iter().unwrap_err();
    assert!(error.to_string().contains("not one of an iterator"), "{error}");
}
