//! Values that hang on tasks, sockets, inodes and cgroups.

use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::fs::MetadataExt;

use bpf_skel::ErrorKind;
use bpf_skel::map::PidFd;
use bpf_skel::uapi::AttachType;
use bpf_skel_tests::kernel::{Cgroup, Outcome, child, dated, needs, tests};

include!("../../golden/storages.rs");

use storages::types::visits;

tests! {
    []: sockets, inodes, attached_to_cgroups;
    [needs::TASK_STORAGE]: tasks, a_task_that_is_gone, threads;
    [needs::CGRP_STORAGE]: cgroups;
}

/// The fixture without what is newer than Linux 5.10, and without programs.
fn open() -> storages::Open {
    let mut open = storages::open();
    open.maps.tasks.set_autocreate(false);
    open.maps.cgroups.set_autocreate(false);
    for program in [
        &mut open.progs.of_task,
        &mut open.progs.of_cgroup,
        &mut open.progs.of_socket,
        &mut open.progs.of_attached,
    ] {
        program.set_autoload(false);
    }
    open.rodata.pid = std::process::id();
    open
}

fn marked(mark: u32) -> visits {
    visits { mark, ..visits::default() }
}

/// Every operation, by the descriptor of one owner; then a descriptor of something else.
macro_rules! every_operation {
    ($storage:expr, $owner:expr) => {{
        let (storage, owner) = (&$storage, $owner);
        assert_eq!(storage.get(owner)?, None);
        assert!(!storage.replace(owner, &marked(1))?);
        assert!(storage.insert_new(owner, &marked(2))?);
        assert!(!storage.insert_new(owner, &marked(3))?);
        assert_eq!(storage.get(owner)?, Some(marked(2)));
        assert!(storage.replace(owner, &marked(4))?);
        assert_eq!(storage.get(owner)?, Some(marked(4)));
        assert!(storage.remove(owner)?);
        assert!(!storage.remove(owner)?);
        storage.insert(owner, &marked(5))?;
        storage.insert(owner, &marked(6))?;
        assert_eq!(storage.get(owner)?, Some(marked(6)));
    }};
    ($storage:expr, $owner:expr, not $other:expr, $hint:literal) => {{
        every_operation!($storage, $owner);
        let (storage, other) = (&$storage, $other);
        for error in [
            storage.get(other).unwrap_err(),
            storage.insert(other, &marked(1)).unwrap_err(),
            storage.insert_new(other, &marked(1)).unwrap_err(),
            storage.replace(other, &marked(1)).unwrap_err(),
            storage.remove(other).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.hint().is_some_and(|hint| hint.contains($hint)), "{error}");
        }
    }};
}

fn tasks() -> Outcome {
    let mut open = open();
    open.maps.tasks.set_autocreate(true);
    open.progs.of_task.set_autoload(true);
    let skel = open.load()?;
    let own = PidFd::open(std::process::id())?;
    every_operation!(skel.maps.tasks, &own, not & File::open("/")?, "a descriptor of a process");
    let link = skel.progs.of_task.attach()?;
    File::open("/")?;
    drop(link);
    let seen = skel.maps.tasks.get(&own)?.unwrap();
    assert!(seen.count >= 1 && seen.mark == 6, "{seen:?}");
    Ok(())
}

fn a_task_that_is_gone() -> Outcome {
    let mut open = open();
    open.maps.tasks.set_autocreate(true);
    let tasks = open.load()?.maps.tasks;
    let mut process = child("nothing", &[]).spawn()?;
    let (id, pid) = (process.id(), PidFd::open(process.id())?);
    tasks.insert(&pid, &marked(1))?;
    process.wait()?;
    assert_eq!(tasks.get(&pid)?, None);
    assert!(!tasks.replace(&pid, &marked(2))?);
    let error = tasks.insert(&pid, &marked(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("the task is gone"), "{error}");
    let error = PidFd::open(id).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(&format!("there is no process {id}")), "{error}");
    Ok(())
}

/// A thread has values of its own; its number is not one of a process.
fn threads() -> Outcome {
    let mut open = open();
    open.maps.tasks.set_autocreate(true);
    let tasks = open.load()?.maps.tasks;
    let own = PidFd::open(std::process::id())?;
    tasks.insert(&own, &marked(1))?;
    let thread = std::thread::spawn(move || {
        // SAFETY: takes nothing and cannot fail.
        let tid = unsafe { libc::gettid() }.cast_unsigned();
        assert_eq!(PidFd::open(tid).unwrap_err().kind(), ErrorKind::NotFound);
        let thread = PidFd::open_thread(tid);
        dated("PIDFD_THREAD", (6, 9), thread.is_ok()).unwrap();
        match thread {
            Ok(thread) => assert_eq!(tasks.get(&thread).unwrap(), None),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{error}"),
        }
        assert_eq!(tasks.get(&own).unwrap(), Some(marked(1)));
    });
    Ok(thread.join().map_err(|_| "the thread panicked")?)
}

fn sockets() -> Outcome {
    let mut open = open();
    open.progs.of_socket.set_autoload(true);
    let skel = open.load()?;
    let cgroup = Cgroup::new("sk-storage");
    let socket = cgroup.inside(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))?;
    every_operation!(skel.maps.sockets, &socket, not & File::open("/")?, "it takes a socket");
    let link = skel.progs.of_socket.attach(cgroup.open())?;
    socket.send_to(b"hello", socket.local_addr()?)?;
    drop(link);
    assert_eq!(skel.maps.sockets.get(&socket)?, Some(visits { count: 1, ..marked(6) }));
    Ok(())
}

fn inodes() -> Outcome {
    let inodes = open().load()?.maps.inodes;
    every_operation!(inodes, &File::open("/proc/self")?);
    let [first, second] = [(); 2].map(|()| File::open("/").unwrap());
    every_operation!(inodes, &first);
    assert_eq!(inodes.get(&second)?, Some(marked(6)), "it is the inode's");
    assert!(inodes.remove(&second)?);
    Ok(())
}

fn cgroups() -> Outcome {
    let mut open = open();
    open.maps.cgroups.set_autocreate(true);
    open.progs.of_cgroup.set_autoload(true);
    let skel = open.load()?;
    let cgroup = Cgroup::new("cgrp-storage");
    let directory = cgroup.open();
    every_operation!(skel.maps.cgroups, &directory, not & File::open("/")?, "of a cgroup");
    let link = skel.progs.of_cgroup.attach()?;
    cgroup.inside(|| File::open("/"))?;
    drop(link);
    let seen = skel.maps.cgroups.get(&directory)?.unwrap();
    assert!(seen.count >= 1 && seen.mark == 6, "{seen:?}");
    Ok(())
}

fn attached_to_cgroups() -> Outcome {
    let mut open = open();
    open.progs.of_attached.set_autoload(true);
    let skel = open.load()?;
    let (attached, shared) = (&skel.maps.attached, &skel.maps.shared);
    assert_eq!((attached.keys().count(), shared.keys().count()), (0, 0));
    let cgroup = Cgroup::new("cgroup-storage");
    let socket = cgroup.inside(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let _link = skel.progs.of_attached.attach(cgroup.open())?;
    let inode = cgroup.open().metadata()?.ino();
    let keys = attached.keys().collect::<bpf_skel::Result<Vec<_>>>()?;
    let [key] = keys[..] else { panic!("{keys:?}") };
    assert_eq!((key.cgroup_inode_id, key.attach_type), (inode, AttachType::CGROUP_INET_EGRESS.0));
    assert_eq!(shared.keys().collect::<bpf_skel::Result<Vec<_>>>()?, [inode]);
    assert_eq!(attached.get(&key)?, Some(visits::default()));
    assert!(attached.replace(&key, &marked(7))?);
    let cpus = shared.get(&inode)?.unwrap().len();
    assert!(shared.replace(&inode, &vec![10; cpus])?);
    socket.send_to(b"hello", socket.local_addr()?)?;
    assert_eq!(attached.get(&key)?, Some(visits { count: 1, ..marked(7) }));
    assert_eq!(shared.get(&inode)?.unwrap().iter().sum::<u32>(), 10 * cpus as u32 + 1);
    assert_eq!(shared.get(&0)?, None);
    assert!(!shared.replace(&0, &vec![1; cpus])?);
    Ok(())
}
