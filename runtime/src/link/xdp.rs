use super::create::{attach as attach_to, link_create};
use super::interface::explain_missing;
use super::{Interface, Link};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, Result};

/// Where in an interface's path an XDP program runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum XdpMode {
    /// In the driver where it can, else in the generic path.
    #[default]
    Any,
    /// In the generic path, after a socket buffer was made: any interface, slow.
    #[doc(alias = "XDP_FLAGS_SKB_MODE")]
    Skb,
    /// In the driver, or not at all.
    #[doc(alias = "XDP_FLAGS_DRV_MODE")]
    Driver,
    /// On the network card. The program must have been loaded for it.
    #[doc(alias = "XDP_FLAGS_HW_MODE")]
    Hardware,
}

/// Options of XDP.
#[derive(Clone, Copy, Debug, Default)]
pub struct XdpOptions {
    mode: XdpMode,
}

impl XdpOptions {
    /// [`XdpMode::Any`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the program runs.
    pub fn mode(mut self, mode: XdpMode) -> Self {
        self.mode = mode;
        self
    }
}

impl Program<kind::Xdp> {
    /// Attaches to a network interface: `2`, or `"eth0"`. Linux 5.9.
    ///
    /// # Errors
    ///
    /// EBUSY: the interface has an XDP program in this mode; [`NotFound`](crate::ErrorKind::NotFound): no such interface.
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_xdp"))]
    pub fn attach<'a>(&self, interface: impl Into<Interface<'a>>) -> Result<Link> {
        self.attach_with(interface, XdpOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`; EOPNOTSUPP where the driver cannot do the mode.
    pub fn attach_with<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        options: XdpOptions,
    ) -> Result<Link> {
        attach(self.handle(), interface.into(), options)
    }
}

pub(super) fn attach(program: &Handle, on: Interface<'_>, options: XdpOptions) -> Result<Link> {
    let target = || format!("xdp of {on}");
    attach_to(program, &[AttachKind::Xdp], target, |fd| {
        let index = on.index()?;
        let flags = match options.mode {
            XdpMode::Any => 0,
            XdpMode::Skb => 1 << 1,
            XdpMode::Driver => 1 << 2,
            XdpMode::Hardware => 1 << 3,
        };
        let none = LinkOptions::None;
        link_create(program, fd, Target::Ifindex(index), AttachType::XDP, flags, none, (5, 9))
            .map(Link::bpf)
            .map_err(|error| explain(explain_missing(error, index)))
    })
}

fn explain(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EBUSY) => error.with_hint("the interface has an XDP program already"),
        Some(libc::EOPNOTSUPP) => error.with_hint("the interface's driver cannot do this mode"),
        _ => error,
    }
}
