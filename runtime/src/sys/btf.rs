use std::io;
use std::os::fd::OwnedFd;

use super::attr::BtfLoadAttr;
use super::bpf::{address, address_mut, bpf_fd, length};
use super::program::Log;
use crate::uapi::Command;

/// What BTF is loaded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BtfLoad<'a> {
    /// In host byte order.
    pub(crate) bytes: &'a [u8],
}

/// `BPF_BTF_LOAD` (Linux 4.18). With a log, it is written on success and on failure alike.
pub(crate) fn btf_load(btf: BtfLoad<'_>, log: Option<&mut Log>) -> io::Result<OwnedFd> {
    let mut attr = BtfLoadAttr {
        btf: address(btf.bytes),
        btf_size: length(btf.bytes.len())?,
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
