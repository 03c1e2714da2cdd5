use std::fmt;

use crate::btf::BtfPart;
use crate::uapi::{
    AttachType, Helper, ITERATORS, InsnSet, MapFlag, MapType, ProgramFlag, ProgramType, Release,
};

/// Something that kernels have from some release on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Maps of this type.
    MapType(MapType),
    /// Programs of this type.
    ProgramType(ProgramType),
    /// Programs that are attached here.
    AttachType(AttachType),
    /// Sleepable programs of this type.
    Sleepable(ProgramType),
    /// A helper function.
    Helper(Helper),
    /// Instructions.
    Insns(InsnSet),
    /// A flag of maps.
    MapFlag(MapFlag),
    /// A flag of programs.
    ProgramFlag(ProgramFlag),
    /// Iterators through this: the name in `iter/NAME`.
    Iterator(&'static str),
    /// A part of the BTF format in objects.
    Btf(BtfPart),
    /// `map_extra`
    MapExtra,
    /// `bpf_get_attach_cookie()`: kprobes, uprobes, tracepoints and perf events.
    Cookie,
    /// Cookies of fentry and relatives, and of LSM programs.
    TracingCookie,
    /// Cookies of raw and of BTF tracepoints.
    RawTracepointCookie,
    /// A place in the order of a cgroup's programs.
    CgroupOrder,
    /// Iterators through the tasks of one process, or through one thread.
    IterTasks,
    /// BTF of modules.
    ModuleBtf,
    /// kprobes as perf events.
    KprobeEvents,
    /// uprobes as perf events.
    UprobeEvents,
    /// BPF tokens.
    Token,
}

impl Feature {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        const SLEEPABLE: [ProgramType; 4] = [
            ProgramType::KPROBE,
            ProgramType::SYSCALL,
            ProgramType::TRACEPOINT,
            ProgramType::RAW_TRACEPOINT,
        ];
        let maps = MapType::KNOWN.iter().copied().filter(|&one| one != MapType::UNSPEC);
        let programs = ProgramType::KNOWN.iter().copied().filter(|&one| one != ProgramType::UNSPEC);
        maps.map(Self::MapType)
            .chain(programs.map(Self::ProgramType))
            .chain(AttachType::KNOWN.iter().copied().map(Self::AttachType))
            .chain(SLEEPABLE.map(Self::Sleepable))
            .chain(Helper::KNOWN.iter().copied().map(Self::Helper))
            .chain(InsnSet::ALL.map(Self::Insns))
            .chain(MapFlag::KNOWN.iter().copied().map(Self::MapFlag))
            .chain(ProgramFlag::KNOWN.iter().copied().map(Self::ProgramFlag))
            .chain(ITERATORS.map(|(name, _)| Self::Iterator(name)))
            .chain(BtfPart::ALL.map(Self::Btf))
            .chain([
                Self::MapExtra,
                Self::Cookie,
                Self::TracingCookie,
                Self::RawTracepointCookie,
                Self::CgroupOrder,
                Self::IterTasks,
                Self::ModuleBtf,
                Self::KprobeEvents,
                Self::UprobeEvents,
                Self::Token,
            ])
    }

    /// Iterators through this; `None` for a name that this version of bpf-skel does not know.
    pub fn iterator(name: &str) -> Option<Self> {
        ITERATORS.iter().find(|(known, _)| *known == name).map(|(known, _)| Self::Iterator(known))
    }

    /// The first Linux that has it; `None` for what this version of bpf-skel does not know.
    pub fn since(self) -> Option<Release> {
        match self {
            Self::MapType(one) => one.since(),
            Self::ProgramType(one) => one.since(),
            Self::AttachType(one) => one.since(),
            Self::Sleepable(ProgramType::KPROBE) => Some(Release::new(6, 0)),
            Self::Sleepable(ProgramType::SYSCALL) => Some(Release::new(5, 14)),
            Self::Sleepable(ProgramType::TRACEPOINT | ProgramType::RAW_TRACEPOINT) => {
                Some(Release::new(7, 2))
            }
            // Trampolines and LSM hooks; of the others, none is sleepable.
            Self::Sleepable(ProgramType::TRACING | ProgramType::LSM) => Some(Release::new(5, 10)),
            Self::Sleepable(_) => None,
            Self::Helper(one) => one.since(),
            Self::Insns(set) => Some(set.since()),
            Self::MapFlag(one) => one.since(),
            Self::ProgramFlag(one) => one.since(),
            Self::Iterator(name) => {
                ITERATORS.iter().find(|(known, _)| *known == name).map(|(_, since)| *since)
            }
            Self::Btf(part) => Some(part.since()),
            Self::KprobeEvents | Self::UprobeEvents => Some(Release::new(4, 17)),
            Self::ModuleBtf => Some(Release::new(5, 11)),
            Self::Cookie => Some(Release::new(5, 15)),
            Self::MapExtra => Some(Release::new(5, 16)),
            Self::Token => Some(Release::new(6, 9)),
            Self::TracingCookie => Some(Release::new(6, 0)),
            Self::IterTasks => Some(Release::new(6, 1)),
            Self::RawTracepointCookie => Some(Release::new(6, 10)),
            Self::CgroupOrder => Some(Release::new(6, 17)),
        }
    }

    /// The option that a kernel is built with to have it, where it takes one that distributions leave out.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::MapType(one) => match one {
                MapType::XSKMAP => Some("CONFIG_XDP_SOCKETS"),
                MapType::STRUCT_OPS => Some("CONFIG_BPF_JIT"),
                MapType::INODE_STORAGE => Some("CONFIG_BPF_LSM"),
                MapType::CGROUP_STORAGE | MapType::PERCPU_CGROUP_STORAGE => {
                    Some("CONFIG_CGROUP_BPF")
                }
                MapType::CGROUP_ARRAY | MapType::CGRP_STORAGE => Some("CONFIG_CGROUPS"),
                MapType::SOCKMAP | MapType::SOCKHASH | MapType::REUSEPORT_SOCKARRAY => {
                    Some("CONFIG_INET")
                }
                _ => None,
            },
            Self::ProgramType(one) => match one {
                ProgramType::LWT_IN | ProgramType::LWT_OUT | ProgramType::LWT_XMIT => {
                    Some("CONFIG_LWTUNNEL_BPF")
                }
                ProgramType::LWT_SEG6LOCAL => Some("CONFIG_IPV6_SEG6_BPF"),
                ProgramType::LIRC_MODE2 => Some("CONFIG_BPF_LIRC_MODE2"),
                ProgramType::LSM => Some("CONFIG_BPF_LSM"),
                ProgramType::NETFILTER => Some("CONFIG_NETFILTER_BPF_LINK"),
                ProgramType::STRUCT_OPS | ProgramType::EXT => Some("CONFIG_BPF_JIT"),
                ProgramType::CGROUP_SKB
                | ProgramType::CGROUP_SOCK
                | ProgramType::CGROUP_DEVICE
                | ProgramType::CGROUP_SOCK_ADDR
                | ProgramType::CGROUP_SYSCTL
                | ProgramType::CGROUP_SOCKOPT => Some("CONFIG_CGROUP_BPF"),
                ProgramType::KPROBE
                | ProgramType::TRACEPOINT
                | ProgramType::PERF_EVENT
                | ProgramType::RAW_TRACEPOINT
                | ProgramType::RAW_TRACEPOINT_WRITABLE
                | ProgramType::TRACING => Some("CONFIG_BPF_EVENTS"),
                _ => None,
            },
            Self::AttachType(AttachType::TRACE_KPROBE_MULTI | AttachType::TRACE_KPROBE_SESSION) => {
                Some("CONFIG_FPROBE")
            }
            Self::AttachType(AttachType::NETKIT_PRIMARY | AttachType::NETKIT_PEER) => {
                Some("CONFIG_NETKIT")
            }
            Self::Iterator("ipv6_route") => Some("CONFIG_IPV6"),
            Self::Iterator("unix") => Some("CONFIG_UNIX"),
            Self::Iterator("cgroup") => Some("CONFIG_CGROUPS"),
            Self::Iterator("dmabuf") => Some("CONFIG_DMA_SHARED_BUFFER"),
            Self::Insns(InsnSet::ModuleKfuncs) => Some("CONFIG_DEBUG_INFO_BTF_MODULES"),
            Self::Sleepable(ProgramType::KPROBE) | Self::Cookie => Some("CONFIG_BPF_EVENTS"),
            Self::KprobeEvents => Some("CONFIG_KPROBE_EVENTS"),
            Self::UprobeEvents => Some("CONFIG_UPROBE_EVENTS"),
            Self::ModuleBtf => Some("CONFIG_DEBUG_INFO_BTF_MODULES"),
            _ => None,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MapType(one) => write!(f, "map type {one}"),
            Self::ProgramType(one) => write!(f, "program type {one}"),
            Self::AttachType(one) => write!(f, "attach type {one}"),
            Self::Sleepable(one) => write!(f, "sleepable programs of type {one}"),
            Self::Helper(one) => write!(f, "helper bpf_{one}"),
            Self::Insns(set) => write!(f, "{set}"),
            Self::MapFlag(one) => write!(f, "map flag {one:?}"),
            Self::ProgramFlag(ProgramFlag::XDP_HAS_FRAGS) => f.write_str("XDP fragments"),
            Self::ProgramFlag(one) => write!(f, "program flag {one:?}"),
            Self::Iterator(name) => write!(f, "iterators through {name}"),
            Self::Btf(part) => write!(f, "{part}"),
            Self::MapExtra => f.write_str("map_extra"),
            Self::Cookie => f.write_str("attach cookies"),
            Self::TracingCookie => f.write_str("cookies of trampolines"),
            Self::RawTracepointCookie => f.write_str("cookies of raw tracepoints"),
            Self::CgroupOrder => f.write_str("an order of a cgroup's programs"),
            Self::IterTasks => f.write_str("iterators through some tasks"),
            Self::ModuleBtf => f.write_str("BTF of modules"),
            Self::KprobeEvents => f.write_str("kprobe events"),
            Self::UprobeEvents => f.write_str("uprobe events"),
            Self::Token => f.write_str("BPF tokens"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_a_name_of_its_own_and_a_kernel() {
        let names: Vec<_> = Feature::all().map(|feature| feature.to_string()).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        for feature in Feature::all() {
            assert!(feature.since().is_some(), "{feature}");
        }
    }
}
