use super::AttachKind as K;
use super::*;
use std::collections::HashSet;

/// Name (`+`: a target may follow), program type, attach type and flags as the kernel numbers them, kind.
#[rustfmt::skip]
const EXPECTED: &[(&str, u32, u32, u32, K)] = &[
    ("tracepoint+", 5, 0, 0, K::Tracepoint),
    ("tracepoint.s+", 5, 0, 16, K::Tracepoint),
    ("tp+", 5, 0, 0, K::Tracepoint),
    ("tp.s+", 5, 0, 16, K::Tracepoint),
    ("raw_tracepoint+", 17, 0, 0, K::RawTracepoint),
    ("raw_tracepoint.s+", 17, 0, 16, K::RawTracepoint),
    ("raw_tp+", 17, 0, 0, K::RawTracepoint),
    ("raw_tp.s+", 17, 0, 16, K::RawTracepoint),
    ("raw_tracepoint.w+", 24, 0, 0, K::RawTracepoint),
    ("raw_tp.w+", 24, 0, 0, K::RawTracepoint),
    ("tp_btf+", 26, 23, 0, K::TpBtf),
    ("tp_btf.s+", 26, 23, 16, K::TpBtf),
    ("fentry+", 26, 24, 0, K::Fentry),
    ("fentry.s+", 26, 24, 16, K::Fentry),
    ("fexit+", 26, 25, 0, K::Fexit),
    ("fexit.s+", 26, 25, 16, K::Fexit),
    ("fmod_ret+", 26, 26, 0, K::FmodRet),
    ("fmod_ret.s+", 26, 26, 16, K::FmodRet),
    ("fsession+", 26, 58, 0, K::Fsession),
    ("fsession.s+", 26, 58, 16, K::Fsession),
    ("fentry.multi+", 26, 59, 0, K::FentryMulti),
    ("fentry.multi.s+", 26, 59, 16, K::FentryMulti),
    ("fexit.multi+", 26, 60, 0, K::FexitMulti),
    ("fexit.multi.s+", 26, 60, 16, K::FexitMulti),
    ("fsession.multi+", 26, 61, 0, K::FsessionMulti),
    ("fsession.multi.s+", 26, 61, 16, K::FsessionMulti),
    ("iter+", 26, 28, 0, K::Iter),
    ("iter.s+", 26, 28, 16, K::Iter),
    ("lsm+", 29, 27, 0, K::Lsm),
    ("lsm.s+", 29, 27, 16, K::Lsm),
    ("lsm_cgroup+", 29, 43, 0, K::LsmCgroup),
    ("freplace+", 28, 0, 0, K::Freplace),
    ("kprobe+", 2, 0, 0, K::Kprobe),
    ("kretprobe+", 2, 0, 0, K::Kretprobe),
    ("kprobe.multi+", 2, 42, 0, K::KprobeMulti),
    ("kretprobe.multi+", 2, 42, 0, K::KretprobeMulti),
    ("kprobe.session+", 2, 56, 0, K::KprobeSession),
    ("ksyscall+", 2, 0, 0, K::Ksyscall),
    ("kretsyscall+", 2, 0, 0, K::Kretsyscall),
    ("uprobe+", 2, 0, 0, K::Uprobe),
    ("uprobe.s+", 2, 0, 16, K::Uprobe),
    ("uretprobe+", 2, 0, 0, K::Uretprobe),
    ("uretprobe.s+", 2, 0, 16, K::Uretprobe),
    ("uprobe.multi+", 2, 48, 0, K::UprobeMulti),
    ("uprobe.multi.s+", 2, 48, 16, K::UprobeMulti),
    ("uretprobe.multi+", 2, 48, 0, K::UretprobeMulti),
    ("uretprobe.multi.s+", 2, 48, 16, K::UretprobeMulti),
    ("uprobe.session+", 2, 57, 0, K::UprobeSession),
    ("uprobe.session.s+", 2, 57, 16, K::UprobeSession),
    ("usdt+", 2, 0, 0, K::Usdt),
    ("usdt.s+", 2, 0, 16, K::Usdt),
    ("perf_event", 7, 0, 0, K::PerfEvent),
    ("xdp", 6, 37, 0, K::Xdp),
    ("xdp.frags", 6, 37, 32, K::Xdp),
    ("xdp/devmap", 6, 33, 0, K::Xdp),
    ("xdp.frags/devmap", 6, 33, 32, K::Xdp),
    ("xdp/cpumap", 6, 35, 0, K::Xdp),
    ("xdp.frags/cpumap", 6, 35, 32, K::Xdp),
    ("tc", 3, 0, 0, K::Tc),
    ("classifier", 3, 0, 0, K::Tc),
    ("action", 4, 0, 0, K::Tc),
    ("tc/ingress", 3, 46, 0, K::Tcx),
    ("tc/egress", 3, 47, 0, K::Tcx),
    ("tcx/ingress", 3, 46, 0, K::Tcx),
    ("tcx/egress", 3, 47, 0, K::Tcx),
    ("netkit/primary", 3, 54, 0, K::Netkit),
    ("netkit/peer", 3, 55, 0, K::Netkit),
    ("lwt_in", 10, 0, 0, K::Lwt),
    ("lwt_out", 11, 0, 0, K::Lwt),
    ("lwt_xmit", 12, 0, 0, K::Lwt),
    ("lwt_seg6local", 19, 0, 0, K::Lwt),
    ("netfilter", 32, 45, 0, K::Netfilter),
    ("flow_dissector", 22, 17, 0, K::FlowDissector),
    ("socket", 1, 0, 0, K::SocketFilter),
    ("sk_lookup", 30, 36, 0, K::SkLookup),
    ("sk_reuseport", 21, 39, 0, K::SkReuseport),
    ("sk_reuseport/migrate", 21, 40, 0, K::SkReuseport),
    ("sk_skb", 14, 0, 0, K::SkSkb),
    ("sk_skb/stream_parser", 14, 4, 0, K::SkSkb),
    ("sk_skb/stream_verdict", 14, 5, 0, K::SkSkb),
    ("sk_skb/verdict", 14, 38, 0, K::SkSkb),
    ("sk_msg", 16, 7, 0, K::SkMsg),
    ("sockops", 13, 3, 0, K::SockOps),
    ("cgroup_skb/ingress", 8, 0, 0, K::Cgroup),
    ("cgroup_skb/egress", 8, 1, 0, K::Cgroup),
    ("cgroup/skb", 8, 0, 0, K::Cgroup),
    ("cgroup/sock", 9, 2, 0, K::Cgroup),
    ("cgroup/sock_create", 9, 2, 0, K::Cgroup),
    ("cgroup/sock_release", 9, 34, 0, K::Cgroup),
    ("cgroup/post_bind4", 9, 12, 0, K::Cgroup),
    ("cgroup/post_bind6", 9, 13, 0, K::Cgroup),
    ("cgroup/bind4", 18, 8, 0, K::Cgroup),
    ("cgroup/bind6", 18, 9, 0, K::Cgroup),
    ("cgroup/connect4", 18, 10, 0, K::Cgroup),
    ("cgroup/connect6", 18, 11, 0, K::Cgroup),
    ("cgroup/connect_unix", 18, 49, 0, K::Cgroup),
    ("cgroup/sendmsg4", 18, 14, 0, K::Cgroup),
    ("cgroup/sendmsg6", 18, 15, 0, K::Cgroup),
    ("cgroup/sendmsg_unix", 18, 50, 0, K::Cgroup),
    ("cgroup/recvmsg4", 18, 19, 0, K::Cgroup),
    ("cgroup/recvmsg6", 18, 20, 0, K::Cgroup),
    ("cgroup/recvmsg_unix", 18, 51, 0, K::Cgroup),
    ("cgroup/getpeername4", 18, 29, 0, K::Cgroup),
    ("cgroup/getpeername6", 18, 30, 0, K::Cgroup),
    ("cgroup/getpeername_unix", 18, 52, 0, K::Cgroup),
    ("cgroup/getsockname4", 18, 31, 0, K::Cgroup),
    ("cgroup/getsockname6", 18, 32, 0, K::Cgroup),
    ("cgroup/getsockname_unix", 18, 53, 0, K::Cgroup),
    ("cgroup/sysctl", 23, 18, 0, K::Cgroup),
    ("cgroup/getsockopt", 25, 21, 0, K::Cgroup),
    ("cgroup/setsockopt", 25, 22, 0, K::Cgroup),
    ("cgroup/dev", 15, 6, 0, K::Cgroup),
    ("lirc_mode2", 20, 16, 0, K::LircMode2),
    ("syscall", 31, 0, 16, K::None),
    ("struct_ops+", 27, 0, 0, K::StructOps),
    ("struct_ops.s+", 27, 0, 16, K::StructOps),
];

#[test]
fn every_row() {
    assert_eq!(EXPECTED.len(), RULES.len());
    for &(name, program_type, attach_type, flags, kind) in EXPECTED {
        let (name, takes_target) = match name.strip_suffix('+') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let expected = |target| SectionName {
            program_type: ProgramType(program_type),
            attach_type: AttachType(attach_type),
            kind,
            target,
            flags,
            autoload: true,
        };
        assert_eq!(parse(name), expected(None), "{name}");
        assert_eq!(parse(&format!("?{name}")), SectionName { autoload: false, ..expected(None) });
        let with_target = format!("{name}/a/b:c+0x1");
        if takes_target {
            assert_eq!(parse(&with_target), expected(Some("a/b:c+0x1")), "{with_target}");
            assert_eq!(parse(&format!("{name}/")), expected(None), "{name}/");
        } else {
            assert_eq!(parse(&with_target).program_type, ProgramType::UNSPEC, "{with_target}");
        }
        assert_eq!(parse(&format!("{name}x")).program_type, ProgramType::UNSPEC, "{name}x");
    }
}

#[test]
fn no_two_rows_cover_the_same_name() {
    let mut seen = HashSet::new();
    for rule in RULES {
        assert!(seen.insert(rule.prefix), "{} is there twice", rule.prefix);
        for other in RULES.iter().filter(|other| other.takes_target) {
            let inside = format!("{}/", other.prefix);
            assert!(!rule.prefix.starts_with(&inside), "{} hides {}", other.prefix, rule.prefix);
        }
    }
}

#[test]
fn kinds_are_called_as_their_sections() {
    for rule in RULES.iter().filter(|rule| rule.kind != K::None) {
        let name = rule.kind.to_string();
        let is_of_it = |other: &Rule| other.kind == rule.kind && other.prefix.starts_with(&name);
        assert!(RULES.iter().any(is_of_it), "{name}: {}", rule.prefix);
    }
}

#[test]
fn unknown_names_have_no_type() {
    for name in ["", "?", "xdp_", "foo/bar", "maps", "cgroup", "tc/other", "xdp/mine", "kprobes"] {
        let parsed = parse(name);
        assert_eq!(parsed.program_type, ProgramType::UNSPEC, "{name}");
        assert_eq!((parsed.kind, parsed.target), (K::None, None), "{name}");
    }
}

#[test]
fn what_attaches_on_its_own() {
    for name in ["freplace/f", "iter/task", "usdt//bin/a:b:c", "kprobe/f", "lsm/file_open"] {
        assert!(parse(name).kind.is_auto(), "{name}");
    }
    for name in ["lsm_cgroup/bind", "struct_ops/f", "xdp", "tcx/ingress", "syscall", "perf_event"] {
        assert!(!parse(name).kind.is_auto(), "{name}");
    }
}
