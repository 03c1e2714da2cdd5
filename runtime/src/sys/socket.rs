use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::fd::check;

fn set(socket: BorrowedFd<'_>, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value is on the stack and as long as said.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            std::ptr::from_ref(&value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    })
}

/// `setsockopt(2)` with `SO_ATTACH_BPF`: the program filters what the socket receives, in place of one before.
pub(crate) fn socket_attach_bpf(socket: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::SO_ATTACH_BPF, program.as_raw_fd())
}

/// `setsockopt(2)` with `SO_DETACH_BPF`. ENOENT where there is none.
pub(crate) fn socket_detach_bpf(socket: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::SO_DETACH_FILTER, 0)
}
