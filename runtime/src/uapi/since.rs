//! The kernel that brought each type and flag. The kernel tests hold these tables to the kernels that they run on.

use super::{AttachType, LinkType, MapFlag, MapType, ProgramFlag, ProgramType, Release};

/// `A | B => 5.8` and so on: decimals would lose the zero of 5.10.
macro_rules! since {
    ($name:ident; $( $($variant:ident)|+ => $major:literal $minor:literal, )*) => {
        impl $name {
            /// The first Linux that has it; `None` for a value that this version does not know.
            pub const fn since(self) -> Option<Release> {
                match self {
                    $( $( Self::$variant )|+ => Some(Release::new($major, $minor)), )*
                    _ => None,
                }
            }
        }
    };
}

since! { MapType;
    HASH | ARRAY => 3 19,
    PROG_ARRAY => 4 2,
    PERF_EVENT_ARRAY => 4 3,
    PERCPU_HASH | PERCPU_ARRAY | STACK_TRACE => 4 6,
    CGROUP_ARRAY => 4 8,
    LRU_HASH | LRU_PERCPU_HASH => 4 10,
    LPM_TRIE => 4 11,
    ARRAY_OF_MAPS | HASH_OF_MAPS => 4 12,
    DEVMAP | SOCKMAP => 4 14,
    CPUMAP => 4 15,
    XSKMAP | SOCKHASH => 4 18,
    CGROUP_STORAGE | REUSEPORT_SOCKARRAY => 4 19,
    PERCPU_CGROUP_STORAGE | QUEUE | STACK => 4 20,
    SK_STORAGE => 5 2,
    DEVMAP_HASH => 5 4,
    STRUCT_OPS => 5 6,
    RINGBUF => 5 8,
    INODE_STORAGE => 5 10,
    TASK_STORAGE => 5 11,
    BLOOM_FILTER => 5 16,
    USER_RINGBUF => 6 1,
    CGRP_STORAGE => 6 2,
    ARENA => 6 9,
    INSN_ARRAY => 6 19,
}

since! { ProgramType;
    SOCKET_FILTER => 3 19,
    KPROBE | SCHED_CLS | SCHED_ACT => 4 1,
    TRACEPOINT => 4 7,
    XDP => 4 8,
    PERF_EVENT => 4 9,
    CGROUP_SKB | CGROUP_SOCK | LWT_IN | LWT_OUT | LWT_XMIT => 4 10,
    SOCK_OPS => 4 13,
    SK_SKB => 4 14,
    CGROUP_DEVICE => 4 15,
    SK_MSG | RAW_TRACEPOINT | CGROUP_SOCK_ADDR => 4 17,
    LWT_SEG6LOCAL | LIRC_MODE2 => 4 18,
    SK_REUSEPORT => 4 19,
    FLOW_DISSECTOR => 4 20,
    CGROUP_SYSCTL | RAW_TRACEPOINT_WRITABLE => 5 2,
    CGROUP_SOCKOPT => 5 3,
    TRACING => 5 5,
    STRUCT_OPS | EXT => 5 6,
    LSM => 5 7,
    SK_LOOKUP => 5 9,
    SYSCALL => 5 14,
    NETFILTER => 6 4,
}

since! { AttachType;
    CGROUP_INET_INGRESS | CGROUP_INET_EGRESS | CGROUP_INET_SOCK_CREATE => 4 10,
    CGROUP_SOCK_OPS => 4 13,
    SK_SKB_STREAM_PARSER | SK_SKB_STREAM_VERDICT => 4 14,
    CGROUP_DEVICE => 4 15,
    SK_MSG_VERDICT | CGROUP_INET4_BIND | CGROUP_INET6_BIND | CGROUP_INET4_CONNECT
        | CGROUP_INET6_CONNECT | CGROUP_INET4_POST_BIND | CGROUP_INET6_POST_BIND => 4 17,
    CGROUP_UDP4_SENDMSG | CGROUP_UDP6_SENDMSG | LIRC_MODE2 => 4 18,
    FLOW_DISSECTOR => 4 20,
    CGROUP_SYSCTL | CGROUP_UDP4_RECVMSG | CGROUP_UDP6_RECVMSG => 5 2,
    CGROUP_GETSOCKOPT | CGROUP_SETSOCKOPT => 5 3,
    TRACE_RAW_TP | TRACE_FENTRY | TRACE_FEXIT => 5 5,
    MODIFY_RETURN | LSM_MAC => 5 7,
    TRACE_ITER | CGROUP_INET4_GETPEERNAME | CGROUP_INET6_GETPEERNAME | CGROUP_INET4_GETSOCKNAME
        | CGROUP_INET6_GETSOCKNAME | XDP_DEVMAP => 5 8,
    CGROUP_INET_SOCK_RELEASE | XDP_CPUMAP | SK_LOOKUP | XDP => 5 9,
    SK_SKB_VERDICT => 5 13,
    SK_REUSEPORT_SELECT | SK_REUSEPORT_SELECT_OR_MIGRATE => 5 14,
    PERF_EVENT => 5 15,
    TRACE_KPROBE_MULTI => 5 18,
    LSM_CGROUP => 6 0,
    STRUCT_OPS | NETFILTER => 6 4,
    TCX_INGRESS | TCX_EGRESS | TRACE_UPROBE_MULTI => 6 6,
    CGROUP_UNIX_CONNECT | CGROUP_UNIX_SENDMSG | CGROUP_UNIX_RECVMSG | CGROUP_UNIX_GETPEERNAME
        | CGROUP_UNIX_GETSOCKNAME | NETKIT_PRIMARY | NETKIT_PEER => 6 7,
    TRACE_KPROBE_SESSION => 6 10,
    TRACE_UPROBE_SESSION => 6 13,
    TRACE_FSESSION => 7 0,
    TRACE_FENTRY_MULTI | TRACE_FEXIT_MULTI | TRACE_FSESSION_MULTI => 7 2,
}

// Raw tracepoints and trampolines had descriptors of their own before BPF links (5.7); the number of struct_ops is older than
// links of it (5.19).
since! { LinkType;
    RAW_TRACEPOINT | TRACING | CGROUP => 5 7,
    ITER | NETNS => 5 8,
    XDP => 5 9,
    PERF_EVENT => 5 15,
    KPROBE_MULTI => 5 18,
    STRUCT_OPS | NETFILTER => 6 4,
    TCX | UPROBE_MULTI => 6 6,
    NETKIT => 6 7,
    SOCKMAP => 6 10,
    TRACING_MULTI => 7 2,
}

since! { MapFlag;
    NO_PREALLOC => 4 6,
    NO_COMMON_LRU => 4 10,
    NUMA_NODE => 4 14,
    RDONLY | WRONLY => 4 15,
    STACK_BUILD_ID => 4 17,
    ZERO_SEED => 5 0,
    RDONLY_PROG | WRONLY_PROG => 5 2,
    CLONE => 5 4,
    MMAPABLE => 5 5,
    PRESERVE_ELEMS | INNER_MAP => 5 10,
    LINK => 6 4,
    PATH_FD => 6 5,
    VTYPE_BTF_OBJ_FD | TOKEN_FD | SEGV_ON_FAULT | NO_USER_CONV => 6 9,
    RB_OVERWRITE => 6 19,
}

since! { ProgramFlag;
    STRICT_ALIGNMENT => 4 12,
    ANY_ALIGNMENT => 5 0,
    TEST_RND_HI32 => 5 3,
    TEST_STATE_FREQ => 5 4,
    SLEEPABLE => 5 10,
    XDP_HAS_FRAGS => 5 18,
    XDP_DEV_BOUND_ONLY => 6 3,
    TEST_REG_INVARIANTS => 6 8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_type_has_its_kernel() {
        let unknown = |names: Vec<String>| assert_eq!(names, Vec::<String>::new());
        let maps = MapType::KNOWN.iter().filter(|one| one.since().is_none());
        unknown(maps.filter(|one| **one != MapType::UNSPEC).map(ToString::to_string).collect());
        let programs = ProgramType::KNOWN.iter().filter(|one| one.since().is_none());
        unknown(
            programs.filter(|one| **one != ProgramType::UNSPEC).map(ToString::to_string).collect(),
        );
        let attach = AttachType::KNOWN.iter().filter(|one| one.since().is_none());
        unknown(attach.map(ToString::to_string).collect());
        let links = LinkType::KNOWN.iter().filter(|one| one.since().is_none());
        unknown(links.filter(|one| **one != LinkType::UNSPEC).map(ToString::to_string).collect());
        let flags = MapFlag::KNOWN.iter().filter(|one| one.since().is_none());
        unknown(flags.map(ToString::to_string).collect());
        let flags = ProgramFlag::KNOWN.iter().filter(|one| one.since().is_none());
        unknown(flags.map(ToString::to_string).collect());
        assert_eq!(MapType(9999).since(), None);
    }

    #[test]
    fn flags_are_bits() {
        assert!(MapFlag::KNOWN.iter().all(|flag| flag.0.is_power_of_two()));
        assert!(ProgramFlag::KNOWN.iter().all(|flag| flag.0.is_power_of_two()));
        let names = |flags: Vec<MapFlag>| flags.iter().map(ToString::to_string).collect::<Vec<_>>();
        let of = MapFlag::of(1 << 10 | 1 << 13 | 1 << 30).collect();
        assert_eq!(names(of), ["mmapable", "link"]);
    }

    #[test]
    fn releases_are_ordered_by_number() {
        assert!(Release::new(5, 9) < Release::OLDEST && Release::OLDEST < Release::new(6, 1));
        assert_eq!(Release::OLDEST.to_string(), "5.10");
    }
}
