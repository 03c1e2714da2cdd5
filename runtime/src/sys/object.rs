use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

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
    let mut attr =
        ObjectAttr { pathname: path.as_ptr() as u64, bpf_fd: raw(fd), ..ObjectAttr::default() };
    // SAFETY: the path is borrowed and ends with a NUL.
    unsafe { bpf(Command::OBJ_PIN, &mut attr) }.map(drop)
}

/// `BPF_OBJ_GET`: opens a pinned object. For a map, `flags` may restrict to reading or writing.
pub(crate) fn obj_get(path: &CStr, flags: u32) -> io::Result<OwnedFd> {
    let mut attr =
        ObjectAttr { pathname: path.as_ptr() as u64, file_flags: flags, ..ObjectAttr::default() };
    // SAFETY: the path is borrowed and ends with a NUL.
    unsafe { bpf_fd(Command::OBJ_GET, &mut attr) }
}

/// `path_fd` is looked at (Linux 6.5).
const PATH_FD: u32 = 1 << 14;

/// As [`obj_pin`], of a name within a directory. Older kernels know paths only: they are given the one that the
/// descriptor has in procfs, which is the directory itself and no name that is looked up.
pub(crate) fn obj_pin_at(
    fd: BorrowedFd<'_>,
    directory: BorrowedFd<'_>,
    name: &CStr,
) -> io::Result<()> {
    let mut attr = ObjectAttr {
        pathname: name.as_ptr() as u64,
        bpf_fd: raw(fd),
        file_flags: PATH_FD,
        path_fd: directory.as_raw_fd(),
        ..ObjectAttr::default()
    };
    // SAFETY: the name is borrowed and ends with a NUL.
    match unsafe { bpf(Command::OBJ_PIN, &mut attr) } {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            obj_pin(fd, &procfs_path(directory, name)?)
        }
        result => result.map(drop),
    }
}

/// As [`obj_get`], of a name within a directory.
pub(crate) fn obj_get_at(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let mut attr = ObjectAttr {
        pathname: name.as_ptr() as u64,
        file_flags: PATH_FD,
        path_fd: directory.as_raw_fd(),
        ..ObjectAttr::default()
    };
    // SAFETY: the name is borrowed and ends with a NUL.
    match unsafe { bpf_fd(Command::OBJ_GET, &mut attr) } {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            obj_get(&procfs_path(directory, name)?, 0)
        }
        result => result,
    }
}

/// As [`obj_get`], of what `open_name_at` has opened. ENOENT where there is no procfs.
pub(crate) fn obj_get_opened(pin: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    obj_get(&CString::new(format!("/proc/self/fd/{}", pin.as_raw_fd()))?, 0)
}

fn procfs_path(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<CString> {
    let mut path = format!("/proc/self/fd/{}/", directory.as_raw_fd()).into_bytes();
    path.extend_from_slice(name.to_bytes());
    Ok(CString::new(path)?)
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
