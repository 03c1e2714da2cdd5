//! Elements that are written as a descriptor: of a program, a cgroup, a socket.

use std::os::fd::{AsRawFd, BorrowedFd};

use super::Map;
use super::element::is_unsupported;
use crate::pod::{self, bytes_of};
use crate::uapi::flags;
use crate::{Error, ErrorKind, Result};

impl Map {
    /// Puts a descriptor into the slot, in place of one before.
    pub(crate) fn set_slot(&self, index: u32, fd: BorrowedFd<'_>) -> Result<()> {
        self.check_index(index)?;
        self.update(bytes_of(&index), &self.descriptor(fd)?, flags::ANY)
    }

    /// Empties the slot; `false` where the kernel says that it was empty.
    pub(crate) fn clear_slot(&self, index: u32) -> Result<bool> {
        self.check_index(index)?;
        self.delete(bytes_of(&index))
    }

    /// A descriptor as the map's value: maps of sockets take 8 bytes as well as 4.
    pub(super) fn descriptor(&self, fd: BorrowedFd<'_>) -> Result<Vec<u8>> {
        let raw = fd.as_raw_fd();
        Ok(match self.value_len()? {
            8 => i64::from(raw).to_ne_bytes().to_vec(),
            _ => raw.to_ne_bytes().to_vec(),
        })
    }

    /// The cookie of the socket under `key`, which only values of 8 bytes have room for.
    pub(super) fn socket_cookie(&self, key: &[u8]) -> Result<Option<u64>> {
        if self.value_size() != 8 {
            let found = self.value_size();
            return Err(self.misused(format!(
                "the map's values have {found} bytes: cookies of its sockets can be read where they have 8"
            )));
        }
        Ok(self.lookup(key)?.and_then(|cookie| pod::read(&cookie)))
    }
}

/// Says what descriptor the map takes, where the kernel refuses one of another kind.
pub(super) fn expecting(error: Error, expected: &'static str) -> Error {
    let refused = matches!(error.raw_os_error(), Some(libc::EBADF | libc::ENOTSOCK));
    if refused || is_unsupported(&error) {
        error.with_kind(ErrorKind::InvalidInput).with_hint(expected)
    } else {
        error
    }
}
