use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys;

/// How a program is attached.
pub(super) enum Attachment {
    /// A BPF link.
    Bpf(OwnedFd),
    /// `PERF_EVENT_IOC_SET_BPF` on this event.
    PerfEvent(OwnedFd),
    /// `SO_ATTACH_BPF` on this socket.
    Socket(OwnedFd),
}

impl Attachment {
    /// What it is, where it is no BPF link.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Bpf(_) => "a BPF link",
            Self::PerfEvent(_) => "an attachment to a perf event before Linux 5.15",
            Self::Socket(_) => "a socket's filter",
        }
    }

    /// Whether it lasts without this process.
    pub(super) fn outlives_its_handle(&self) -> bool {
        match self {
            // The socket holds its filter.
            Self::Socket(_) => true,
            // Nothing but descriptors hold them, or a pin that its link knows of.
            Self::Bpf(_) | Self::PerfEvent(_) => false,
        }
    }

    /// Detaches what closing descriptors does not. There is nobody to tell of an error, and none that matters: what is
    /// gone is detached.
    pub(super) fn detach(&self) {
        match self {
            Self::PerfEvent(event) => drop(sys::perf_event_disable(event.as_fd())),
            Self::Socket(socket) => drop(sys::socket_detach_bpf(socket.as_fd())),
            Self::Bpf(_) => {}
        }
    }
}

impl AsFd for Attachment {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Bpf(fd) | Self::PerfEvent(fd) | Self::Socket(fd) => fd.as_fd(),
        }
    }
}
