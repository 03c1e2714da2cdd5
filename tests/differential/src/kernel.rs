//! What the kernel says of a map or a program, and the private place that each side works in.

use std::ffi::CStr;
use std::io;
use std::os::fd::RawFd;
use std::ptr;

use libbpf_sys as sys;

use crate::outcome::{MapFacts, ProgramFacts};

fn name(raw: &[std::ffi::c_char]) -> String {
    let bytes = raw.iter().map(|&byte| byte.cast_unsigned()).take_while(|&byte| byte != 0);
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

pub(crate) fn map_facts(fd: RawFd) -> Option<MapFacts> {
    let mut info = sys::bpf_map_info::default();
    let mut len = size_of_val(&info) as u32;
    // SAFETY: `info` is a valid place of `len` bytes, and nothing in it is a pointer.
    if unsafe { sys::bpf_map_get_info_by_fd(fd, &mut info, &mut len) } != 0 {
        return None;
    }
    Some(MapFacts {
        name: name(&info.name),
        map_type: info.type_,
        key_size: info.key_size,
        value_size: info.value_size,
        max_entries: info.max_entries,
        flags: info.map_flags,
        extra: info.map_extra,
        key_type: info.btf_key_type_id,
        value_type: info.btf_value_type_id,
    })
}

pub(crate) fn program_facts(fd: RawFd) -> Option<ProgramFacts> {
    let mut info = sys::bpf_prog_info::default();
    let mut len = size_of_val(&info) as u32;
    // SAFETY: `info` is a valid place of `len` bytes, and its pointers are null.
    if unsafe { sys::bpf_prog_get_info_by_fd(fd, &mut info, &mut len) } != 0 {
        return None;
    }
    Some(ProgramFacts {
        name: name(&info.name),
        program_type: info.type_,
        tag: info.tag,
        gpl: info.gpl_compatible() != 0,
        attach_btf_id: info.attach_btf_id,
        func_infos: info.nr_func_info,
        line_infos: info.nr_line_info,
        maps: info.nr_map_ids,
        verified_insns: info.verified_insns,
    })
}

const BPFFS: &CStr = c"/sys/fs/bpf";

/// Gives this process mounts of its own.
pub(crate) fn private_mounts() -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    let flags = libc::MS_PRIVATE | libc::MS_REC;
    // SAFETY: the path is a NUL-terminated string; the other pointers may be null.
    check(unsafe { libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), flags, ptr::null()) })
}

/// An empty bpffs in the usual place, so that pins of one program are not found by the next.
pub(crate) fn empty_bpffs(mounted: &mut bool) -> io::Result<()> {
    if *mounted {
        // SAFETY: the path is a NUL-terminated string.
        check(unsafe { libc::umount2(BPFFS.as_ptr(), libc::MNT_DETACH) })?;
    }
    let kind = c"bpf".as_ptr();
    // SAFETY: all strings are NUL-terminated, and the last pointer may be null.
    check(unsafe { libc::mount(kind, BPFFS.as_ptr(), kind, 0, ptr::null()) })?;
    *mounted = true;
    Ok(())
}

fn check(status: i32) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
