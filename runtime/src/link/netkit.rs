use super::create::{attach as attach_to, link_create};
use super::interface::explain_missing;
use super::position::explain as explain_position;
use super::{Interface, Link, Position};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, Result};

/// Options of netkit.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetkitOptions<'a> {
    position: Position<'a>,
    revision: u64,
}

impl<'a> NetkitOptions<'a> {
    /// After the device's other programs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where among the device's programs it runs.
    #[doc(alias("BPF_F_BEFORE", "BPF_F_AFTER"))]
    pub fn position(mut self, position: Position<'a>) -> Self {
        self.position = position;
        self
    }

    /// Attach only if the device still has this revision: it goes up with every change.
    pub fn expected_revision(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }
}

impl Program<kind::Netkit> {
    /// Attaches to a netkit device by its primary interface, to what it sends or to what its peer sends, as the section
    /// says: `netkit/primary`, `netkit/peer`. Linux 6.7.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound): no such interface;
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput): it is the peer, or no netkit device.
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_netkit"))]
    pub fn attach<'a>(&self, interface: impl Into<Interface<'a>>) -> Result<Link> {
        self.attach_with(interface, NetkitOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`.
    pub fn attach_with<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        options: NetkitOptions<'_>,
    ) -> Result<Link> {
        attach(self.handle(), interface.into(), options)
    }
}

pub(super) fn attach(
    program: &Handle,
    on: Interface<'_>,
    options: NetkitOptions<'_>,
) -> Result<Link> {
    let attach_type = program.about().attach_type;
    let side = match attach_type {
        AttachType::NETKIT_PRIMARY => "primary",
        AttachType::NETKIT_PEER => "peer",
        _ => "a side",
    };
    let target = || format!("netkit {side} of {on}");
    attach_to(program, &[AttachKind::Netkit], target, |fd| {
        if !matches!(attach_type, AttachType::NETKIT_PRIMARY | AttachType::NETKIT_PEER) {
            return Err(Error::invalid_input("the section does not say whether primary or peer"));
        }
        let index = on.index()?;
        let (flags, relative) = options.position.flags();
        let anchor = LinkOptions::Anchor { relative, expected_revision: options.revision };
        link_create(program, fd, Target::Ifindex(index), attach_type, flags, anchor, (6, 7))
            .map(Link::bpf)
            .map_err(|error| explain(explain_missing(error, index)))
    })
}

fn explain(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::ENXIO) => error
            .with_kind(crate::ErrorKind::InvalidInput)
            .with_hint("the interface is not one of a netkit device"),
        // A missing capability is EPERM.
        Some(number @ libc::EACCES) => {
            Error::invalid_input("the interface is the peer: give the primary one")
                .with_raw_os_error(number)
        }
        _ => explain_position(error),
    }
}
