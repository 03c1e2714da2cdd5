//! Waiting for the other side of a ring.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::Result;
use crate::map::Map;

/// Waits by `poll`, one of the functions of `sys`: `false` when the time is over, or a signal came.
pub(super) fn ready(
    map: &Map,
    poll: fn(BorrowedFd<'_>, Option<Duration>) -> io::Result<bool>,
    timeout: Option<Duration>,
) -> Result<bool> {
    map.present()?;
    match poll(map.as_fd(), timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        result => result.map_err(|error| map.failed("poll", error)),
    }
}

/// Tries until something comes of it, for as long as `timeout` at most (`None`: without end), and once at least. `ready`
/// waits in between; it may say that all is ready where it is not for us, and again at once.
pub(super) fn until<T>(
    timeout: Option<Duration>,
    ready: impl Fn(Option<Duration>) -> Result<bool>,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut pause = Duration::from_micros(50);
    loop {
        let done = attempt()?;
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if done.is_some() || !ready(left)? {
            return Ok(done);
        }
        let done = attempt()?;
        if done.is_some() || left.is_some_and(|left| left.is_zero()) {
            return Ok(done);
        }
        std::thread::sleep(pause.min(left.unwrap_or(pause)));
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}
