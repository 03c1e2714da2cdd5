use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Link;
use super::tc_filter::TcFilter;
use super::usdt::Held;
use crate::map::Map;
use crate::sys;
use crate::uapi::AttachType;

/// How a program is attached.
pub(super) enum Attachment {
    /// A BPF link.
    Bpf(OwnedFd),
    /// `PERF_EVENT_IOC_SET_BPF` on this event.
    PerfEvent(OwnedFd),
    /// `SO_ATTACH_BPF` on this socket.
    Socket(OwnedFd),
    /// `BPF_PROG_ATTACH` to this map or device.
    Program { program: OwnedFd, target: OwnedFd, attach_type: AttachType },
    /// A filter of a qdisc.
    Filter(TcFilter),
    /// The operations in this map, registered without a link.
    StructOps(Map),
    /// A USDT probe at these places, at least one. The fields are in the order in which they go: the program is off before
    /// what it reads is given to others.
    Usdt { places: Vec<Link>, _held: Held },
}

impl Attachment {
    /// What it is, where it is no BPF link.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Bpf(_) => "a BPF link",
            Self::PerfEvent(_) => "an attachment to a perf event before Linux 5.15",
            Self::Socket(_) => "a socket's filter",
            Self::Program { .. } => "an attachment without a link",
            Self::Filter(_) => "a filter of a qdisc",
            Self::StructOps(_) => "a registration of operations without a link",
            Self::Usdt { .. } => "a USDT attachment",
        }
    }

    /// Whether it lasts without this process.
    pub(super) fn outlives_its_handle(&self) -> bool {
        match self {
            // What they are attached to holds them.
            Self::Socket(_) | Self::Program { .. } | Self::Filter(_) | Self::StructOps(_) => true,
            // Nothing but descriptors hold them, or a pin that its link knows of.
            Self::Bpf(_) | Self::PerfEvent(_) | Self::Usdt { .. } => false,
        }
    }

    /// Detaches what closing descriptors does not. There is nobody to tell of an error, and none that matters: what is
    /// gone is detached.
    pub(super) fn detach(&self) {
        match self {
            Self::PerfEvent(event) => drop(sys::perf_event_disable(event.as_fd())),
            Self::Socket(socket) => drop(sys::socket_detach_bpf(socket.as_fd())),
            Self::Program { program, target, attach_type } => {
                drop(sys::prog_detach(program.as_fd(), target.as_fd(), *attach_type));
            }
            Self::Filter(filter) => drop(filter.remove()),
            Self::StructOps(map) => drop(map.delete(&[0; 4])),
            // Its links do.
            Self::Bpf(_) | Self::Usdt { .. } => {}
        }
    }
}

impl AsFd for Attachment {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Bpf(fd) | Self::PerfEvent(fd) | Self::Socket(fd) => fd.as_fd(),
            Self::Program { target, .. } => target.as_fd(),
            Self::Filter(filter) => filter.as_fd(),
            Self::StructOps(map) => map.as_fd(),
            Self::Usdt { places, .. } => places[0].as_fd(),
        }
    }
}
