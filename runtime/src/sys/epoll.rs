use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::fd::{adopt_result, check};

/// `epoll_create1(2)`, close-on-exec: can be read where one of those added to it can.
pub(crate) fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: takes a number.
    let raw = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    // SAFETY: the call answers a new descriptor or -1.
    unsafe { adopt_result(raw) }
}

/// `EPOLL_CTL_ADD`, for reading. What is added goes with its open file: with the last descriptor, and the last map that
/// holds it.
pub(crate) fn epoll_add(epoll: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
    let (epoll, fd) = (epoll.as_raw_fd(), fd.as_raw_fd());
    // SAFETY: one struct, exclusively borrowed, which the kernel only reads.
    check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) })
}
