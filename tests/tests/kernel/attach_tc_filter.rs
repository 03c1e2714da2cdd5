//! Classifiers by the qdisc `clsact`.

use bpf_skel::ErrorKind;
use bpf_skel::link::{TcFilterOptions, TcxDirection};
use bpf_skel::program::kind;
use bpf_skel_tests::kernel::needs::CLSACT;
use bpf_skel_tests::kernel::{Veth, counting, dated, ping_loopback};

bpf_skel_tests::kernel::tests! {
    [CLSACT]: both_directions, of_an_interface, order, taken, disconnected;
    []: whatever_the_kernel_has, no_interface;
}

const UNSPEC: i32 = -1;
const OK: i32 = 0;

fn both_directions() {
    for direction in [TcxDirection::Ingress, TcxDirection::Egress] {
        let counting = counting("tc", UNSPEC).unwrap();
        let program = counting.kind::<kind::Tc>();
        let link = program.attach_filter("lo", direction, TcFilterOptions::new()).unwrap();
        assert!(counting.hits_during(ping_loopback) >= 1, "{direction:?}");
        let error = link.info().unwrap_err();
        assert!(error.to_string().contains("a filter of a qdisc is no BPF link"), "{error}");
        drop(link);
        assert_eq!(counting.hits_during(ping_loopback), 0, "{direction:?}");
    }
}

fn of_an_interface() {
    let counting = counting("tc", UNSPEC).unwrap();
    let veth = Veth::new("tf");
    let program = counting.kind::<kind::Tc>();
    let options = TcFilterOptions::new();
    let _link = program.attach_filter(veth.peer_index(), TcxDirection::Ingress, options).unwrap();
    veth.broadcast();
    assert!(counting.is_hit_soon());
}

/// A program that ends the chain shows who runs before it.
fn order() {
    let last = counting("tc", UNSPEC).unwrap();
    let first = counting("tc", OK).unwrap();
    let at = |counting: &bpf_skel_tests::kernel::Counting, priority| {
        let options = TcFilterOptions::new().priority(priority);
        counting.kind::<kind::Tc>().attach_filter("lo", TcxDirection::Egress, options).unwrap()
    };
    let _last = at(&last, 20);
    for (priority, runs) in [(10, false), (30, true)] {
        let _first = at(&first, priority);
        assert_eq!(last.hits_during(ping_loopback) > 0, runs, "{priority}");
    }
}

fn taken() {
    let counting = counting("tc", UNSPEC).unwrap();
    let program = counting.kind::<kind::Tc>();
    let options = TcFilterOptions::new().priority(7).handle(3);
    let _link = program.attach_filter("lo", TcxDirection::Ingress, options).unwrap();
    let error = program.attach_filter("lo", TcxDirection::Ingress, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let start =
        r#"program "probe": attach to tc filter, Ingress of interface "lo": RTM_NEWTFILTER: "#;
    assert!(error.to_string().starts_with(start), "{error}");
}

fn disconnected() {
    let counting = counting("tc", UNSPEC).unwrap();
    let program = counting.kind::<kind::Tc>();
    let options = TcFilterOptions::new();
    // It goes with its interface.
    let veth = Veth::new("td");
    program.attach_filter(veth.peer(), TcxDirection::Ingress, options).unwrap().disconnect();
    veth.broadcast();
    assert!(counting.is_hit_soon());
}

fn whatever_the_kernel_has() {
    let counting = counting("tc", UNSPEC).unwrap();
    let program = counting.kind::<kind::Tc>();
    let link = program.attach("lo", TcxDirection::Egress).unwrap();
    assert!(counting.hits_during(ping_loopback) >= 1);
    dated("links of tc", (6, 6), link.is_bpf_link()).unwrap();
}

fn no_interface() {
    let counting = counting("tc", UNSPEC).unwrap();
    let program = counting.kind::<kind::Tc>();
    let attached = program.attach_filter("no-such-if", TcxDirection::Egress, Default::default());
    assert_eq!(attached.unwrap_err().kind(), ErrorKind::NotFound);
    let attached = program.attach_filter(9999, TcxDirection::Egress, Default::default());
    assert_eq!(attached.unwrap_err().kind(), ErrorKind::NotFound);
}
