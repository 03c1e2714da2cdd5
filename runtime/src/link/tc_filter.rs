//! Classifiers by the qdisc `clsact`: what there was before TCX.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::attachment::Attachment;
use super::create::attach as attach_to;
use super::interface::explain_missing;
use super::{Interface, Link, TcxDirection};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{self, Netlink, explain};
use crate::{Error, ErrorKind, Result};

/// Options of a classifier by the qdisc `clsact`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcFilterOptions {
    priority: u16,
    handle: u32,
}

impl TcFilterOptions {
    /// Priority and handle are the kernel's to choose: before all filters that are there.
    pub fn new() -> Self {
        Self::default()
    }

    /// The order among the filters, from 1: lower runs earlier. 0 leaves it to the kernel.
    pub fn priority(mut self, priority: u16) -> Self {
        self.priority = priority;
        self
    }

    /// The filter's number among those of its priority. 0 leaves it to the kernel.
    pub fn handle(mut self, handle: u32) -> Self {
        self.handle = handle;
        self
    }
}

/// A filter of ours, and the way to the kernel by which it goes.
#[derive(Debug)]
pub(super) struct TcFilter {
    netlink: Netlink,
    message: TcMessage,
}

impl TcFilter {
    pub(super) fn remove(&self) -> std::io::Result<()> {
        let kind = attribute(TCA_KIND, b"bpf\0");
        let request = [self.message.to_bytes(), kind].concat();
        self.netlink.request(libc::RTM_DELTFILTER, 0, &request).map(drop)
    }
}

impl AsFd for TcFilter {
    /// The socket's: a filter has none.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.netlink.as_fd()
    }
}

impl Program<kind::Tc> {
    /// Attaches a classifier to a network interface: by TCX where the kernel has it (Linux 6.6), else as a filter of the
    /// qdisc `clsact`, as [`attach_filter`](Self::attach_filter). Linux 4.5.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound): no such interface.
    #[doc(alias("bpf_program__attach_tcx", "bpf_tc_attach"))]
    pub fn attach<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        direction: TcxDirection,
    ) -> Result<Link> {
        let interface = interface.into();
        match self.attach_tcx(interface, direction, Default::default()) {
            Err(error) if error.kind() == ErrorKind::NotSupportedByKernel => {
                self.attach_filter(interface, direction, TcFilterOptions::new())
            }
            attached => attached,
        }
    }

    /// Attaches a classifier to a network interface as a filter of the qdisc `clsact`, in direct action mode: what it
    /// returns is done. The qdisc is made where the interface has none, and stays, since others may come to use it.
    /// Linux 4.5.
    ///
    /// The [link](Link) is no BPF link: the filter goes when it is dropped, and stays without it
    /// ([`disconnect`](Link::disconnect)) as long as the interface.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound): no such interface; [`AlreadyExists`](ErrorKind::AlreadyExists): there is a
    /// filter with this priority and handle.
    #[doc(alias("RTM_NEWTFILTER", "bpf_tc_hook_create", "bpf_tc_attach"))]
    pub fn attach_filter<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        direction: TcxDirection,
        options: TcFilterOptions,
    ) -> Result<Link> {
        attach(self.handle(), interface.into(), direction, options)
    }
}

pub(super) fn attach(
    program: &Handle,
    on: Interface<'_>,
    direction: TcxDirection,
    options: TcFilterOptions,
) -> Result<Link> {
    let target = || format!("tc filter, {direction:?} of {on}");
    attach_to(program, &[AttachKind::Tcx], target, |fd| {
        let index = on.index()?;
        let netlink =
            Netlink::open().map_err(|error| Error::system("socket(AF_NETLINK)", error))?;
        let is_new = make_qdisc(&netlink, index)?;
        let message = TcMessage {
            index,
            handle: options.handle,
            parent: match direction {
                TcxDirection::Ingress => CLSACT_INGRESS,
                TcxDirection::Egress => CLSACT_EGRESS,
            },
            info: (u32::from(options.priority) << 16) | u32::from(ETH_P_ALL.to_be()),
        };
        let content = [
            attribute(TCA_BPF_FD, &fd.as_raw_fd().to_ne_bytes()),
            attribute(TCA_BPF_NAME, &[program.about().name.as_bytes(), b"\0"].concat()),
            attribute(TCA_BPF_FLAGS, &DIRECT_ACTION.to_ne_bytes()),
        ];
        let request = [
            message.to_bytes(),
            attribute(TCA_KIND, b"bpf\0"),
            attribute(TCA_OPTIONS, &content.concat()),
        ];
        let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL | libc::NLM_F_ECHO;
        let made =
            netlink.request(libc::RTM_NEWTFILTER, flags, &request.concat()).map_err(|error| {
                if is_new {
                    remove_qdisc(&netlink, index);
                }
                refused("RTM_NEWTFILTER", error, index)
            })?;
        // The kernel says which priority and handle it gave.
        let message = TcMessage::read(&made).ok_or_else(|| {
            Error::new(ErrorKind::System, "RTM_NEWTFILTER: the kernel did not say what it made")
        })?;
        Ok(Link::new(Attachment::Filter(TcFilter { netlink, message })))
    })
}

/// Whether it was not there yet.
fn make_qdisc(netlink: &Netlink, index: u32) -> Result<bool> {
    let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    match netlink.request(libc::RTM_NEWQDISC, flags, &clsact(index)) {
        Ok(_) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(false),
        Err(error) => Err(refused("RTM_NEWQDISC", error, index)),
    }
}

fn remove_qdisc(netlink: &Netlink, index: u32) {
    // The filter's error is the one to tell of.
    let _ = netlink.request(libc::RTM_DELQDISC, 0, &clsact(index));
}

fn clsact(index: u32) -> Vec<u8> {
    let message = TcMessage { index, handle: CLSACT_HANDLE, parent: CLSACT, info: 0 };
    [message.to_bytes(), attribute(TCA_KIND, b"clsact\0")].concat()
}

fn refused(call: &str, error: std::io::Error, index: u32) -> Error {
    let missing = error.raw_os_error() == Some(libc::ENOENT);
    let error = explain::permission(Error::system(call, error), &[sys::Capability::NetAdmin]);
    if missing {
        return error.with_kind(ErrorKind::NotSupportedByKernel).with_hint(
            "the kernel has no clsact or no classifiers in BPF (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF, or their modules)",
        );
    }
    explain_missing(error, index)
}

const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_BPF_FD: u16 = 6;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_FLAGS: u16 = 8;
const DIRECT_ACTION: u32 = 1;
const CLSACT: u32 = 0xffff_fff1;
const CLSACT_HANDLE: u32 = 0xffff_0000;
const CLSACT_INGRESS: u32 = 0xffff_fff2;
const CLSACT_EGRESS: u32 = 0xffff_fff3;
const ETH_P_ALL: u16 = 3;

/// `struct tcmsg`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TcMessage {
    index: u32,
    handle: u32,
    parent: u32,
    /// The priority, and the protocol in network byte order.
    info: u32,
}

impl TcMessage {
    fn to_bytes(self) -> Vec<u8> {
        // AF_UNSPEC and padding.
        let mut bytes = vec![0; 4];
        for number in [self.index, self.handle, self.parent, self.info] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let at = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        Some(Self { index: at(4)?, handle: at(8)?, parent: at(12)?, info: at(16)? })
    }
}

/// A netlink attribute, padded to four bytes. What is in it here is short.
fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = 4 + payload.len();
    let mut bytes = [(length as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(length.next_multiple_of(4), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_are_written() {
        let message = TcMessage { index: 1, handle: 2, parent: CLSACT_EGRESS, info: 4 };
        assert_eq!(message.to_bytes().len(), 20);
        assert_eq!(TcMessage::read(&message.to_bytes()), Some(message));
        assert_eq!(TcMessage::read(&[0; 19]), None);
    }

    #[test]
    fn attributes_are_padded() {
        assert_eq!(attribute(1, b"bpf\0").len(), 8);
        assert_eq!(attribute(1, b"x").len(), 8);
    }
}
