use std::os::fd::{AsFd, BorrowedFd};

use super::Link;
use super::attachment::Attachment;
use super::create::attach as attach_to;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::{Error, Result, sys};

impl Program<kind::SocketFilter> {
    /// Filters what a socket receives: the program answers how many bytes of each packet to keep. Linux 3.19.
    ///
    /// It takes the place of a filter that the socket has. The link is no BPF link: it holds the socket open, and takes
    /// whatever filter the socket has off it when it is dropped.
    ///
    /// # Errors
    ///
    /// ENOTSOCK: the descriptor is not one of a socket; EPERM: the filter is locked (`SO_LOCK_FILTER`).
    #[doc(alias = "SO_ATTACH_BPF")]
    pub fn attach(&self, socket: impl AsFd) -> Result<Link> {
        attach(self.handle(), socket.as_fd())
    }
}

pub(super) fn attach(program: &Handle, socket: BorrowedFd<'_>) -> Result<Link> {
    attach_to(
        program,
        &[AttachKind::SocketFilter],
        || "a socket".into(),
        |fd| {
            let own = sys::try_clone(socket).map_err(|error| Error::system("dup", error))?;
            sys::socket_attach_bpf(socket, fd)
                .map_err(|error| Error::system("setsockopt(SO_ATTACH_BPF)", error))?;
            Ok(Link::new(Attachment::Socket(own)))
        },
    )
}
