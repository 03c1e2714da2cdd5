//! Interfaces, cgroups, network namespaces and sockets.

use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};

use bpf_skel::ErrorKind;
use bpf_skel::feature::Feature;
use bpf_skel::link::{
    CgroupOptions, LinkTarget, Position, Relative, TcxDirection, TcxOptions, XdpMode, XdpOptions,
};
use bpf_skel::program::kind;
use bpf_skel::uapi::AttachType;
use bpf_skel_tests::kernel::needs::TCX;
use bpf_skel_tests::kernel::{Cgroup, Veth, counting, ping_loopback};

bpf_skel_tests::kernel::tests! {
    []: xdp_by_name, xdp_by_index, xdp_taken, xdp_no_interface, cgroup_egress, cgroup_by_path, cgroup_sock_create, cgroup_refuses, no_cgroup, sockops,
        cgroup_order, cgroup_revision,
        flow_dissector, sk_lookup, no_netns, socket_filter, no_socket;
    [TCX]: tcx, tcx_order, tcx_revision, tc_by_tcx;
}

const PASS: i32 = 2;
const TC_NEXT: i32 = -1;

fn xdp_by_name() {
    let counting = counting("xdp", PASS).unwrap();
    let veth = Veth::new("xn");
    let link = counting.kind::<kind::Xdp>().attach(veth.peer()).unwrap();
    veth.broadcast();
    assert!(counting.is_hit_soon());
    assert_eq!(link.info().unwrap().target, LinkTarget::Xdp { ifindex: veth.peer_index() });
}

fn xdp_by_index() {
    let counting = counting("xdp", PASS).unwrap();
    let veth = Veth::new("xi");
    let program = counting.kind::<kind::Xdp>();
    for mode in [XdpMode::Skb, XdpMode::Driver] {
        let link = program.attach_with(veth.peer_index(), XdpOptions::new().mode(mode)).unwrap();
        let before = counting.hits();
        veth.broadcast();
        let hit = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            counting.hits() > before
        });
        assert!(hit, "{mode:?}");
        drop(link);
    }
}

fn xdp_taken() {
    let counting = counting("xdp", PASS).unwrap();
    let _first = counting.kind::<kind::Xdp>().attach("lo").unwrap();
    let error = counting.kind::<kind::Xdp>().attach("lo").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
    assert!(error.to_string().contains("has an XDP program already"), "{error}");
}

fn xdp_no_interface() {
    let counting = counting("xdp", PASS).unwrap();
    let program = counting.kind::<kind::Xdp>();
    let error = program.attach("no-such-if").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        r#"program "probe": attach to xdp of interface "no-such-if": there is no network interface of this name"#
    );
    assert_eq!(program.attach(9999).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(program.attach(0).unwrap_err().kind(), ErrorKind::InvalidInput);
}

fn tcx() {
    for section in ["tcx/ingress", "tcx/egress"] {
        let counting = counting(section, TC_NEXT).unwrap();
        let link = counting.kind::<kind::Tcx>().attach("lo").unwrap();
        assert!(counting.hits_during(ping_loopback) >= 1, "{section}");
        let target = link.info().unwrap().target;
        assert!(matches!(target, LinkTarget::Tcx { ifindex: 1, .. }), "{target:?}");
        drop(link);
        assert_eq!(counting.hits_during(ping_loopback), 0, "{section}");
    }
}

/// A program that ends the chain shows who runs before it.
fn tcx_order() {
    const TC_OK: i32 = 0;
    let last = counting("tcx/egress", TC_NEXT).unwrap();
    let first = counting("tcx/egress", TC_OK).unwrap();
    let link = last.kind::<kind::Tcx>().attach("lo").unwrap();
    let program = first.kind::<kind::Tcx>();
    let at = |position| program.attach_with("lo", TcxOptions::new().position(position)).unwrap();
    let order = [
        ("first", Position::First, false),
        ("last", Position::Last, true),
        ("before a link", Position::Before((&link).into()), false),
        ("after a link", Position::After((&link).into()), true),
        ("before a program", Position::Before(last.program().into()), false),
    ];
    for (name, position, runs) in order {
        let _other = at(position);
        assert_eq!(last.hits_during(ping_loopback) > 0, runs, "{name}");
    }
}

fn tcx_revision() {
    let counting = counting("tcx/egress", TC_NEXT).unwrap();
    let program = counting.kind::<kind::Tcx>();
    let error =
        program.attach_with("lo", TcxOptions::new().expected_revision(1 << 40)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ESTALE));
    assert!(error.to_string().contains("another revision"), "{error}");
}

fn tc_by_tcx() {
    let counting = counting("tc", TC_NEXT).unwrap();
    let program = counting.kind::<kind::Tc>();
    let _link = program.attach_tcx("lo", TcxDirection::Ingress, TcxOptions::new()).unwrap();
    assert!(counting.hits_during(ping_loopback) >= 1);
    let error = counting.program().attach_tcx("lo", None, TcxOptions::new()).unwrap_err();
    assert!(error.to_string().contains("ingress or egress"), "{error}");
}

const ALLOW: i32 = 1;

fn cgroup_egress() {
    let cgroup = Cgroup::new("egress");
    let counting = counting("cgroup_skb/egress", ALLOW).unwrap();
    let link = counting.kind::<kind::Cgroup>().attach(cgroup.open()).unwrap();
    assert!(counting.hits_during(|| cgroup.inside(ping_loopback)) >= 1);
    let target = link.info().unwrap().target;
    assert!(
        matches!(target, LinkTarget::Cgroup { attach_type: AttachType::CGROUP_INET_EGRESS, .. }),
        "{target:?}"
    );
}

fn cgroup_by_path() {
    let cgroup = Cgroup::new("path");
    let counting = counting("cgroup/skb", ALLOW).unwrap();
    let program = counting.kind::<kind::Cgroup>();
    let link = program.attach_path(cgroup.path()).unwrap();
    drop(link);
    let missing = program.attach_path("/sys/fs/cgroup/no-such").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(missing.to_string().contains("/sys/fs/cgroup/no-such"), "{missing}");
    let no_cgroup = program.attach_path("/tmp").unwrap_err();
    assert!(no_cgroup.to_string().contains(" of /tmp: "), "{no_cgroup}");
    // `cgroup/skb` names no hook.
    let egress = CgroupOptions::new().attach_type(AttachType::CGROUP_INET_EGRESS);
    let _link = program.attach_with(cgroup.open(), egress).unwrap();
    assert!(counting.hits_during(|| cgroup.inside(ping_loopback)) >= 1);
}

fn cgroup_sock_create() {
    let cgroup = Cgroup::new("create");
    let counting = counting("cgroup/sock_create", ALLOW).unwrap();
    let _link = counting.program().attach_cgroup(cgroup.open(), Default::default()).unwrap();
    let open = || drop(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    assert_eq!(counting.hits_during(|| cgroup.inside(open)), 1);
}

fn cgroup_refuses() {
    let cgroup = Cgroup::new("refuse");
    let counting = counting("cgroup/sock_create", 0).unwrap();
    let _link = counting.kind::<kind::Cgroup>().attach(cgroup.open()).unwrap();
    let open = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    assert_eq!(cgroup.inside(open).unwrap_err().raw_os_error(), Some(libc::EPERM));
    open().unwrap();
}

/// All of a hook's programs run, so the kernel's own list shows their order.
fn cgroup_order() {
    let cgroup = Cgroup::new("order");
    let [one, two] = [(); 2].map(|()| counting("cgroup_skb/egress", ALLOW).unwrap());
    let link = one.kind::<kind::Cgroup>().attach(cgroup.open()).unwrap();
    let program = two.kind::<kind::Cgroup>();
    let [first, second] = [&one, &two].map(|counting| counting.program().info().unwrap().id);
    for (name, position, order) in [
        ("first", Position::First, [second, first]),
        ("last", Position::Last, [first, second]),
        ("before a link", Position::Before((&link).into()), [second, first]),
        ("after a link", Position::After((&link).into()), [first, second]),
        (
            "after an id",
            Position::After(Relative::LinkId(link.info().unwrap().id)),
            [first, second],
        ),
    ] {
        let options = CgroupOptions::new().position(position);
        match program.attach_with(cgroup.open(), options) {
            Ok(_other) => assert_eq!(cgroup.egress_programs(), order, "{name}"),
            Err(error) => without_order(&error),
        }
    }
    // The kernel finds no program that a link attached.
    let relative = CgroupOptions::new().position(Position::Before(one.program().into()));
    let error = program.attach_with(cgroup.open(), relative).unwrap_err();
    match Feature::CgroupOrder.is_present() {
        Some(true) => assert!(error.report().to_string().contains("by its link"), "{error}"),
        _ => without_order(&error),
    }
}

fn cgroup_revision() {
    let cgroup = Cgroup::new("revision");
    let counting = counting("cgroup_skb/egress", ALLOW).unwrap();
    let program = counting.kind::<kind::Cgroup>();
    let at = |revision| {
        program.attach_with(cgroup.open(), CgroupOptions::new().expected_revision(revision))
    };
    let error = at(1 << 40).unwrap_err();
    match Feature::CgroupOrder.is_present() {
        Some(true) => {
            assert_eq!(error.raw_os_error(), Some(libc::ESTALE));
            assert!(error.to_string().contains("another revision"), "{error}");
            // That of a hook where nothing was attached yet.
            let _link = at(1).unwrap();
        }
        _ => without_order(&error),
    }
    assert!(cgroup.egress_programs().is_empty(), "nothing is left");
}

fn without_order(error: &bpf_skel::Error) {
    assert_eq!(Feature::CgroupOrder.is_present(), Some(false), "{}", error.report());
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    let expected = "needs an order of a cgroup's programs, Linux 6.17";
    assert!(error.to_string().contains(expected), "{error}");
}

fn no_cgroup() {
    let counting = counting("cgroup_skb/egress", ALLOW).unwrap();
    let error = counting.kind::<kind::Cgroup>().attach(File::open("/tmp").unwrap()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    assert!(error.to_string().contains("cgroup2"), "{error}");
}

fn sockops() {
    let cgroup = Cgroup::new("sockops");
    let counting = counting("sockops", ALLOW).unwrap();
    let _link = counting.kind::<kind::SockOps>().attach(cgroup.open()).unwrap();
    let connect = || {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        drop(std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    };
    assert!(counting.hits_during(|| cgroup.inside(connect)) >= 1);
}

fn flow_dissector() {
    let counting = counting("flow_dissector", 0).unwrap();
    let program = counting.kind::<kind::FlowDissector>();
    let link = program.attach_current().unwrap();
    let target = link.info().unwrap().target;
    assert!(matches!(target, LinkTarget::Netns { .. }), "{target:?}");
    let taken = program.attach_current().unwrap_err();
    assert!(taken.raw_os_error().is_some(), "{taken}");
}

fn sk_lookup() {
    let counting = counting("sk_lookup", 1).unwrap();
    let netns = File::open("/proc/self/ns/net").unwrap();
    let _link = counting.kind::<kind::SkLookup>().attach(&netns).unwrap();
    // Only where no connected socket takes the packet.
    assert!(counting.hits_during(ping_loopback) >= 1);
}

fn no_netns() {
    let counting = counting("sk_lookup", 1).unwrap();
    let error = counting.kind::<kind::SkLookup>().attach(File::open("/tmp").unwrap()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
}

fn socket_filter() {
    let drops = counting("socket", 0).unwrap();
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    receiver.set_nonblocking(true).unwrap();
    let send = || {
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        sender.send_to(b"hello", receiver.local_addr().unwrap()).unwrap();
        receiver.recv(&mut [0; 16])
    };
    let mut link = drops.kind::<kind::SocketFilter>().attach(&receiver).unwrap();
    assert!(send().is_err());
    assert_eq!(drops.hits(), 1);
    assert!(!link.is_bpf_link());
    let error = link.pin("/sys/fs/bpf/filter").unwrap_err();
    assert!(error.to_string().contains("cannot be pinned"), "{error}");
    drop(link);
    assert_eq!(send().unwrap(), 5);
    // Left on the socket, it lives as long as that.
    drops.kind::<kind::SocketFilter>().attach(&receiver).unwrap().disconnect();
    assert!(send().is_err());
}

fn no_socket() {
    let counting = counting("socket", 0).unwrap();
    let error =
        counting.kind::<kind::SocketFilter>().attach(File::open("/tmp").unwrap()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
}
