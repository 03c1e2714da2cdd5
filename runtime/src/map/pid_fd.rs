use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::{Error, ErrorKind, Result, sys};

/// A descriptor that stands for a process or a thread, and for no other that gets its number later: the key of a
/// [`TaskStorage`](super::TaskStorage). Linux 5.3.
#[doc(alias = "pidfd")]
#[derive(Debug)]
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Of the process with this id, [`std::process::id`] say; in a [`TaskStorage`](super::TaskStorage) its first thread.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) where there is no such process.
    #[doc(alias = "pidfd_open")]
    pub fn open(pid: u32) -> Result<Self> {
        Self::open_with(pid, 0, "process")
    }

    /// Of the thread with this id (`gettid(2)`). Linux 6.9.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) where there is no such thread,
    /// [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel) on an older kernel.
    #[doc(alias = "PIDFD_THREAD")]
    pub fn open_thread(tid: u32) -> Result<Self> {
        Self::open_with(tid, sys::PIDFD_THREAD, "thread")
    }

    fn open_with(id: u32, flags: u32, what: &str) -> Result<Self> {
        sys::pidfd_open(id, flags).map(Self).map_err(|error| {
            let error = Error::system("pidfd_open", error);
            match error.raw_os_error() {
                Some(libc::EINVAL) if flags != 0 && !has_descriptors_of_threads() => error
                    .with_kind(ErrorKind::NotSupportedByKernel)
                    .with_hint("needs descriptors of threads, Linux 6.9"),
                // The latter two are for 0, and for a thread that is not the first of its process.
                Some(libc::ESRCH | libc::EINVAL | libc::ENOENT) => error
                    .with_kind(ErrorKind::NotFound)
                    .with_hint(format!("there is no {what} {id}")),
                _ => error,
            }
        })
    }
}

fn has_descriptors_of_threads() -> bool {
    sys::kernel_version().is_ok_and(|version| (version.major, version.minor) >= (6, 9))
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<PidFd> for OwnedFd {
    fn from(pid: PidFd) -> Self {
        pid.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_there_or_not() {
        assert!(PidFd::open(std::process::id()).is_ok());
        for pid in [0, u32::MAX] {
            let error = PidFd::open(pid).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{pid}");
            assert!(error.to_string().contains(&format!("there is no process {pid}")), "{error}");
        }
    }
}
