use std::fmt;

/// How a program is attached; the generator picks the handle's type by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is named as its section is")]
pub enum AttachKind {
    /// The name says nothing, or programs of this type are not attached on their own (`syscall`).
    None,
    Tracepoint,
    RawTracepoint,
    TpBtf,
    Fentry,
    Fexit,
    FmodRet,
    Fsession,
    FentryMulti,
    FexitMulti,
    FsessionMulti,
    Freplace,
    Lsm,
    LsmCgroup,
    Iter,
    Kprobe,
    Kretprobe,
    KprobeMulti,
    KretprobeMulti,
    KprobeSession,
    Ksyscall,
    Kretsyscall,
    Uprobe,
    Uretprobe,
    UprobeMulti,
    UretprobeMulti,
    UprobeSession,
    Usdt,
    SocketFilter,
    SkReuseport,
    Tc,
    Tcx,
    Netkit,
    Xdp,
    PerfEvent,
    Lwt,
    SockOps,
    SkSkb,
    SkMsg,
    LircMode2,
    FlowDissector,
    SkLookup,
    Netfilter,
    Cgroup,
    StructOps,
}

impl AttachKind {
    /// Whether a skeleton's `attach()` attaches programs of this kind: the section's name says all that is needed.
    ///
    /// The others need something that only the running program knows: an interface, a cgroup, a socket, a map.
    pub const fn is_auto(self) -> bool {
        matches!(
            self,
            Self::Tracepoint
                | Self::RawTracepoint
                | Self::TpBtf
                | Self::Fentry
                | Self::Fexit
                | Self::FmodRet
                | Self::Fsession
                | Self::FentryMulti
                | Self::FexitMulti
                | Self::FsessionMulti
                | Self::Freplace
                | Self::Lsm
                | Self::Iter
                | Self::Kprobe
                | Self::Kretprobe
                | Self::KprobeMulti
                | Self::KretprobeMulti
                | Self::KprobeSession
                | Self::Ksyscall
                | Self::Kretsyscall
                | Self::Uprobe
                | Self::Uretprobe
                | Self::UprobeMulti
                | Self::UretprobeMulti
                | Self::UprobeSession
                | Self::Usdt
        )
    }
}

impl fmt::Display for AttachKind {
    /// What sections of this kind begin with: `raw_tracepoint`, `cgroup`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Tracepoint => "tracepoint",
            Self::RawTracepoint => "raw_tracepoint",
            Self::TpBtf => "tp_btf",
            Self::Fentry => "fentry",
            Self::Fexit => "fexit",
            Self::FmodRet => "fmod_ret",
            Self::Fsession => "fsession",
            Self::FentryMulti => "fentry.multi",
            Self::FexitMulti => "fexit.multi",
            Self::FsessionMulti => "fsession.multi",
            Self::Freplace => "freplace",
            Self::Lsm => "lsm",
            Self::LsmCgroup => "lsm_cgroup",
            Self::Iter => "iter",
            Self::Kprobe => "kprobe",
            Self::Kretprobe => "kretprobe",
            Self::KprobeMulti => "kprobe.multi",
            Self::KretprobeMulti => "kretprobe.multi",
            Self::KprobeSession => "kprobe.session",
            Self::Ksyscall => "ksyscall",
            Self::Kretsyscall => "kretsyscall",
            Self::Uprobe => "uprobe",
            Self::Uretprobe => "uretprobe",
            Self::UprobeMulti => "uprobe.multi",
            Self::UretprobeMulti => "uretprobe.multi",
            Self::UprobeSession => "uprobe.session",
            Self::Usdt => "usdt",
            Self::SocketFilter => "socket",
            Self::SkReuseport => "sk_reuseport",
            Self::Tc => "tc",
            Self::Tcx => "tcx",
            Self::Netkit => "netkit",
            Self::Xdp => "xdp",
            Self::PerfEvent => "perf_event",
            Self::Lwt => "lwt",
            Self::SockOps => "sockops",
            Self::SkSkb => "sk_skb",
            Self::SkMsg => "sk_msg",
            Self::LircMode2 => "lirc_mode2",
            Self::FlowDissector => "flow_dissector",
            Self::SkLookup => "sk_lookup",
            Self::Netfilter => "netfilter",
            Self::Cgroup => "cgroup",
            Self::StructOps => "struct_ops",
        })
    }
}
