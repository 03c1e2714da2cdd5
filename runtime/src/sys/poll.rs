use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use super::fd::check;

/// Milliseconds as the calls take them: rounded up, so that a short wait is not a busy one; -1 without an end.
fn milliseconds(timeout: Option<Duration>) -> i32 {
    timeout.map_or(-1, |timeout| {
        i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
    })
}

/// `poll(2)` for one descriptor: whether it can be read before the time is over. A signal is an error of kind
/// [`Interrupted`](io::ErrorKind::Interrupted), so that a program can end on one.
pub(crate) fn poll_readable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    poll(fd, libc::POLLIN, timeout)
}

/// As [`poll_readable`]: whether it can be written.
pub(crate) fn poll_writable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    poll(fd, libc::POLLOUT, timeout)
}

fn poll(fd: BorrowedFd<'_>, events: i16, timeout: Option<Duration>) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one struct, exclusively borrowed.
    let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds(timeout)) };
    check(ready)?;
    Ok(ready > 0)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;
    use std::time::Duration;

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(milliseconds(None), -1);
        assert_eq!(milliseconds(Some(Duration::ZERO)), 0);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1))), 1);
        assert_eq!(milliseconds(Some(Duration::MAX)), i32::MAX);
    }
}
