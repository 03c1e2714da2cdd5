use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

/// Memory from `mmap(2)`, unmapped when dropped.
///
/// It can be read and written by others (the kernel, other processes) at any time, so it hands out a pointer and no
/// reference; what may be done with it is for the owner of its meaning to say.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

/// What a mapping can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

// SAFETY: the mapping is plain memory which belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: through a shared reference only a raw pointer can be had; each use of it answers for itself.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// `len` bytes of `fd` from `offset` (whole pages), shared with the kernel and all others that map it.
    pub(crate) fn shared(
        fd: BorrowedFd<'_>,
        offset: u64,
        len: usize,
        access: Access,
    ) -> io::Result<Self> {
        Self::new(Some(fd), offset, len, access, libc::MAP_SHARED)
    }

    /// The memory of an arena, `len` bytes of `fd`, at this address where it has to be at one. Nothing that is there
    /// already is replaced: EEXIST.
    pub(crate) fn arena(fd: BorrowedFd<'_>, len: usize, at: usize) -> io::Result<Self> {
        let fixed = if at == 0 { 0 } else { libc::MAP_FIXED_NOREPLACE };
        Self::at(at, Some(fd), 0, len, Access::ReadWrite, libc::MAP_SHARED | fixed)
    }

    /// Has `len` bytes from `offset` (whole pages) be there to be written to, which would end the process else where the
    /// kernel has no memory for them. Linux 5.14.
    pub(crate) fn populate(&self, offset: usize, len: usize) -> io::Result<()> {
        if offset.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: within the mapping, as was just checked; nothing is changed by it.
        let answer = unsafe {
            let start = self.start.as_ptr().add(offset).cast();
            libc::madvise(start, len, libc::MADV_POPULATE_WRITE)
        };
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// `len` bytes of `fd`, read-only and private: how the kernel's BTF may be mapped (Linux 6.16).
    pub(crate) fn private(fd: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        Self::new(Some(fd), 0, len, Access::Read, libc::MAP_PRIVATE)
    }

    /// `len` fresh bytes of zeros.
    #[cfg(test)]
    pub(crate) fn anonymous(len: usize) -> io::Result<Self> {
        Self::new(None, 0, len, Access::ReadWrite, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
    }

    fn new(
        fd: Option<BorrowedFd<'_>>,
        offset: u64,
        len: usize,
        access: Access,
        flags: i32,
    ) -> io::Result<Self> {
        Self::at(0, fd, offset, len, access, flags)
    }

    /// At an address other than 0 only with `MAP_FIXED_NOREPLACE`.
    fn at(
        address: usize,
        fd: Option<BorrowedFd<'_>>,
        offset: u64,
        len: usize,
        access: Access,
        flags: i32,
    ) -> io::Result<Self> {
        let invalid = |_| io::Error::from_raw_os_error(libc::EINVAL);
        let offset = libc::off_t::try_from(offset).map_err(invalid)?;
        let protection = match access {
            Access::Read => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        let raw = fd.map_or(-1, |fd| fd.as_raw_fd());
        let address = std::ptr::without_provenance_mut(address);
        // SAFETY: the kernel picks an address where nothing is, or takes the one asked for, without replacing anything.
        let start = unsafe { libc::mmap(address, len, protection, flags, raw, offset) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(invalid_address)?;
        Ok(Self { start, len })
    }

    /// The first byte; aligned to a page.
    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// How many bytes were asked for.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes.
    ///
    /// # Safety
    ///
    /// Nobody writes to them while the slice is there: a frozen map, or a file that never changes.
    pub(crate) unsafe fn as_bytes(&self) -> &[u8] {
        // SAFETY: the mapping is readable, `len` long and lives as long as `self`; the caller vouches that it
        // does not change.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

/// The kernel never answers address 0 unless asked for it.
fn invalid_address() -> io::Error {
    io::Error::from_raw_os_error(libc::EFAULT)
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nobody can use it after `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_memory_is_zero_and_writable() {
        let mapping = Mapping::anonymous(100).unwrap();
        assert_eq!(mapping.len(), 100);
        // SAFETY: writable, private to this test, and nobody else writes.
        unsafe { mapping.as_ptr().add(99).write(7) };
        // SAFETY: as above.
        let bytes = unsafe { mapping.as_bytes() };
        assert_eq!((bytes[0], bytes[99]), (0, 7));
    }
}
