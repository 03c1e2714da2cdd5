//! What a program's section name says: its type, how it is attached, and to what.

use crate::uapi::{AttachType, ProgramType};

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
