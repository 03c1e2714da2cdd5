use super::create::{attach as attach_to, link_create};
use super::interface::explain_missing;
use super::position::explain as explain_position;
use super::{Interface, Link, Position};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, Result};

/// The way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcxDirection {
    /// Into the machine.
    Ingress,
    /// Out of it.
    Egress,
}

/// Options of TCX.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcxOptions<'a> {
    position: Position<'a>,
    revision: u64,
}

impl<'a> TcxOptions<'a> {
    /// Last, whatever else is there.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where among the programs of the hook it runs.
    #[doc(alias("BPF_F_BEFORE", "BPF_F_AFTER"))]
    pub fn position(mut self, position: Position<'a>) -> Self {
        self.position = position;
        self
    }

    /// Attach only if the hook still has this revision: it goes up with every change.
    pub fn expected_revision(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }
}

impl Program<kind::Tcx> {
    /// Attaches to a network interface, in the direction that its section says. Linux 6.6.
    ///
    /// # Errors
    ///
    /// EEXIST: this program is there already; ESTALE: the hook has another revision than expected;
    /// [`NotFound`](crate::ErrorKind::NotFound): no such interface.
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_tcx"))]
    pub fn attach<'a>(&self, interface: impl Into<Interface<'a>>) -> Result<Link> {
        self.attach_with(interface, TcxOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`.
    pub fn attach_with<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        options: TcxOptions<'_>,
    ) -> Result<Link> {
        attach(self.handle(), interface.into(), None, options)
    }
}

impl Program<kind::Tc> {
    /// Attaches a classifier to a network interface by TCX, without a qdisc. Linux 6.6.
    ///
    /// # Errors
    ///
    /// As those of a program of section `tcx/…`.
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_tcx"))]
    pub fn attach_tcx<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        direction: TcxDirection,
        options: TcxOptions<'_>,
    ) -> Result<Link> {
        attach(self.handle(), interface.into(), Some(direction), options)
    }
}

pub(super) fn attach(
    program: &Handle,
    on: Interface<'_>,
    direction: Option<TcxDirection>,
    options: TcxOptions<'_>,
) -> Result<Link> {
    let attach_type = match direction {
        Some(TcxDirection::Ingress) => AttachType::TCX_INGRESS,
        Some(TcxDirection::Egress) => AttachType::TCX_EGRESS,
        None => program.about().attach_type,
    };
    let way = match attach_type {
        AttachType::TCX_INGRESS => "ingress",
        AttachType::TCX_EGRESS => "egress",
        _ => "a direction",
    };
    attach_to(
        program,
        &[AttachKind::Tcx],
        || format!("tcx {way} of {on}"),
        |fd| {
            if !matches!(attach_type, AttachType::TCX_INGRESS | AttachType::TCX_EGRESS) {
                return Err(Error::invalid_input(
                    "the section does not say whether ingress or egress",
                ));
            }
            let index = on.index()?;
            let (flags, relative) = options.position.flags();
            let anchor = LinkOptions::Anchor { relative, expected_revision: options.revision };
            link_create(program, fd, Target::Ifindex(index), attach_type, flags, anchor, (6, 6))
                .map(Link::bpf)
                .map_err(|error| explain_position(explain_missing(error, index)))
        },
    )
}
