//! Operations for the kernel: congestion control of TCP, over the loopback interface of a network namespace of our own.
//! The kernel knows it by its name everywhere, but only the sockets here ask for it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use bpf_skel::link::LinkTarget;
use bpf_skel::map::StructOps;
use bpf_skel::uapi::LinkType;
use bpf_skel::{ErrorKind, Object, OpenObject};
use bpf_skel_tests::kernel::needs::{STRUCT_OPS, STRUCT_OPS_LINK};
use bpf_skel_tests::kernel::{Outcome, PinDirectory, fixture, kernel_is, tests};

use crate::phases::fails;

tests! {
    [STRUCT_OPS]: registered_without_a_link, registered_once, a_link_needs_its_kernel,
        optional_maps_are_not_created, what_does_not_fit, edited, edits_that_do_not_fit, left_out_of_attach,
        nothing_is_left_of_a_failure, a_program_of_no_map, typed;
    [STRUCT_OPS, STRUCT_OPS_LINK]: registered_with_a_link, a_program_of_two_maps,
        asked_for_where_the_kernel_has_them, replaced, one_program_two_members, pinned;
}

bpf_skel_macros::bpf_skel!(mod skeleton = "fixtures/struct_ops-el.o", "fixtures/struct_ops-eb.o");

/// `struct_ops.bpf.c` without what takes a newer kernel.
fn open() -> OpenObject {
    let mut open = OpenObject::new(fixture!("struct_ops"));
    if !kernel_is(6, 4) {
        open.map_mut("linked").expect("the fixture has it").set_autocreate(false);
    }
    open
}

fn operations(object: &Object, map: &str) -> StructOps {
    let map = object.map(map).and_then(|map| map.try_clone());
    map.and_then(StructOps::try_from).expect("the object has it")
}

/// A global number of the object.
fn number(object: &Object, name: &str) -> u64 {
    let offset = object.spec().variable(name).expect("the fixture has it").offset as usize;
    let bss = object.map(".bss").and_then(|map| map.lookup(&[0; 4])).expect("it can be read");
    let bytes = bss.expect("it has one element");
    u64::from_ne_bytes(bytes[offset..offset + 8].try_into().expect("8 bytes"))
}

/// Whether sockets may ask for congestion control of this name.
fn is_registered(name: &str) -> bool {
    let known = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control");
    known.expect("/proc is mounted").split_whitespace().any(|known| known == name)
}

/// It goes when the last socket that had it is gone, which takes the kernel a moment.
fn is_gone_soon(name: &str) -> bool {
    (0..200).any(|_| {
        let gone = !is_registered(name);
        if !gone {
            std::thread::sleep(Duration::from_millis(10));
        }
        gone
    })
}

/// Sends some data over a connection of its own that asks for this congestion control.
fn send_with(name: &str) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    // SAFETY: the option is text, as long as said.
    let set = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_CONGESTION,
            name.as_ptr().cast(),
            name.len() as u32,
        )
    };
    if set != 0 {
        return Err(io::Error::last_os_error());
    }
    let (mut receiver, _) = listener.accept()?;
    let sender = std::thread::spawn(move || stream.write_all(&[7; 1 << 18]));
    let received = receiver.read_to_end(&mut Vec::new())?;
    assert_eq!(received, 1 << 18);
    sender.join().expect("it sends")
}

fn registered_without_a_link() -> Outcome {
    let object = open().load()?;
    let plain = operations(&object, "plain");
    assert!(!plain.has_link() && !is_registered("bpf_skel_plain"));
    let link = plain.attach()?;
    assert!(is_registered("bpf_skel_plain") && !link.is_bpf_link());
    fails(link.info(), &["map \"plain\"", "without a link is no BPF link"]);
    send_with("bpf_skel_plain")?;
    assert!(number(&object, "acked") > 0);
    // Whoever closes the object has its operations registered still.
    drop((object, plain));
    assert!(is_registered("bpf_skel_plain"));
    drop(link);
    assert!(is_gone_soon("bpf_skel_plain"));
    Ok(())
}

fn registered_once() -> Outcome {
    let object = open().load()?;
    let plain = operations(&object, "plain");
    drop(plain.attach()?);
    assert!(is_gone_soon("bpf_skel_plain"));
    let words = ["map \"plain\": attach to tcp_congestion_ops: BPF_MAP_UPDATE_ELEM", "once only"];
    fails(plain.attach(), &words);
    Ok(())
}

fn a_link_needs_its_kernel() -> Outcome {
    match OpenObject::new(fixture!("struct_ops")).load() {
        Ok(_) => assert!(kernel_is(6, 4)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{error}");
            fails::<()>(Err(error), &["map \"linked\"", "needs map flag", "Linux 6.4"]);
        }
    }
    Ok(())
}

fn registered_with_a_link() -> Outcome {
    let object = open().load()?;
    let linked = operations(&object, "linked");
    assert!(linked.has_link());
    for _ in 0..2 {
        let before = number(&object, "acked");
        let link = linked.attach()?;
        let info = link.info()?;
        assert_eq!(info.link_type, LinkType::STRUCT_OPS);
        assert_eq!(info.target, LinkTarget::StructOps { map_id: linked.id()? });
        send_with("bpf_skel_linked")?;
        assert!(number(&object, "acked") > before);
        drop(link);
        assert!(is_gone_soon("bpf_skel_linked"));
    }
    // Whoever finds the map can register what is in it.
    let found = StructOps::from_id(linked.id()?)?;
    let _link = found.attach()?;
    assert!(is_registered("bpf_skel_linked"));
    let plain = StructOps::from_id(object.map("plain")?.id()?)?;
    fails(plain.attach(), &["only the load that made it knows its operations"]);
    let program = object.program("ssthresh")?;
    fails(program.attach(), &["program \"ssthresh\"", "StructOps::attach"]);
    Ok(())
}

fn a_program_of_two_maps() -> Outcome {
    let object = open().load()?;
    let links = object.attach()?;
    let names: Vec<_> = links.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["plain", "linked"]);
    for name in ["bpf_skel_plain", "bpf_skel_linked"] {
        let before = number(&object, "acked");
        send_with(name)?;
        assert!(number(&object, "acked") > before, "{name}");
    }
    drop(links);
    assert!(is_gone_soon("bpf_skel_plain") && is_gone_soon("bpf_skel_linked"));
    Ok(())
}

fn optional_maps_are_not_created() -> Outcome {
    let object = open().load()?;
    for name in ["absent", "present", "wide", "odd", "more"] {
        assert!(object.map(name)?.is_absent(), "{name}");
    }
    assert!(object.notes().is_empty());
    // A program is loaded for the maps that call it.
    for (name, loaded) in [
        ("ssthresh", true),
        ("cong_avoid", true),
        ("cong_avoid_more", false),
        ("never_called", false),
    ] {
        assert_eq!(object.program(name)?.is_loaded(), loaded, "{name}");
    }
    let text = r#"map "present": the map was not created: its creation was turned off"#;
    fails(operations(&object, "present").attach(), &[text]);
    Ok(())
}

fn asked_for_where_the_kernel_has_them() -> Outcome {
    let mut open = open();
    for name in ["absent", "present"] {
        open.map_mut(name)?.set_autocreate(true);
    }
    let object = open.load()?;
    assert!(object.map("absent")?.is_absent() && !object.program("never_called")?.is_loaded());
    let notes: Vec<_> = object.notes().iter().map(ToString::to_string).collect();
    let expected =
        r#"map "absent": neither the running kernel nor its modules take a struct no_such_ops"#;
    assert!(notes.len() == 1 && notes[0].starts_with(expected), "{notes:?}");
    let links = object.attach()?;
    assert!(links.get("absent").is_none() && links.get("present").is_some());
    send_with("bpf_skel_extra")?;
    assert!(number(&object, "acked_more") > 0 && number(&object, "acked") == 0);
    Ok(())
}

fn what_does_not_fit() -> Outcome {
    for (map, kind, text) in [
        (
            "wide",
            ErrorKind::Mismatch,
            r#"member "flags": the kernel has 4 bytes, the object 8 bytes"#,
        ),
        (
            "odd",
            ErrorKind::Mismatch,
            r#"member "ssthresh": the kernel has pointer, the object int"#,
        ),
        (
            "more",
            ErrorKind::NotSupportedByKernel,
            r#"member "no_such_number": the kernel's struct tcp_congestion_ops has no such member, and it is set"#,
        ),
    ] {
        let mut open = open();
        open.map_mut(map)?.set_autocreate(true);
        let start = format!(r#"struct_ops: map "{map}": type "tcp_congestion_ops": {text}"#);
        assert_eq!(fails(open.load(), &[&start]).kind(), kind, "{map}");
    }
    Ok(())
}

fn edited() -> Outcome {
    let mut open = open();
    open.map_mut("plain")?
        .write_data(0, b"bpf_skel_edit\0")?
        .set_function("cong_avoid", "cong_avoid_more")
        .set_function("pkts_acked", "never_called")
        .clear_function("pkts_acked");
    open.map_mut("linked")?.set_autocreate(false);
    let object = open.load()?;
    assert!(!object.program("cong_avoid")?.is_loaded());
    let links = object.attach()?;
    send_with("bpf_skel_edit")?;
    assert!(number(&object, "acked_more") > 0 && number(&object, "acked") == 0);
    drop(links);

    // The kernel cannot do without this one.
    let mut open = self::open();
    open.map_mut("plain")?.clear_function("ssthresh");
    let object = open.load()?;
    let words =
        ["map \"plain\": attach to tcp_congestion_ops", "a member that it needs may be missing"];
    fails(operations(&object, "plain").attach(), &words);
    Ok(())
}

fn edits_that_do_not_fit() -> Outcome {
    for (member, program, words) in [
        ("none", "ssthresh", ["member \"none\"", "no such member"]),
        ("ssthresh", "none", ["member \"ssthresh\"", "no program is named \"none\""]),
        ("flags", "ssthresh", ["member \"flags\"", "no pointer to a function"]),
        ("owner", "ssthresh", ["member \"owner\"", "no pointer to a function"]),
    ] {
        let mut open = open();
        open.map_mut("plain")?.set_function(member, program);
        fails(open.load(), &words);
    }
    Ok(())
}

fn one_program_two_members() -> Outcome {
    let mut open = open();
    open.map_mut("linked")?.set_function("undo_cwnd", "ssthresh");
    let words = [
        "program \"ssthresh\": the kernel verifies it for one member",
        "it is \"ssthresh\" of struct tcp_congestion_ops in map \"plain\"",
        "and \"undo_cwnd\" of struct tcp_congestion_ops in map \"linked\"",
    ];
    fails(open.load(), &words);
    Ok(())
}

fn left_out_of_attach() -> Outcome {
    let mut open = open();
    open.map_mut("plain")?.set_autoattach(false);
    open.map_mut("linked")?.set_autoattach(false);
    let object = open.load()?;
    assert!(object.attach()?.is_empty() && !is_registered("bpf_skel_plain"));
    let _link = operations(&object, "plain").attach()?;
    assert!(is_registered("bpf_skel_plain"));
    Ok(())
}

fn nothing_is_left_of_a_failure() -> Outcome {
    let first = open().load()?;
    let links = first.attach()?;
    // The one is free, the other is taken.
    let mut open = open();
    let free = if kernel_is(6, 4) { "plain" } else { "none" };
    if free == "plain" {
        open.map_mut("plain")?.write_data(0, b"bpf_skel_free\0")?;
    }
    let second = open.load()?;
    let error = fails(second.attach(), &["attach to tcp_congestion_ops", "registered already"]);
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(is_gone_soon("bpf_skel_free"));
    drop(links);
    assert!(is_gone_soon("bpf_skel_plain") && is_gone_soon("bpf_skel_linked"));
    Ok(())
}

fn replaced() -> Outcome {
    let first = open().load()?;
    let link = operations(&first, "linked").attach()?;
    let mut open = open();
    open.map_mut("linked")?.set_function("cong_avoid", "cong_avoid_more");
    open.map_mut("plain")?.set_autocreate(false);
    let second = open.load()?;
    let new = operations(&second, "linked");
    link.update_operations(&new)?;
    assert_eq!(link.info()?.target, LinkTarget::StructOps { map_id: new.id()? });
    send_with("bpf_skel_linked")?;
    assert!(number(&second, "acked_more") > 0 && number(&first, "acked") == 0);
    let plain = operations(&first, "plain");
    fails(
        link.update_operations(&plain),
        &["map \"plain\"", "no operations of section .struct_ops.link"],
    );
    assert!(!is_registered("bpf_skel_plain"));
    Ok(())
}

/// The verifier has to know what it is for.
fn a_program_of_no_map() -> Outcome {
    let mut open = open();
    open.map_mut("plain")?.clear_function("ssthresh");
    open.map_mut("linked")?.clear_function("ssthresh");
    open.map_mut("present")?.clear_function("ssthresh");
    fails(open.load(), &["program \"ssthresh\"", "no struct_ops map that is created calls it"]);
    Ok(())
}

fn typed() -> Outcome {
    let mut open = skeleton::open();
    assert_eq!(open.struct_ops.plain.name.to_str_lossy(), "bpf_skel_plain");
    assert!(open.struct_ops.plain.ssthresh.is_null());
    open.struct_ops.plain.name = "bpf_skel_typed".try_into()?;
    open.maps.plain.set_function("cong_avoid", "cong_avoid_more");
    open.maps.linked.set_autocreate(false);
    let skel = open.load()?;
    let links = skel.attach()?;
    assert!(links.get("plain").is_some() && links.len() == 1);
    send_with("bpf_skel_typed")?;
    assert!(skel.bss.acked_more.get() > 0 && skel.bss.acked.get() == 0);
    drop(links);
    assert!(is_gone_soon("bpf_skel_typed"));
    let words = ["map \"plain\": attach to tcp_congestion_ops", "once only"];
    fails(skel.maps.plain.attach(), &words);
    Ok(())
}

/// A process that comes back gives its operations to the link that is there.
fn pinned() -> Outcome {
    let directory = PinDirectory::new("operations")?;
    let place = directory.join("object");
    let first = open().load()?;
    let words = ["map \"plain\"", "have no link to pin"];
    fails(first.attach_pinned(&place), &words);
    assert!(!is_registered("bpf_skel_linked"));
    let load = || {
        let mut open = open();
        open.map_mut("plain")?.set_autoattach(false);
        open.options.set_pin_directory(&place);
        open.load()
    };
    let first = load()?;
    let links = first.attach_pinned(&place)?;
    let id = links.get("linked").expect("it is attached").info()?.id;
    drop((links, first));
    assert!(is_registered("bpf_skel_linked"));
    let second = load()?;
    let links = second.attach_pinned(&place)?;
    let info = links.get("linked").expect("it is attached").info()?;
    let target = LinkTarget::StructOps { map_id: second.map("linked")?.id()? };
    assert_eq!((info.id, info.target), (id, target));
    second.unpin(&place)?;
    drop(links);
    assert!(is_gone_soon("bpf_skel_linked"));
    Ok(())
}
