use std::os::fd::{AsFd, BorrowedFd};

use super::Link;
use super::attachment::Attachment;
use super::create::{attach as attach_to, failed};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::sys::{self, LinkCreate, LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, Result};

macro_rules! sockmap {
    ($( $kind:ident, $since:literal, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!($what, " `map` is a socket map or hash, by its handle. Linux ", $since, "; a BPF link since 6.10.")]
            ///
            /// Before, it stays attached for as long as the map is there, unless the [link](Link) is dropped.
            ///
            /// # Errors
            ///
            /// EBUSY or EEXIST: the map has such a program by a link; EINVAL: it is no map of sockets.
            #[doc(alias("BPF_PROG_ATTACH", "BPF_LINK_CREATE", "bpf_program__attach_sockmap"))]
            pub fn attach(&self, map: impl AsFd) -> Result<Link> {
                attach(self.handle(), map.as_fd())
            }
        }
    )* };
}

sockmap! {
    SkSkb, "4.14", "Attaches to what the sockets of a map receive, as a parser or a verdict: its section says which.";
    SkMsg, "4.17", "Attaches to what the sockets of a map send.";
}

pub(super) fn attach(program: &Handle, map: BorrowedFd<'_>) -> Result<Link> {
    let attach_type = program.about().attach_type;
    let target = || format!("{attach_type} of a socket map");
    attach_to(program, &[K::SkSkb, K::SkMsg], target, |fd| {
        if attach_type == AttachType::default() {
            return Err(Error::invalid_input(
                "the section does not say whether stream_parser, stream_verdict or verdict",
            ));
        }
        let link = LinkCreate {
            program: fd,
            target: Target::Fd(map),
            attach_type,
            flags: 0,
            options: LinkOptions::None,
        };
        match sys::link_create(&link) {
            // An older kernel, or no map of sockets: the older call tells.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                by_program(program, fd, map, attach_type)
            }
            linked => linked
                .map(Link::bpf)
                .map_err(|error| failed("BPF_LINK_CREATE", error, program, (6, 10))),
        }
    })
}

/// `BPF_PROG_ATTACH`, for what has no link.
pub(super) fn by_program(
    program: &Handle,
    fd: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    attach_type: AttachType,
) -> Result<Link> {
    let clone = |fd| sys::try_clone(fd).map_err(|error| Error::system("dup", error));
    let (own, target_own) = (clone(fd)?, clone(target)?);
    sys::prog_attach(fd, target, attach_type)
        .map_err(|error| failed("BPF_PROG_ATTACH", error, program, (4, 14)))?;
    Ok(Link::new(Attachment::Program { program: own, target: target_own, attach_type }))
}
