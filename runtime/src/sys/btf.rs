use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::attr::{BtfLoadAttr, IdAttr};
use super::bpf::{address, address_mut, bpf_fd, length};
use super::program::Log;
use super::token::flags_and_fd;
use crate::uapi::Command;

/// What BTF is loaded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BtfLoad<'a> {
    /// In host byte order.
    pub(crate) bytes: &'a [u8],
    pub(crate) token: Option<BorrowedFd<'a>>,
}

/// `BPF_BTF_LOAD` (Linux 4.18). With a log, it is written on success and on failure alike.
pub(crate) fn btf_load(btf: BtfLoad<'_>, log: Option<&mut Log>) -> io::Result<OwnedFd> {
    let (btf_flags, btf_token_fd) = flags_and_fd(0, btf.token);
    let mut attr = BtfLoadAttr {
        btf: address(btf.bytes),
        btf_size: length(btf.bytes.len())?,
        btf_flags,
        btf_token_fd,
        ..BtfLoadAttr::default()
    };
    let Some(log) = log else {
        // SAFETY: the address is that of a borrowed slice of the length given.
        return unsafe { bpf_fd(Command::BTF_LOAD, &mut attr) };
    };
    attr.btf_log_level = log.level;
    attr.btf_log_size = length(log.buffer.len())?;
    attr.btf_log_buf = address_mut(&mut log.buffer);
    // SAFETY: both addresses are those of borrowed slices of the lengths given.
    let result = unsafe { bpf_fd(Command::BTF_LOAD, &mut attr) };
    log.true_size = attr.btf_log_true_size;
    result
}

/// `BPF_BTF_GET_FD_BY_ID`, with a token from Linux 6.15 on; EINVAL before.
pub(crate) fn btf_fd_by_id(id: u32, token: Option<BorrowedFd<'_>>) -> io::Result<OwnedFd> {
    let (open_flags, fd_by_id_token_fd) = flags_and_fd(0, token);
    let mut attr = IdAttr { id, open_flags, fd_by_id_token_fd, ..IdAttr::default() };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf_fd(Command::BTF_GET_FD_BY_ID, &mut attr) }
}
