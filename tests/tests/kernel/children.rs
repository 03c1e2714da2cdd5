//! What tests run in a process of its own: `child(NAME, ARGUMENTS)`.

use bpf_skel::OpenObject;
use bpf_skel_tests::kernel::{Job, Snapshot};

use crate::commands::command;
use crate::fallbacks::little_locked_memory;
use crate::maps_user_ringbuf;
use crate::phases::failing;
use crate::token;

bpf_skel_macros::bpf_skel!(mod data = "fixtures/data-el.o", "fixtures/data-eb.o");

pub(crate) const JOBS: &[Job] = &[
    ("command", |_| command()),
    ("hello", |_| hello()),
    ("nothing", |_| ()),
    ("long_story", |_| drop(failing(&["long_story"]).load().unwrap_err())),
    ("huge", |_| huge()),
    ("little_locked_memory", |_| little_locked_memory()),
    ("load_with_capabilities", load_with_capabilities),
    ("phases_by_token", token::phases_by_token),
    ("phases_by_environment", |_| token::phases_by_environment()),
    ("freplace_by_token", token::freplace_by_token),
    ("command_by_token", token::command_by_token),
    ("program_by_token", token::program_by_token),
    ("externs_by_token", token::externs_by_token),
    ("user_ringbuf", maps_user_ringbuf::send_from_a_child),
];

fn hello() {
    const OBJECT: &[u8] = include_bytes!("../../../examples/hello/src/hello.bpf.o");
    let spec = bpf_skel::elf::read(OBJECT, "hello.bpf.o").expect("it is an object");
    let object = OpenObject::new(spec).load().expect("it loads");
    let _links = object.attach().expect("it attaches");
}

fn load_with_capabilities(arguments: &[String]) {
    let [program, held] = arguments else { panic!("{arguments:?}") };
    let before = Snapshot::of_process();
    keep_capabilities(held.parse().unwrap());
    match failing(&[program]).load() {
        Ok(object) => println!("loaded {}", object.spec().name),
        Err(error) => println!("{error}"),
    }
    println!("left: {:?}", before.left_in_process());
}

pub(crate) fn keep_capabilities(held: u64) {
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let (low, high) = (held as u32, (held >> 32) as u32);
    // effective, permitted, inheritable; twice
    let data = [low, low, 0, high, high, 0];
    // SAFETY: both structs are of version 3, and only read.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// A number of `/proc/self/status`, in KiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find(|line| line.starts_with(name)).expect("it is there");
    line.split_ascii_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// A `.bss` of 3 MiB on a stack of 128 KiB.
fn huge() {
    let load = || {
        drop(data::open());
        let before = memory("VmRSS:");
        // Pages of the program itself, which come in as they are touched, are not counted.
        let heap_before = memory("RssAnon:");
        let mut open = data::open();
        assert_eq!(size_of_val(&*open.bss) >> 20, 3);
        open.bss.total = 1;
        open.rodata.limit = 5;
        let opened = memory("RssAnon:").saturating_sub(heap_before);
        assert!(opened < 1 << 10, "open: {opened} KiB");
        let prepared = open.prepare().expect("it is prepared");
        let skel = prepared.load().expect("it loads");
        assert!(skel.bss.is_mapped());
        assert_eq!((skel.bss.total.get(), skel.rodata.limit), (1, 5));
        skel.bss.total.set(2);
        drop(skel);
        // Filled once from one buffer: never a second copy.
        let most = memory("VmHWM:") - before;
        assert!(most < 8 << 10, "load: {most} KiB");
    };
    std::thread::Builder::new().stack_size(128 << 10).spawn(load).unwrap().join().unwrap();
}
