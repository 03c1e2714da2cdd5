//! Stacks of our own system calls.

use std::collections::BTreeMap;

use bpf_skel::map::{Map, StackBuildId, StackTrace, StackTraces};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::{MapType, flags};
use bpf_skel_tests::kernel::Outcome;

use crate::phases::fails;

bpf_skel_macros::bpf_skel!(mod skeleton = "fixtures/stack_traces-el.o", "fixtures/stack_traces-eb.o");

bpf_skel_tests::kernel::tests![
    kernel_stacks_are_addresses,
    user_stacks_are_build_ids,
    ids_that_are_none,
    taken_and_removed,
    walked_once_each,
    walked_while_others_remove,
    typed_by_its_flags,
];

/// System calls that nobody else makes here, each from a place of its own.
const CALLS: [(libc::c_long, fn() -> i32); 4] = [
    // SAFETY: these take numbers and cannot harm.
    (libc::SYS_getpgid, || unsafe { libc::getpgid(0) }),
    // SAFETY: as above.
    (libc::SYS_getsid, || unsafe { libc::getsid(0) }),
    // SAFETY: as above.
    (libc::SYS_getpriority, || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }),
    // SAFETY: as above.
    (libc::SYS_sched_get_priority_max, || unsafe { libc::sched_get_priority_max(0) }),
];

/// The object, loaded and attached, whose program sees these of this process.
fn attached() -> bpf_skel::Result<(skeleton::Skel, bpf_skel::Links)> {
    let mut open = skeleton::open();
    open.rodata.pid = std::process::id();
    open.rodata.numbers = CALLS.map(|(number, _)| number as u64);
    let skel = open.load()?;
    let links = skel.attach()?;
    Ok((skel, links))
}

fn call() {
    CALLS[0].1();
}

fn id(answer: i64) -> u32 {
    u32::try_from(answer).unwrap_or_else(|_| panic!("bpf_get_stackid: {answer}"))
}

fn kernel_stacks_are_addresses() -> Outcome {
    let (skel, _links) = attached()?;
    call();
    let stacks = &skel.maps.kernel;
    assert_eq!(stacks.max_depth(), 64);
    let trace = stacks.get(id(skel.bss.kernel_id.get()))?.expect("it was stored");
    assert!(!trace.frames().is_empty() && !trace.is_full(), "{trace:x?}");
    // Kernel and modules are in the upper half, of addresses that are all there are.
    assert!(trace.frames().iter().all(|&address| address >> 63 == 1), "{trace:x?}");
    // It stays, and the same stack has the same id.
    call();
    assert_eq!(stacks.get(id(skel.bss.kernel_id.get()))?, Some(trace));
    Ok(())
}

fn user_stacks_are_build_ids() -> Outcome {
    let (skel, _links) = attached()?;
    call();
    let stacks = &skel.maps.user;
    assert_eq!(stacks.max_depth(), 16);
    let trace = stacks.get(id(skel.bss.user_id.get()))?.expect("it was stored");
    let [innermost, ..] = trace.frames() else { panic!("no frames") };
    for frame in trace.frames() {
        assert_eq!(frame.build_id().is_some(), frame.offset().is_some());
        assert_ne!(frame.build_id().is_some(), frame.ip().is_some());
    }
    // The wrapper of the system call is in a file, which the kernel can't always look into.
    match (innermost.build_id(), innermost.ip()) {
        (Some(build_id), _) => assert_ne!(build_id, &[0; 20]),
        (None, ip) => assert!(ip.is_some_and(|ip| ip != 0)),
    }
    Ok(())
}

fn ids_that_are_none() -> Outcome {
    let stacks: StackTraces = Map::from_spec(&spec(8 * 8, 0), None)?.try_into()?;
    for id in [0, 63, 64, -libc::EFAULT as u32, u32::MAX] {
        assert_eq!(stacks.get(id)?, None);
        assert_eq!(stacks.take(id)?, None);
        assert!(!stacks.remove(id)?);
    }
    assert_eq!((stacks.ids().count(), stacks.iter().count(), stacks.clear()?), (0, 0, 0));
    Ok(())
}

fn taken_and_removed() -> Outcome {
    let (skel, links) = attached()?;
    call();
    let stacks = &skel.maps.kernel;
    let id = id(skel.bss.kernel_id.get());
    let trace = stacks.get(id)?.expect("it was stored");
    assert_eq!(stacks.take(id)?, Some(trace.clone()));
    assert_eq!((stacks.take(id)?, stacks.get(id)?), (None, None));
    call();
    assert_eq!(stacks.get(id)?, Some(trace));
    assert!(stacks.remove(id)?);
    assert!(!stacks.remove(id)?);
    call();
    drop(links);
    let count = stacks.ids().count();
    assert_eq!((stacks.clear()?, stacks.ids().count()), (count, 0));
    Ok(())
}

/// Stacks of all calls, by their ids.
fn all_stacks() -> bpf_skel::Result<(skeleton::Skel, BTreeMap<u32, StackTrace<StackBuildId>>)> {
    let (skel, links) = attached()?;
    let mut seen = BTreeMap::new();
    for (_, call) in CALLS {
        call();
        let id = id(skel.bss.user_id.get());
        seen.insert(id, skel.maps.user.get(id)?.expect("it was stored"));
    }
    drop(links);
    // Ids are short hashes: two may be the same.
    assert!(seen.len() > 1, "{seen:x?}");
    Ok((skel, seen))
}

fn walked_once_each() -> Outcome {
    let (skel, seen) = all_stacks()?;
    let stacks = &skel.maps.user;
    let ids: Vec<u32> = stacks.ids().collect::<Result<_, _>>()?;
    assert_eq!(ids, Vec::from_iter(seen.keys().copied()));
    assert_eq!(stacks.iter().collect::<Result<BTreeMap<_, _>, _>>()?, seen);
    // The current one may go.
    let taken: Vec<bool> =
        stacks.ids().map(|id| Ok(stacks.take(id?)?.is_some())).collect::<bpf_skel::Result<_>>()?;
    assert_eq!(taken, vec![true; ids.len()]);
    assert_eq!(stacks.ids().count(), 0);
    Ok(())
}

/// The kernel starts anew where the one that it should go on from is gone.
fn walked_while_others_remove() -> Outcome {
    let (skel, seen) = all_stacks()?;
    let stacks = &skel.maps.user;
    let mut walk = stacks.ids();
    let first = walk.next().expect("there are some")?;
    let second = *seen.keys().nth(1).expect("there are two");
    assert!(stacks.remove(second)?);
    let rest = walk.collect::<Result<Vec<u32>, _>>()?;
    assert_eq!([&[first][..], &rest].concat(), Vec::from_iter(seen.keys().copied()));
    assert_eq!(stacks.iter().count(), seen.len() - 1);
    Ok(())
}

fn spec(value_size: u32, flags: u32) -> MapSpec {
    MapSpec { flags, ..MapSpec::new("s", MapType::STACK_TRACE, 4, value_size, 64) }
}

fn typed_by_its_flags() -> Outcome {
    let addresses = || Map::from_spec(&spec(64, 0), None);
    let build_ids = || Map::from_spec(&spec(64, flags::STACK_BUILD_ID), None);
    assert_eq!(StackTraces::<u64>::try_from(addresses()?)?.max_depth(), 8);
    assert_eq!(StackTraces::<StackBuildId>::try_from(build_ids()?)?.max_depth(), 2);
    fails(
        StackTraces::<u64>::try_from(build_ids()?),
        &[r#"map "s": frame size: expected 8 (u64), found 32"#],
    );
    fails(
        StackTraces::<StackBuildId>::try_from(addresses()?),
        &["frame size: expected 32 (", "StackBuildId), found 8"],
    );
    Ok(())
}
