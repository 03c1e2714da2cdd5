use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use super::Link;
use super::create::{attach as attach_to, link_create};
use crate::error::Within;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::sys::{LinkOptions, Target};
use crate::uapi::{AttachType, ProgramType};
use crate::{Error, Frame, Result};

macro_rules! netns {
    ($( $kind:ident, $since:literal, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!($what, " Linux ", $since, ".")]
            ///
            /// `netns` is an open file such as `/run/netns/NAME` or `/proc/PID/ns/net`.
            ///
            /// # Errors
            ///
            /// EINVAL: it is not a file of a network namespace; EEXIST or E2BIG: the hook is taken or full.
            #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_netns"))]
            pub fn attach(&self, netns: impl AsFd) -> Result<Link> {
                attach(self.handle(), netns.as_fd())
            }

            /// As [`attach`](Self::attach), to the network namespace of this thread.
            ///
            /// # Errors
            ///
            /// As `attach`.
            pub fn attach_current(&self) -> Result<Link> {
                attach_current(self.handle())
            }
        }
    )* };
}

netns! {
    FlowDissector, "5.8", "Takes packets apart, in place of the kernel, in a network namespace.";
    SkLookup, "5.9", "Picks the socket of new connections and packets in a network namespace.";
}

pub(super) fn attach_current(program: &Handle) -> Result<Link> {
    let netns = File::open("/proc/thread-self/ns/net")
        .map_err(|error| Error::system("open /proc/thread-self/ns/net", error))
        .within(|| Frame::Target("this network namespace".into()))
        .within(|| program.frame())?;
    attach(program, netns.as_fd())
}

pub(super) fn attach(program: &Handle, netns: BorrowedFd<'_>) -> Result<Link> {
    let (attach_type, since) = match program.about().program_type {
        ProgramType::SK_LOOKUP => (AttachType::SK_LOOKUP, (5, 9)),
        _ => (AttachType::FLOW_DISSECTOR, (5, 8)),
    };
    let target = || format!("{attach_type} of a network namespace");
    attach_to(program, &[K::FlowDissector, K::SkLookup], target, |fd| {
        let (netns, none) = (Target::Fd(netns), LinkOptions::None);
        link_create(program, fd, netns, attach_type, 0, none, since).map(Link::bpf)
    })
}
