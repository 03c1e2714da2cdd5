use super::Link;
use super::create::{attach as attach_to, link_create};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, ErrorKind, Result};

/// A protocol of netfilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetfilterFamily {
    /// IPv4.
    #[doc(alias = "NFPROTO_IPV4")]
    Ipv4,
    /// IPv6.
    #[doc(alias = "NFPROTO_IPV6")]
    Ipv6,
}

/// Where in a packet's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is named as netfilter's hook is")]
pub enum NetfilterHook {
    #[doc(alias = "NF_INET_PRE_ROUTING")]
    PreRouting,
    #[doc(alias = "NF_INET_LOCAL_IN")]
    LocalIn,
    #[doc(alias = "NF_INET_FORWARD")]
    Forward,
    #[doc(alias = "NF_INET_LOCAL_OUT")]
    LocalOut,
    #[doc(alias = "NF_INET_POST_ROUTING")]
    PostRouting,
}

/// Options of netfilter.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetfilterOptions {
    priority: i32,
    defragment: bool,
}

impl NetfilterOptions {
    /// Priority 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// The order among the hook's programs and tables: lower runs earlier, and no two are alike. Not the lowest and the
    /// highest number.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// The program sees whole packets: fragments are put together before (Linux 6.6). It takes a priority above -400.
    #[doc(alias = "BPF_F_NETFILTER_IP_DEFRAG")]
    pub fn defragment(mut self) -> Self {
        self.defragment = true;
        self
    }
}

impl Program<kind::Netfilter> {
    /// Attaches to a hook of netfilter, in the network namespace of this thread: it answers 1 to let a packet pass and 0
    /// to drop it. Linux 6.4.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists): the hook has a program of this priority.
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_netfilter"))]
    pub fn attach(&self, family: NetfilterFamily, hook: NetfilterHook) -> Result<Link> {
        self.attach_with(family, hook, NetfilterOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`.
    pub fn attach_with(
        &self,
        family: NetfilterFamily,
        hook: NetfilterHook,
        options: NetfilterOptions,
    ) -> Result<Link> {
        attach(self.handle(), family, hook, options)
    }
}

pub(super) fn attach(
    program: &Handle,
    family: NetfilterFamily,
    hook: NetfilterHook,
    options: NetfilterOptions,
) -> Result<Link> {
    let target = || format!("netfilter {hook:?} of {family:?}, priority {}", options.priority);
    attach_to(program, &[AttachKind::Netfilter], target, |fd| {
        const DEFRAGMENT: u32 = 1;
        let link = LinkOptions::Netfilter {
            family: match family {
                NetfilterFamily::Ipv4 => 2,
                NetfilterFamily::Ipv6 => 10,
            },
            hook: hook as u32,
            priority: options.priority,
            flags: if options.defragment { DEFRAGMENT } else { 0 },
        };
        let since = if options.defragment { (6, 6) } else { (6, 4) };
        link_create(program, fd, Target::None, AttachType::NETFILTER, 0, link, since)
            .map(Link::bpf)
            .map_err(explain)
    })
}

fn explain(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EBUSY) => error
            .with_kind(ErrorKind::AlreadyExists)
            .with_hint("the hook has a program of this priority already"),
        Some(libc::ERANGE) => error.with_hint(
            "neither the lowest nor the highest priority, nor one before -400 with defragment",
        ),
        Some(libc::EAFNOSUPPORT) => {
            error.with_hint("the kernel cannot put fragments together for this family")
        }
        _ => error,
    }
}
