use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Takes over a new descriptor. One of the standard three is moved up: a program that closed its standard input
/// would otherwise hand out a map as 0, which many attributes take for "none".
///
/// # Safety
///
/// `raw` is an open descriptor that nobody else owns.
pub(super) unsafe fn adopt(raw: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: as the caller vouches.
    let fd = unsafe { OwnedFd::from_raw_fd(raw) };
    if raw > libc::STDERR_FILENO { Ok(fd) } else { duplicate(raw) }
}

/// A result of a system call that answers a descriptor or -1.
///
/// # Safety
///
/// As [`adopt`] where `raw` is not negative.
pub(super) unsafe fn adopt_result(raw: c_int) -> io::Result<OwnedFd> {
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as the caller vouches.
    unsafe { adopt(raw) }
}

/// Zero, or an error.
pub(super) fn check(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn duplicate(raw: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes a number and touches no memory.
    let new = unsafe { libc::fcntl(raw, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1) };
    check(new)?;
    // SAFETY: the call has just opened it.
    Ok(unsafe { OwnedFd::from_raw_fd(new) })
}

/// Another descriptor of the same open file, close-on-exec and above the standard three.
pub(crate) fn try_clone(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    duplicate(fd.as_raw_fd())
}

/// A descriptor that stands for a map or program which does not exist: an event that never comes, which every BPF
/// command refuses.
pub(crate) fn placeholder() -> io::Result<OwnedFd> {
    // SAFETY: takes numbers only.
    let raw = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    // SAFETY: the call answers a new descriptor or -1.
    unsafe { adopt_result(raw) }
}
