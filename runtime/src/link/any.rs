use std::os::fd::AsFd;

use super::{
    CgroupOptions, Interface, IterOptions, KprobeMultiOptions, KprobeOptions, KsyscallOptions,
    Link, NetfilterFamily, NetfilterHook, NetfilterOptions, NetkitOptions, PerfEvent,
    PerfEventOptions, RawTracepointOptions, TcFilterOptions, TcxDirection, TcxOptions,
    TracepointOptions, TracingMultiOptions, TracingOptions, UprobeMultiOptions, UprobeOptions,
    UsdtOptions, XdpOptions,
};
use super::{
    auto, cgroup, iter, kprobe, kprobe_multi, ksyscall, lirc_mode2, netfilter, netkit, netns,
    perf_event, raw_tracepoint, socket_filter, sockmap, tc_filter, tcx, tracepoint, tracing,
    tracing_multi, uprobe, uprobe_multi, usdt, xdp,
};
use crate::Result;
use crate::program::{Program, kind::Any};

/// Each of these is the `attach` of the [`kind`](crate::program::kind) that its name says, where meaning, kernel version and
/// errors are documented. Where the program is of another type, the error is a
/// [`Mismatch`](crate::ErrorKind::Mismatch).
impl Program<Any> {
    /// Attaches the program as its section says, where that says all that is needed.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput): the section leaves open what to attach to; and all errors of
    /// the kind's own `attach`.
    #[doc(alias = "bpf_program__attach")]
    pub fn attach(&self) -> Result<Link> {
        auto::attach(self.handle())
    }

    /// To a tracepoint. See [`Tracepoint`](crate::program::kind::Tracepoint).
    pub fn attach_tracepoint(&self, options: TracepointOptions<'_>) -> Result<Link> {
        tracepoint::attach(self.handle(), &options)
    }

    /// To a raw tracepoint. See [`RawTracepoint`](crate::program::kind::RawTracepoint).
    pub fn attach_raw_tracepoint(&self, options: RawTracepointOptions<'_>) -> Result<Link> {
        raw_tracepoint::attach(self.handle(), &options)
    }

    /// To what it was loaded for: fentry and relatives, tp_btf, LSM. See [`Fentry`](crate::program::kind::Fentry).
    pub fn attach_tracing(&self, options: TracingOptions) -> Result<Link> {
        tracing::attach(self.handle(), &options)
    }

    /// To many functions of the kernel, by trampolines. See [`FentryMulti`](crate::program::kind::FentryMulti).
    pub fn attach_tracing_multi(&self, options: TracingMultiOptions<'_>) -> Result<Link> {
        tracing_multi::attach(self.handle(), &options)
    }

    /// As an iterator. See [`Iter`](crate::program::kind::Iter).
    pub fn attach_iter(&self, options: IterOptions<'_>) -> Result<Link> {
        iter::attach(self.handle(), &options)
    }

    /// To an instruction or a function's return in the kernel. See [`Kprobe`](crate::program::kind::Kprobe).
    pub fn attach_kprobe(&self, options: KprobeOptions<'_>) -> Result<Link> {
        kprobe::attach(self.handle(), &options)
    }

    /// To a system call. See [`Ksyscall`](crate::program::kind::Ksyscall).
    pub fn attach_ksyscall(&self, options: KsyscallOptions<'_>) -> Result<Link> {
        ksyscall::attach(self.handle(), &options)
    }

    /// To many functions of the kernel. See [`KprobeMulti`](crate::program::kind::KprobeMulti).
    pub fn attach_kprobe_multi(&self, options: KprobeMultiOptions<'_>) -> Result<Link> {
        kprobe_multi::attach(self.handle(), &options)
    }

    /// To an instruction or a function's return in a program or library. See [`Uprobe`](crate::program::kind::Uprobe).
    pub fn attach_uprobe(&self, options: UprobeOptions<'_>) -> Result<Link> {
        uprobe::attach(self.handle(), &options)
    }

    /// To many functions of a program or library. See [`UprobeMulti`](crate::program::kind::UprobeMulti).
    pub fn attach_uprobe_multi(&self, options: UprobeMultiOptions<'_>) -> Result<Link> {
        uprobe_multi::attach(self.handle(), &options)
    }

    /// To a probe that a program or library announces. See [`Usdt`](crate::program::kind::Usdt).
    pub fn attach_usdt(&self, options: UsdtOptions<'_>) -> Result<Link> {
        usdt::attach(self.handle(), &options)
    }

    /// To an interface's XDP hook. See [`Xdp`](crate::program::kind::Xdp).
    pub fn attach_xdp<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        options: XdpOptions,
    ) -> Result<Link> {
        xdp::attach(self.handle(), interface.into(), options)
    }

    /// To an interface's TCX hook; `None` takes the section's direction. See [`Tcx`](crate::program::kind::Tcx).
    pub fn attach_tcx<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        direction: Option<TcxDirection>,
        options: TcxOptions<'_>,
    ) -> Result<Link> {
        tcx::attach(self.handle(), interface.into(), direction, options)
    }

    /// To an interface as a filter of the qdisc `clsact`. See [`Tc`](crate::program::kind::Tc).
    pub fn attach_tc_filter<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        direction: TcxDirection,
        options: TcFilterOptions,
    ) -> Result<Link> {
        tc_filter::attach(self.handle(), interface.into(), direction, options)
    }

    /// To a netkit device. See [`Netkit`](crate::program::kind::Netkit).
    pub fn attach_netkit<'a>(
        &self,
        interface: impl Into<Interface<'a>>,
        options: NetkitOptions<'_>,
    ) -> Result<Link> {
        netkit::attach(self.handle(), interface.into(), options)
    }

    /// To a hook of netfilter. See [`Netfilter`](crate::program::kind::Netfilter).
    pub fn attach_netfilter(
        &self,
        family: NetfilterFamily,
        hook: NetfilterHook,
        options: NetfilterOptions,
    ) -> Result<Link> {
        netfilter::attach(self.handle(), family, hook, options)
    }

    /// To the sockets of a map. See [`SkSkb`](crate::program::kind::SkSkb) and [`SkMsg`](crate::program::kind::SkMsg).
    pub fn attach_sockmap(&self, map: impl AsFd) -> Result<Link> {
        sockmap::attach(self.handle(), map.as_fd())
    }

    /// To a receiver of infrared. See [`LircMode2`](crate::program::kind::LircMode2).
    pub fn attach_lirc(&self, device: impl AsFd) -> Result<Link> {
        lirc_mode2::attach(self.handle(), device.as_fd())
    }

    /// To a cgroup. See [`Cgroup`](crate::program::kind::Cgroup).
    pub fn attach_cgroup(&self, cgroup: impl AsFd, options: CgroupOptions<'_>) -> Result<Link> {
        cgroup::attach(self.handle(), cgroup.as_fd(), None, options)
    }

    /// To a network namespace. See [`FlowDissector`](crate::program::kind::FlowDissector) and
    /// [`SkLookup`](crate::program::kind::SkLookup).
    pub fn attach_netns(&self, netns: impl AsFd) -> Result<Link> {
        netns::attach(self.handle(), netns.as_fd())
    }

    /// To a socket. See [`SocketFilter`](crate::program::kind::SocketFilter).
    pub fn attach_socket_filter(&self, socket: impl AsFd) -> Result<Link> {
        socket_filter::attach(self.handle(), socket.as_fd())
    }

    /// To a perf event of the caller. See [`PerfEvent`](crate::program::kind::PerfEvent).
    pub fn attach_perf_event(&self, event: impl AsFd, options: PerfEventOptions) -> Result<Link> {
        perf_event::attach_fd(self.handle(), event.as_fd(), options)
    }

    /// To a perf event that is opened for it. See [`PerfEvent`](crate::program::kind::PerfEvent).
    pub fn attach_event(&self, event: PerfEvent, options: PerfEventOptions) -> Result<Link> {
        perf_event::attach_event(self.handle(), event, options)
    }
}
