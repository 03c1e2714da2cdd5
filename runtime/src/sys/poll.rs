use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::fd::{adopt_result, check};

/// Milliseconds as the calls take them: rounded up, so that a short wait is not a busy one; -1 without an end.
fn milliseconds(timeout: Option<Duration>) -> i32 {
    timeout.map_or(-1, |timeout| {
        i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
    })
}

/// `poll(2)` for one descriptor: whether it can be read before the time is over. A signal is an error of kind
/// [`Interrupted`](io::ErrorKind::Interrupted), so that a program can end on one.
pub(crate) fn poll_readable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one struct, exclusively borrowed.
    let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds(timeout)) };
    check(ready)?;
    Ok(ready > 0)
}

/// `epoll(7)`: waits for many descriptors, each known by a number that the caller gives.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: takes a number; answers a new descriptor or -1.
        unsafe { adopt_result(libc::epoll_create1(libc::EPOLL_CLOEXEC)) }.map(Self)
    }

    /// Waits for `fd` to be readable too. It leaves by itself once the last descriptor of the same file is closed.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, number: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: number };
        // SAFETY: one struct, exclusively borrowed.
        check(unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event)
        })
    }

    /// Calls `ready` with the number of each descriptor that can be read; answers how many that were, 0 when the
    /// time is over. A signal is an error of kind [`Interrupted`](io::ErrorKind::Interrupted).
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
        mut ready: impl FnMut(u64),
    ) -> io::Result<usize> {
        const AT_ONCE: usize = 64;
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; AT_ONCE];
        // SAFETY: the array is exclusively borrowed and as long as said.
        let count = unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                events.as_mut_ptr(),
                AT_ONCE as i32,
                milliseconds(timeout),
            )
        };
        check(count)?;
        for event in &events[..count as usize] {
            ready(event.u64);
        }
        Ok(count as usize)
    }
}

impl std::os::fd::AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
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
