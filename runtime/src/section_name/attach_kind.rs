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
