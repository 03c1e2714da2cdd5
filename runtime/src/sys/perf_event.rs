use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::attr::PerfEventAttr;
use super::fd::{adopt_result, check};

/// `perf_event_open(2)`, close-on-exec. `pid` -1: every process; `cpu` -1: every CPU (one of both at least is not -1).
pub(crate) fn perf_event_open(attr: &PerfEventAttr, pid: i32, cpu: i32) -> io::Result<OwnedFd> {
    const FD_CLOEXEC: libc::c_ulong = 1 << 3;
    const NO_GROUP: i32 = -1;
    let attr = PerfEventAttr { size: size_of::<PerfEventAttr>() as u32, ..*attr };
    // SAFETY: the struct is borrowed and as large as it says. It can hold an address (of a probe's name) in
    // `config1`; the kernel only reads that, and copies it as a string from user memory.
    let raw = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            std::ptr::from_ref(&attr),
            pid,
            cpu,
            NO_GROUP,
            FD_CLOEXEC,
        )
    };
    // SAFETY: the call answers a new descriptor or -1.
    unsafe { adopt_result(raw as i32) }
}

/// As [`perf_event_open`], of a probe: `name` is a function or a file, and goes where `config1` is.
pub(crate) fn perf_probe_open(
    attr: &PerfEventAttr,
    name: &CStr,
    pid: i32,
    cpu: i32,
) -> io::Result<OwnedFd> {
    perf_event_open(&PerfEventAttr { config1: name.as_ptr() as u64, ..*attr }, pid, cpu)
}

/// `PERF_EVENT_IOC_SET_BPF`: the program runs on the event; there is no way to take it off but to close the event.
pub(crate) fn perf_event_set_bpf(event: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes a number.
    check(unsafe { libc::ioctl(event.as_raw_fd(), SET_BPF as _, program.as_raw_fd()) })
}

/// `PERF_EVENT_IOC_ENABLE`
pub(crate) fn perf_event_enable(event: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes a number.
    check(unsafe { libc::ioctl(event.as_raw_fd(), ENABLE as _, 0) })
}

/// `PERF_EVENT_IOC_DISABLE`
pub(crate) fn perf_event_disable(event: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes a number.
    check(unsafe { libc::ioctl(event.as_raw_fd(), DISABLE as _, 0) })
}

// `_IO('$', 0)`, `_IO('$', 1)` and `_IOW('$', 8, __u32)`. Three architectures number the directions otherwise.
const ODD: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "sparc",
    target_arch = "sparc64",
));
const ENABLE: u32 = if ODD { 0x2000_2400 } else { 0x2400 };
const DISABLE: u32 = if ODD { 0x2000_2401 } else { 0x2401 };
const SET_BPF: u32 = if ODD { 0x8004_2408 } else { 0x4004_2408 };
