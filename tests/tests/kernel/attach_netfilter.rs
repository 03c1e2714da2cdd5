//! netfilter, netkit and infrared.

use bpf_skel::ErrorKind;
use bpf_skel::link::{
    LinkTarget, NetfilterFamily, NetfilterHook, NetfilterOptions, NetkitOptions, Position,
};
use bpf_skel::program::kind;
use bpf_skel_tests::kernel::needs::{NETFILTER, NETKIT};
use bpf_skel_tests::kernel::{Veth, counting, ping_loopback};

bpf_skel_tests::kernel::tests! {
    [NETFILTER]: netfilter, netfilter_taken, netfilter_priorities;
    [NETKIT]: netkit, netkit_order, netkit_wrong_side;
    []: netkit_elsewhere, infrared_elsewhere;
}

const ACCEPT: i32 = 1;
const NETKIT_NEXT: i32 = -1;
const NETKIT_PASS: i32 = 0;

fn netfilter() {
    let counting = counting("netfilter", ACCEPT).unwrap();
    let program = counting.kind::<kind::Netfilter>();
    let options = NetfilterOptions::new().priority(-10);
    let link =
        program.attach_with(NetfilterFamily::Ipv4, NetfilterHook::LocalOut, options).unwrap();
    assert!(counting.hits_during(ping_loopback) >= 1);
    let expected = LinkTarget::Netfilter { family: 2, hook: 3, priority: -10, flags: 0 };
    assert_eq!(link.info().unwrap().target, expected);
    drop(link);
    assert_eq!(counting.hits_during(ping_loopback), 0);
}

fn netfilter_taken() {
    let counting = counting("netfilter", ACCEPT).unwrap();
    let program = counting.kind::<kind::Netfilter>();
    let at = |priority| {
        let options = NetfilterOptions::new().priority(priority);
        program.attach_with(NetfilterFamily::Ipv4, NetfilterHook::PreRouting, options)
    };
    let _link = at(5).unwrap();
    let error = at(5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let start =
        r#"program "probe": attach to netfilter PreRouting of Ipv4, priority 5: BPF_LINK_CREATE: "#;
    assert!(error.to_string().starts_with(start), "{error}");
    let _other = at(6).unwrap();
}

fn netfilter_priorities() {
    let counting = counting("netfilter", ACCEPT).unwrap();
    let program = counting.kind::<kind::Netfilter>();
    for priority in [i32::MIN, i32::MAX] {
        let options = NetfilterOptions::new().priority(priority);
        let attached = program.attach_with(NetfilterFamily::Ipv6, NetfilterHook::LocalIn, options);
        let error = attached.unwrap_err();
        assert!(error.to_string().contains("neither the lowest nor the highest"), "{error}");
    }
}

fn netkit() {
    for section in ["netkit/primary", "netkit/peer"] {
        let counting = counting(section, NETKIT_NEXT).unwrap();
        let device = Veth::netkit("nk").unwrap();
        let link = counting.kind::<kind::Netkit>().attach(device.name()).unwrap();
        if section == "netkit/primary" {
            device.broadcast();
        } else {
            device.broadcast_back();
        }
        assert!(counting.is_hit_soon(), "{section}");
        let target = link.info().unwrap().target;
        assert!(matches!(target, LinkTarget::Netkit { ifindex: 1.., .. }), "{target:?}");
    }
}

/// A program that ends the chain shows who runs before it.
fn netkit_order() {
    let last = counting("netkit/primary", NETKIT_NEXT).unwrap();
    let first = counting("netkit/primary", NETKIT_PASS).unwrap();
    let device = Veth::netkit("no").unwrap();
    let _link = last.kind::<kind::Netkit>().attach(device.name()).unwrap();
    let options = NetkitOptions::new().position(Position::First);
    let link = first.kind::<kind::Netkit>().attach_with(device.name(), options).unwrap();
    // The interface has packets of its own to send since it is up.
    let before = last.hits();
    device.broadcast();
    assert!(first.is_hit_soon());
    assert_eq!(last.hits(), before);
    drop(link);
    assert!(last.hits_during(|| device.broadcast()) >= 1);
}

fn netkit_wrong_side() {
    let counting = counting("netkit/primary", NETKIT_NEXT).unwrap();
    let device = Veth::netkit("nw").unwrap();
    let error = counting.kind::<kind::Netkit>().attach(device.peer()).unwrap_err();
    assert!(error.to_string().contains("give the primary one"), "{error}");
}

/// The loopback interface is no netkit device, on whatever kernel.
fn netkit_elsewhere() {
    let counting = counting("netkit/primary", NETKIT_NEXT).unwrap();
    let error = counting.kind::<kind::Netkit>().attach("lo").unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(r#"program "probe": attach to netkit primary of interface "lo": "#),
        "{text}"
    );
    match error.kind() {
        ErrorKind::InvalidInput => assert!(text.contains("not one of a netkit device"), "{text}"),
        kind => {
            assert_eq!(kind, ErrorKind::NotSupportedByKernel, "{text}");
            assert!(text.contains("needs attach type netkit_primary, Linux 6.7"), "{text}");
        }
    }
}

/// No machine of ours has a receiver.
fn infrared_elsewhere() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = match counting("lirc_mode2", 0) {
        Ok(counting) => counting.kind::<kind::LircMode2>().attach(file).unwrap_err(),
        Err(error) => error,
    };
    let text = error.to_string();
    let attached = text.contains("attach to a receiver of infrared: BPF_PROG_ATTACH: ");
    let absent = text.contains("needs program type lirc_mode2, Linux 4.18");
    assert!(attached || absent, "{text}");
}
