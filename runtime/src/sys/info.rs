//! `BPF_OBJ_GET_INFO_BY_FD`, and the arrays that it fills on the side.

use std::io;
use std::os::fd::BorrowedFd;

use super::attr::{BtfInfo, InfoAttr, LinkInfo, MapInfo, ProgramInfo};
use super::bpf::{address_mut, bpf, length, raw};
use crate::insn::Insn;
use crate::uapi::Command;

/// # Safety
///
/// `I` is the info struct of what `fd` is, and every address in it is 0 or that of memory that is valid for as many
/// records as the count beside it says.
unsafe fn info<I>(fd: BorrowedFd<'_>, info: &mut I) -> io::Result<()> {
    let mut attr = InfoAttr {
        bpf_fd: raw(fd),
        info_len: length(size_of::<I>())?,
        info: std::ptr::from_mut(info) as u64,
    };
    // SAFETY: `info` is exclusively borrowed and as large as said; the caller vouches for the addresses in it. A
    // descriptor of another kind is refused or fills plain numbers: each of the structs takes any bytes.
    unsafe { bpf(Command::OBJ_GET_INFO_BY_FD, &mut attr) }.map(drop)
}

/// What the kernel knows of a map.
pub(crate) fn map_info(map: BorrowedFd<'_>) -> io::Result<MapInfo> {
    let mut out = MapInfo::default();
    // SAFETY: the struct holds no addresses.
    unsafe { info(map, &mut out) }?;
    Ok(out)
}

/// What the kernel knows of a program. With `insns`, the instructions after verification are put there (empty where
/// the caller may not see them: without CAP_PERFMON or with `kernel.kptr_restrict`); with `map_ids`, the maps it uses.
pub(crate) fn program_info(
    program: BorrowedFd<'_>,
    insns: Option<&mut Vec<Insn>>,
    map_ids: Option<&mut Vec<u32>>,
) -> io::Result<ProgramInfo> {
    let mut out = ProgramInfo::default();
    // SAFETY: all addresses and counts are 0.
    unsafe { info(program, &mut out) }?;
    if insns.is_none() && map_ids.is_none() {
        return Ok(out);
    }
    let mut more = ProgramInfo::default();
    let mut no_insns = Vec::new();
    let mut no_ids = Vec::new();
    let want_insns = insns.is_some();
    let insns = insns.unwrap_or(&mut no_insns);
    let map_ids = map_ids.unwrap_or(&mut no_ids);
    insns.clear();
    map_ids.clear();
    if want_insns {
        insns.resize(out.xlated_prog_len as usize / size_of::<Insn>(), Insn::default());
        more.xlated_prog_len = out.xlated_prog_len;
        more.xlated_prog_insns = address_mut(insns);
    }
    map_ids.resize(out.nr_map_ids as usize, 0);
    more.nr_map_ids = out.nr_map_ids;
    more.map_ids = address_mut(map_ids);
    // SAFETY: both addresses are those of vectors that have just been made as long as the counts say; the kernel
    // writes no more than these, whatever it has.
    unsafe { info(program, &mut more) }?;
    // The kernel zeroes the address of what it does not show.
    if more.xlated_prog_insns == 0 {
        insns.clear();
    }
    insns.truncate(more.xlated_prog_len as usize / size_of::<Insn>());
    map_ids.truncate(more.nr_map_ids as usize);
    Ok(more)
}

/// What the kernel knows of a link (Linux 5.8).
pub(crate) fn link_info(link: BorrowedFd<'_>) -> io::Result<LinkInfo> {
    let mut out = LinkInfo::default();
    // SAFETY: all addresses in the union are 0.
    unsafe { info(link, &mut out) }?;
    Ok(out)
}

/// What the kernel knows of BTF, and its name: `vmlinux`, that of a module, or empty for a program's (Linux 5.11).
pub(crate) fn btf_name(btf: BorrowedFd<'_>) -> io::Result<(BtfInfo, String)> {
    // MODULE_NAME_LEN is 56 on the widest machines.
    let mut name = [0_u8; 64];
    let mut out = BtfInfo {
        name: address_mut(&mut name),
        name_len: length(name.len())?,
        ..BtfInfo::default()
    };
    // SAFETY: the name's address is that of an array of the length said, which outlives the call; no BTF is asked for.
    unsafe { info(btf, &mut out) }?;
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    Ok((out, String::from_utf8_lossy(&name[..end]).into_owned()))
}

/// What the kernel knows of BTF; with `bytes`, its text too.
pub(crate) fn btf_info(btf: BorrowedFd<'_>, bytes: Option<&mut Vec<u8>>) -> io::Result<BtfInfo> {
    let mut out = BtfInfo::default();
    // SAFETY: all addresses and counts are 0.
    unsafe { info(btf, &mut out) }?;
    if let Some(bytes) = bytes {
        bytes.clear();
        bytes.resize(out.btf_size as usize, 0);
        let mut more =
            BtfInfo { btf: address_mut(bytes), btf_size: out.btf_size, ..BtfInfo::default() };
        // SAFETY: the address is that of a vector which has just been made as long as the count says.
        unsafe { info(btf, &mut more) }?;
        bytes.truncate(more.btf_size as usize);
    }
    Ok(out)
}
