use std::ffi::CStr;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::attr::{IdAttr, ObjectAttr};
use super::bpf::{bpf, bpf_fd, raw};
use crate::uapi::Command;

/// What ids count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdKind {
    Program,
    Map,
    Btf,
    /// Linux 5.8.
    Link,
}

/// `BPF_OBJ_PIN`: gives the object a name on a BPF file system.
pub(crate) fn obj_pin(fd: BorrowedFd<'_>, path: &CStr) -> io::Result<()> {
    let mut attr = ObjectAttr { pathname: path.as_ptr() as u64, bpf_fd: raw(fd), file_flags: 0 };
    // SAFETY: the path is borrowed and ends with a NUL.
    unsafe { bpf(Command::OBJ_PIN, &mut attr) }.map(drop)
}

/// `BPF_OBJ_GET`: opens a pinned object. For a map, `flags` may restrict to reading or writing.
pub(crate) fn obj_get(path: &CStr, flags: u32) -> io::Result<OwnedFd> {
    let mut attr = ObjectAttr { pathname: path.as_ptr() as u64, bpf_fd: 0, file_flags: flags };
    // SAFETY: the path is borrowed and ends with a NUL.
    unsafe { bpf_fd(Command::OBJ_GET, &mut attr) }
}

/// `BPF_*_GET_FD_BY_ID`. ENOENT where the object is gone.
pub(crate) fn fd_by_id(kind: IdKind, id: u32) -> io::Result<OwnedFd> {
    let command = match kind {
        IdKind::Program => Command::PROG_GET_FD_BY_ID,
        IdKind::Map => Command::MAP_GET_FD_BY_ID,
        IdKind::Btf => Command::BTF_GET_FD_BY_ID,
        IdKind::Link => Command::LINK_GET_FD_BY_ID,
    };
    let mut attr = IdAttr { id, ..IdAttr::default() };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf_fd(command, &mut attr) }
}

/// `BPF_*_GET_NEXT_ID`: the lowest id above `id`, or `None` after the last.
pub(crate) fn next_id(kind: IdKind, id: u32) -> io::Result<Option<u32>> {
    let command = match kind {
        IdKind::Program => Command::PROG_GET_NEXT_ID,
        IdKind::Map => Command::MAP_GET_NEXT_ID,
        IdKind::Btf => Command::BTF_GET_NEXT_ID,
        IdKind::Link => Command::LINK_GET_NEXT_ID,
    };
    let mut attr = IdAttr { id, ..IdAttr::default() };
    // SAFETY: the struct holds no addresses.
    match unsafe { bpf(command, &mut attr) } {
        Ok(_) => Ok(Some(attr.next_id)),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All ids of this kind, ascending.
pub(crate) fn ids(kind: IdKind) -> io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    while let Some(id) = next_id(kind, ids.last().copied().unwrap_or(0))? {
        ids.push(id);
    }
    Ok(ids)
}
