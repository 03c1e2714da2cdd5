use std::io;

use super::fd::check;
use super::host::{KernelVersion, kernel_version};

/// Memory is counted by cgroup since Linux 5.11; before, against the limit of what a user may lock, root included, which
/// is a few objects by default. EPERM is the answer then.
const COUNTED_BY_CGROUP: KernelVersion = KernelVersion { major: 5, minor: 11, patch: 0 };

/// Makes the call, and once more with a higher `RLIMIT_MEMLOCK` where an old kernel refused it and the limit could be
/// raised.
pub(super) fn with_memlock<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    match call() {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) && raise() => call(),
        result => result,
    }
}

/// Raises the limit as far as the process may; whether that is any more than it was.
fn raise() -> bool {
    if kernel_version().is_ok_and(|version| version >= COUNTED_BY_CGROUP) {
        return false;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: one struct, exclusively borrowed.
    if check(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) }).is_err() {
        return false;
    }
    let unlimited = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // Without CAP_SYS_RESOURCE, up to the hard limit.
    let highest = libc::rlimit { rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max };
    [unlimited, highest].iter().filter(|wanted| wanted.rlim_cur > limit.rlim_cur).any(|wanted| {
        // SAFETY: one struct, borrowed.
        check(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, std::ptr::from_ref(wanted)) }).is_ok()
    })
}
