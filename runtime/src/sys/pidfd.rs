use std::ffi::c_int;
use std::io;
use std::os::fd::OwnedFd;

use super::fd::adopt_result;

/// Of one thread rather than of a process (Linux 6.9).
pub(crate) const PIDFD_THREAD: u32 = libc::O_EXCL.cast_unsigned();

/// `pidfd_open(2)` (Linux 5.3), close-on-exec. ESRCH where there is no such process.
pub(crate) fn pidfd_open(pid: u32, flags: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes numbers only.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) };
    // SAFETY: the call answers a new descriptor, which fits, or -1.
    unsafe { adopt_result(raw as c_int) }
}
