use std::os::fd::BorrowedFd;

use crate::sys;
use crate::uapi::{AttachType, LinkType};
use crate::{Error, Result};

/// What the kernel knows of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkInfo {
    /// Its id: unique among the links that are there now.
    pub id: u32,
    /// Its type.
    pub link_type: LinkType,
    /// The id of its program; 0 for operations, which have none of their own.
    pub program_id: u32,
    /// What the program is attached to.
    pub target: LinkTarget,
}

/// What a link's program is attached to, as far as the kernel tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the kernel's, by their names")]
pub enum LinkTarget {
    /// A link of a type of which this version knows no more.
    Other,
    /// fentry and relatives, tp_btf, LSM.
    Tracing {
        attach_type: AttachType,
        target_obj_id: u32,
        target_btf_id: u32,
    },
    Cgroup {
        cgroup_id: u64,
        attach_type: AttachType,
    },
    Netns {
        netns_ino: u32,
        attach_type: AttachType,
    },
    /// `ifindex` 0: the interface is gone, or the link was detached.
    Xdp {
        ifindex: u32,
    },
    /// `ifindex` 0: the interface is gone, or the link was detached.
    Tcx {
        ifindex: u32,
        attach_type: AttachType,
    },
    /// `ifindex` 0: the interface is gone, or the link was detached.
    Netkit {
        ifindex: u32,
        attach_type: AttachType,
    },
    Netfilter {
        family: u32,
        hook: u32,
        priority: i32,
        flags: u32,
    },
    /// Operations; there is no program.
    StructOps {
        map_id: u32,
    },
}

impl LinkInfo {
    pub(super) fn read(link: BorrowedFd<'_>) -> Result<Self> {
        let info =
            sys::link_info(link).map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))?;
        let link_type = LinkType(info.link_type);
        let [a, b] = halves(info.detail[0]);
        let [c, d] = halves(info.detail[1]);
        let attach_type = AttachType;
        let target = match link_type {
            LinkType::TRACING => LinkTarget::Tracing {
                attach_type: attach_type(a),
                target_obj_id: b,
                target_btf_id: c,
            },
            LinkType::CGROUP => {
                LinkTarget::Cgroup { cgroup_id: info.detail[0], attach_type: attach_type(c) }
            }
            LinkType::NETNS => LinkTarget::Netns { netns_ino: a, attach_type: attach_type(b) },
            LinkType::XDP => LinkTarget::Xdp { ifindex: a },
            LinkType::TCX => LinkTarget::Tcx { ifindex: a, attach_type: attach_type(b) },
            LinkType::NETKIT => LinkTarget::Netkit { ifindex: a, attach_type: attach_type(b) },
            LinkType::NETFILTER => {
                LinkTarget::Netfilter { family: a, hook: b, priority: c.cast_signed(), flags: d }
            }
            LinkType::STRUCT_OPS => LinkTarget::StructOps { map_id: a },
            _ => LinkTarget::Other,
        };
        Ok(Self { id: info.id, link_type, program_id: info.prog_id, target })
    }

    /// Whether links of this type can be given another program.
    pub(super) fn can_update(&self) -> bool {
        !matches!(
            self.link_type,
            LinkType::RAW_TRACEPOINT
                | LinkType::TRACING
                | LinkType::PERF_EVENT
                | LinkType::KPROBE_MULTI
                | LinkType::UPROBE_MULTI
                | LinkType::NETFILTER
                | LinkType::TRACING_MULTI
        )
    }
}

/// The two `u32` that lie in the memory of a `u64`, in their order.
fn halves(word: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = word.to_ne_bytes();
    [u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h])]
}
