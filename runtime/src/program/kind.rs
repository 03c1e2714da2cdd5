//! Marker types: how a program is attached, as a type.
//!
//! `Program<kind::Xdp>` has the `attach` of XDP programs and no other. [`Any`] has them all and finds out at run time
//! which one fits.

use crate::section_name::AttachKind;
use crate::uapi::ProgramType;

mod sealed {
    pub trait Sealed {}
}

/// A marker type of this module.
pub trait Kind: sealed::Sealed + Send + Sync + 'static {
    /// The kind as a value; `None` for [`Any`].
    const KIND: Option<AttachKind>;
}

/// A program of any kind.
#[derive(Clone, Copy, Debug)]
pub enum Any {}

impl sealed::Sealed for Any {}
impl Kind for Any {
    const KIND: Option<AttachKind> = None;
}

macro_rules! kinds {
    ($( $name:ident: $sections:literal, )*) => {
        $(
            #[doc = concat!("Programs of section ", $sections, ".")]
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl sealed::Sealed for $name {}
            impl Kind for $name {
                const KIND: Option<AttachKind> = Some(AttachKind::$name);
            }
        )*
    };
}

kinds! {
    None: "`syscall`, or of a name that says nothing",
    Tracepoint: "`tracepoint/…`, `tp/…`",
    RawTracepoint: "`raw_tracepoint/…`, `raw_tp/…`",
    TpBtf: "`tp_btf/…`",
    Fentry: "`fentry/…`",
    Fexit: "`fexit/…`",
    FmodRet: "`fmod_ret/…`",
    Fsession: "`fsession/…`",
    FentryMulti: "`fentry.multi/…`",
    FexitMulti: "`fexit.multi/…`",
    FsessionMulti: "`fsession.multi/…`",
    Freplace: "`freplace/…`",
    Lsm: "`lsm/…`",
    LsmCgroup: "`lsm_cgroup/…`",
    Iter: "`iter/…`",
    Kprobe: "`kprobe/…`",
    Kretprobe: "`kretprobe/…`",
    KprobeMulti: "`kprobe.multi/…`",
    KretprobeMulti: "`kretprobe.multi/…`",
    KprobeSession: "`kprobe.session/…`",
    Ksyscall: "`ksyscall/…`",
    Kretsyscall: "`kretsyscall/…`",
    Uprobe: "`uprobe/…`",
    Uretprobe: "`uretprobe/…`",
    UprobeMulti: "`uprobe.multi/…`",
    UretprobeMulti: "`uretprobe.multi/…`",
    UprobeSession: "`uprobe.session/…`",
    Usdt: "`usdt/…`",
    SocketFilter: "`socket`",
    SkReuseport: "`sk_reuseport`",
    Tc: "`tc`, `classifier`, `action`",
    Tcx: "`tcx/ingress`, `tcx/egress`",
    Netkit: "`netkit/primary`, `netkit/peer`",
    Xdp: "`xdp`",
    PerfEvent: "`perf_event`",
    Lwt: "`lwt_in`, `lwt_out`, `lwt_xmit`, `lwt_seg6local`",
    SockOps: "`sockops`",
    SkSkb: "`sk_skb`",
    SkMsg: "`sk_msg`",
    LircMode2: "`lirc_mode2`",
    FlowDissector: "`flow_dissector`",
    SkLookup: "`sk_lookup`",
    Netfilter: "`netfilter`",
    Cgroup: "`cgroup/…`, `cgroup_skb/…`",
    StructOps: "`struct_ops/…`",
}

/// The program types that programs of this kind have.
pub(crate) fn program_types(kind: AttachKind) -> &'static [ProgramType] {
    use AttachKind as K;
    use ProgramType as P;
    match kind {
        // A program without a way to be attached can be of any type.
        K::None => P::KNOWN,
        K::Tracepoint => &[P::TRACEPOINT],
        K::RawTracepoint => &[P::RAW_TRACEPOINT, P::RAW_TRACEPOINT_WRITABLE],
        K::TpBtf
        | K::Fentry
        | K::Fexit
        | K::FmodRet
        | K::Fsession
        | K::FentryMulti
        | K::FexitMulti
        | K::FsessionMulti
        | K::Iter => &[P::TRACING],
        K::Freplace => &[P::EXT],
        K::Lsm | K::LsmCgroup => &[P::LSM],
        K::Kprobe
        | K::Kretprobe
        | K::KprobeMulti
        | K::KretprobeMulti
        | K::KprobeSession
        | K::Ksyscall
        | K::Kretsyscall
        | K::Uprobe
        | K::Uretprobe
        | K::UprobeMulti
        | K::UretprobeMulti
        | K::UprobeSession
        | K::Usdt => &[P::KPROBE],
        K::SocketFilter => &[P::SOCKET_FILTER],
        K::SkReuseport => &[P::SK_REUSEPORT],
        K::Tc => &[P::SCHED_CLS, P::SCHED_ACT],
        K::Tcx | K::Netkit => &[P::SCHED_CLS],
        K::Xdp => &[P::XDP],
        K::PerfEvent => &[P::PERF_EVENT],
        K::Lwt => &[P::LWT_IN, P::LWT_OUT, P::LWT_XMIT, P::LWT_SEG6LOCAL],
        K::SockOps => &[P::SOCK_OPS],
        K::SkSkb => &[P::SK_SKB],
        K::SkMsg => &[P::SK_MSG],
        K::LircMode2 => &[P::LIRC_MODE2],
        K::FlowDissector => &[P::FLOW_DISSECTOR],
        K::SkLookup => &[P::SK_LOOKUP],
        K::Netfilter => &[P::NETFILTER],
        K::Cgroup => &[
            P::CGROUP_SKB,
            P::CGROUP_SOCK,
            P::CGROUP_DEVICE,
            P::CGROUP_SOCK_ADDR,
            P::CGROUP_SYSCTL,
            P::CGROUP_SOCKOPT,
        ],
        K::StructOps => &[P::STRUCT_OPS],
    }
}

/// The kind of a program of which only the type is known, where no other kind has it.
pub(crate) fn only_kind_of(program_type: ProgramType) -> AttachKind {
    use AttachKind as K;
    use ProgramType as P;
    match program_type {
        P::TRACEPOINT => K::Tracepoint,
        P::RAW_TRACEPOINT | P::RAW_TRACEPOINT_WRITABLE => K::RawTracepoint,
        P::EXT => K::Freplace,
        P::SOCKET_FILTER => K::SocketFilter,
        P::SK_REUSEPORT => K::SkReuseport,
        P::XDP => K::Xdp,
        P::PERF_EVENT => K::PerfEvent,
        P::LWT_IN | P::LWT_OUT | P::LWT_XMIT | P::LWT_SEG6LOCAL => K::Lwt,
        P::SOCK_OPS => K::SockOps,
        P::SK_SKB => K::SkSkb,
        P::SK_MSG => K::SkMsg,
        P::LIRC_MODE2 => K::LircMode2,
        P::FLOW_DISSECTOR => K::FlowDissector,
        P::SK_LOOKUP => K::SkLookup,
        P::NETFILTER => K::Netfilter,
        P::CGROUP_SKB
        | P::CGROUP_SOCK
        | P::CGROUP_DEVICE
        | P::CGROUP_SOCK_ADDR
        | P::CGROUP_SYSCTL
        | P::CGROUP_SOCKOPT => K::Cgroup,
        P::STRUCT_OPS => K::StructOps,
        _ => K::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_one_kind_is_of_that_kind() {
        for &program_type in ProgramType::KNOWN {
            let kind = only_kind_of(program_type);
            assert!(program_types(kind).contains(&program_type), "{program_type}: {kind:?}");
        }
    }

    #[test]
    fn sections_have_types_of_their_kind() {
        for section in ["xdp", "tp/a/b", "tcx/ingress", "lsm_cgroup/x", "cgroup/dev", "action"] {
            let name = crate::section_name::parse(section);
            assert!(program_types(name.kind).contains(&name.program_type), "{section}");
        }
    }
}
