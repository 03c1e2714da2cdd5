use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::attr::Attr;
use super::fd;
use crate::uapi::Command;

/// `bpf(2)`: the number that it answers.
///
/// # Safety
///
/// `attr` is the struct of `command`, and every address in it is 0 or that of memory which is valid, for as many
/// bytes as the kernel reads or writes there, until the call returns.
pub(super) unsafe fn bpf<A: Attr>(command: Command, attr: &mut A) -> io::Result<c_int> {
    // SAFETY: `attr` is exclusively borrowed and as large as said; the caller vouches for the addresses in it.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command.0, std::ptr::from_mut(attr), size_of::<A>())
    };
    // What bpf(2) answers is an int: a count, zero or a descriptor.
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as c_int) }
}

/// `bpf(2)` with a command that answers a new descriptor. The kernel makes them close-on-exec.
///
/// # Safety
///
/// As [`bpf`], and `command` is one that answers a descriptor.
pub(super) unsafe fn bpf_fd<A: Attr>(command: Command, attr: &mut A) -> io::Result<OwnedFd> {
    // SAFETY: as the caller vouches.
    let raw = unsafe { bpf(command, attr)? };
    // SAFETY: the command answered a new descriptor, which nobody else has seen.
    unsafe { fd::adopt(raw) }
}

/// A descriptor as attributes hold it.
pub(super) fn raw(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// A descriptor as attributes hold it where 0 means that there is none.
pub(super) fn raw_or_zero(fd: Option<BorrowedFd<'_>>) -> u32 {
    fd.map_or(0, raw)
}

/// The address of a slice as attributes hold it; 0 for an empty one.
pub(super) fn address<T>(slice: &[T]) -> u64 {
    if slice.is_empty() { 0 } else { slice.as_ptr() as u64 }
}

/// As [`address`], of memory that the kernel writes to.
pub(super) fn address_mut<T>(slice: &mut [T]) -> u64 {
    if slice.is_empty() { 0 } else { slice.as_mut_ptr() as u64 }
}

/// A length as attributes hold it.
pub(super) fn length(len: usize) -> io::Result<u32> {
    u32::try_from(len).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))
}

/// An object's name as attributes hold it: at most 15 bytes of letters, digits, `_` and `.`, as the kernel wants it.
pub(super) fn object_name(name: &str) -> [u8; 16] {
    let mut out = [0; 16];
    for (to, byte) in out[..15].iter_mut().zip(name.bytes()) {
        let plain = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        *to = if plain { byte } else { b'_' };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::object_name;

    #[test]
    fn names_are_cut_and_made_plain() {
        assert_eq!(&object_name("a-long.name_of_17"), b"a_long.name_of_\0");
        assert_eq!(&object_name("x"), b"x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    }
}
