use std::ffi::CStr;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::attr::{
    IterCreateAttr, LinkCreateAttr, LinkDetachAttr, LinkUpdateAttr, RawTracepointAttr,
};
use super::bpf::{address, bpf, bpf_fd, length, raw, raw_or_zero};
use crate::uapi::{AttachType, Command};

/// What a program is attached to, as attributes hold it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// Nothing, or what the program was loaded for.
    None,
    Fd(BorrowedFd<'a>),
    Ifindex(u32),
}

impl Target<'_> {
    fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Fd(fd) => raw(fd),
            Self::Ifindex(index) => index,
        }
    }
}

/// What a link is created with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkCreate<'a> {
    /// For operations: their map.
    pub(crate) program: BorrowedFd<'a>,
    pub(crate) target: Target<'a>,
    pub(crate) attach_type: AttachType,
    pub(crate) flags: u32,
    pub(crate) options: LinkOptions<'a>,
}

/// The part of `BPF_LINK_CREATE` that depends on the kind of link.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LinkOptions<'a> {
    None,
    /// `BPF_TRACE_ITER`: a `union bpf_iter_link_info`.
    Iter(&'a [u8]),
    /// Linux 5.15.
    PerfEvent {
        cookie: u64,
    },
    /// fentry and relatives (Linux 6.0 with a cookie); `target_btf_id` for freplace on another target.
    Tracing {
        target_btf_id: u32,
        cookie: u64,
    },
    /// tcx, netkit (Linux 6.6, 6.7) and cgroup (6.17): `relative` is a descriptor or an id, as `flags` say.
    Anchor {
        relative: u32,
        expected_revision: u64,
    },
    /// `BPF_TRACE_KPROBE_MULTI` (Linux 5.18), `_SESSION` (6.10). No cookies, or as many as functions.
    KprobeMulti {
        flags: u32,
        functions: Functions<'a>,
        cookies: &'a [u64],
    },
    /// `BPF_TRACE_UPROBE_MULTI` (Linux 6.6), `_SESSION` (6.13). No reference counters, or as many as offsets; so
    /// with cookies. `pid` 0: every process.
    UprobeMulti {
        flags: u32,
        path: &'a CStr,
        offsets: &'a [u64],
        ref_ctr_offsets: &'a [u64],
        cookies: &'a [u64],
        pid: u32,
    },
    /// `BPF_TRACE_FENTRY_MULTI` and relatives (Linux 7.2): functions by their ids in the BTF that the program was loaded for.
    /// No cookies, or as many as functions.
    TracingMulti {
        functions: &'a [u32],
        cookies: &'a [u64],
    },
    /// Linux 6.4.
    Netfilter {
        family: u32,
        hook: u32,
        priority: i32,
        flags: u32,
    },
}

/// Functions of the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Functions<'a> {
    Named(&'a [&'a CStr]),
    At(&'a [u64]),
}

/// `BPF_LINK_CREATE` (Linux 5.7).
pub(crate) fn link_create(link: &LinkCreate<'_>) -> io::Result<OwnedFd> {
    let mut attr = LinkCreateAttr {
        program: raw(link.program),
        target: link.target.number(),
        attach_type: link.attach_type.0,
        flags: link.flags,
        options: [0; 6],
    };
    // What addresses in the attributes point to has to live as long as the call.
    let names: Vec<u64>;
    let options = &mut attr.options;
    match link.options {
        LinkOptions::None => {}
        LinkOptions::Iter(info) => {
            options[0] = address(info);
            options[1] = words(length(info.len())?, 0);
        }
        LinkOptions::PerfEvent { cookie } => options[0] = cookie,
        LinkOptions::Tracing { target_btf_id, cookie } => {
            options[0] = words(target_btf_id, 0);
            options[1] = cookie;
        }
        LinkOptions::Anchor { relative, expected_revision } => {
            options[0] = words(relative, 0);
            options[1] = expected_revision;
        }
        LinkOptions::KprobeMulti { flags, functions, cookies } => {
            let count = match functions {
                Functions::Named(functions) => {
                    names = functions.iter().map(|name| name.as_ptr() as u64).collect();
                    options[1] = address(&names);
                    functions.len()
                }
                Functions::At(addresses) => {
                    options[2] = address(addresses);
                    addresses.len()
                }
            };
            same_length(cookies, count)?;
            options[0] = words(flags, length(count)?);
            options[3] = address(cookies);
        }
        LinkOptions::UprobeMulti { flags, path, offsets, ref_ctr_offsets, cookies, pid } => {
            same_length(ref_ctr_offsets, offsets.len())?;
            same_length(cookies, offsets.len())?;
            options[0] = path.as_ptr() as u64;
            options[1] = address(offsets);
            options[2] = address(ref_ctr_offsets);
            options[3] = address(cookies);
            options[4] = words(length(offsets.len())?, flags);
            options[5] = words(pid, 0);
        }
        LinkOptions::TracingMulti { functions, cookies } => {
            same_length(cookies, functions.len())?;
            options[0] = address(functions);
            options[1] = address(cookies);
            options[2] = words(length(functions.len())?, 0);
        }
        LinkOptions::Netfilter { family, hook, priority, flags } => {
            options[0] = words(family, hook);
            options[1] = words(priority.cast_unsigned(), flags);
        }
    }
    // SAFETY: each address is that of a borrowed slice, as long as the count beside it says, or of a string that ends
    // with a NUL.
    unsafe { bpf_fd(Command::LINK_CREATE, &mut attr) }
}

/// The kernel reads as many of these as there are targets.
fn same_length(numbers: &[u64], targets: usize) -> io::Result<()> {
    let fits = numbers.is_empty() || numbers.len() == targets;
    if fits { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EINVAL)) }
}

/// Two neighbouring `u32` as they are in memory.
fn words(first: u32, second: u32) -> u64 {
    let [a, b, c, d] = first.to_ne_bytes();
    let [e, f, g, h] = second.to_ne_bytes();
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// `BPF_LINK_UPDATE`: another program takes over, or for operations (Linux 6.4) another map; with `old`, only if the link has that one (Linux 5.7).
pub(crate) fn link_update(
    link: BorrowedFd<'_>,
    new: BorrowedFd<'_>,
    old: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    const REPLACE: u32 = 1 << 2;
    let mut attr = LinkUpdateAttr {
        link_fd: raw(link),
        new_fd: raw(new),
        flags: if old.is_some() { REPLACE } else { 0 },
        old_fd: raw_or_zero(old),
    };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf(Command::LINK_UPDATE, &mut attr) }.map(drop)
}

/// `BPF_LINK_DETACH`: the link stays and does nothing (Linux 5.9).
pub(crate) fn link_detach(link: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = LinkDetachAttr { link_fd: raw(link) };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf(Command::LINK_DETACH, &mut attr) }.map(drop)
}

/// `BPF_ITER_CREATE`: a file that runs the iterator as it is read (Linux 5.8).
pub(crate) fn iter_create(link: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attr = IterCreateAttr { link_fd: raw(link), flags: 0 };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf_fd(Command::ITER_CREATE, &mut attr) }
}

/// `BPF_RAW_TRACEPOINT_OPEN` (Linux 4.17). Without a name for programs that were loaded for their target. A cookie
/// other than 0 needs Linux 6.10.
pub(crate) fn raw_tracepoint_open(
    name: Option<&CStr>,
    program: BorrowedFd<'_>,
    cookie: u64,
) -> io::Result<OwnedFd> {
    let mut attr = RawTracepointAttr {
        name: name.map_or(0, |name| name.as_ptr() as u64),
        prog_fd: raw(program),
        pad: 0,
        cookie,
    };
    // SAFETY: the name is borrowed and ends with a NUL.
    unsafe { bpf_fd(Command::RAW_TRACEPOINT_OPEN, &mut attr) }
}
