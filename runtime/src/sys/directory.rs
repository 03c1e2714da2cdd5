//! Directories by descriptor: no name is looked up twice, so nobody can put another in its place meanwhile.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::fd::{adopt_result, check};

const BPF_FS_MAGIC: u32 = 0xcafe_4a11;

/// What `fstat` says of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) owner: u32,
    pub(crate) mode: u32,
    /// Whether it is on a BPF file system.
    pub(crate) bpffs: bool,
}

/// Opens a directory to look names up in; the last part of `path` is not followed.
pub(crate) fn open_directory(path: &CStr) -> io::Result<OwnedFd> {
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: the path ends with a NUL; the call answers a new descriptor or -1.
    unsafe { adopt_result(libc::open(path.as_ptr(), flags)) }
}

/// As [`open_directory`], of a name within a directory.
pub(crate) fn open_directory_at(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: the name ends with a NUL; the call answers a new descriptor or -1.
    unsafe { adopt_result(libc::openat(directory.as_raw_fd(), name.as_ptr(), flags)) }
}

/// What a name stands for, be it a symbolic link: to look at, and to open by [`obj_get_opened`](super::obj_get_opened).
pub(crate) fn open_name_at(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: the name ends with a NUL; the call answers a new descriptor or -1.
    unsafe { adopt_result(libc::openat(directory.as_raw_fd(), name.as_ptr(), flags)) }
}

pub(crate) fn make_directory_at(
    directory: BorrowedFd<'_>,
    name: &CStr,
    mode: u32,
) -> io::Result<()> {
    // SAFETY: the name ends with a NUL.
    check(unsafe { libc::mkdirat(directory.as_raw_fd(), name.as_ptr(), mode) })
}

pub(crate) fn symlink_at(target: &CStr, directory: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    // SAFETY: both end with a NUL.
    check(unsafe { libc::symlinkat(target.as_ptr(), directory.as_raw_fd(), name.as_ptr()) })
}

/// Where a symbolic link leads; EINVAL for anything else.
pub(crate) fn read_link_at(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<CString> {
    let mut target = [0_u8; libc::PATH_MAX as usize];
    // SAFETY: the name ends with a NUL; the buffer is as long as said and exclusively borrowed.
    let len = unsafe {
        libc::readlinkat(
            directory.as_raw_fd(),
            name.as_ptr(),
            target.as_mut_ptr().cast(),
            target.len(),
        )
    };
    let len = usize::try_from(len).map_err(|_| io::Error::last_os_error())?;
    Ok(CString::new(&target[..len])?)
}

pub(crate) fn unlink_at(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    // SAFETY: the name ends with a NUL.
    check(unsafe { libc::unlinkat(directory.as_raw_fd(), name.as_ptr(), 0) })
}

pub(crate) fn remove_directory_at(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    // SAFETY: the name ends with a NUL.
    check(unsafe { libc::unlinkat(directory.as_raw_fd(), name.as_ptr(), libc::AT_REMOVEDIR) })
}

/// Gives what is called `from` the name `to`, in place of what has it.
pub(crate) fn rename_at(directory: BorrowedFd<'_>, from: &CStr, to: &CStr) -> io::Result<()> {
    let at = directory.as_raw_fd();
    // SAFETY: both end with a NUL.
    check(unsafe { libc::renameat(at, from.as_ptr(), at, to.as_ptr()) })
}

pub(crate) fn status(directory: BorrowedFd<'_>) -> io::Result<Status> {
    // SAFETY: the struct is numbers only, for which zero is a value.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is exclusively borrowed.
    check(unsafe { libc::fstat(directory.as_raw_fd(), &raw mut stat) })?;
    // SAFETY: as above.
    let mut fs: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is exclusively borrowed. Linux 3.12 takes descriptors of O_PATH.
    check(unsafe { libc::fstatfs(directory.as_raw_fd(), &raw mut fs) })?;
    Ok(Status {
        owner: stat.st_uid,
        mode: stat.st_mode,
        // The type of the field differs by architecture; all hold the low 32 bits.
        bpffs: fs.f_type as u32 == BPF_FS_MAGIC,
    })
}

/// Whether a path, which exists, is on a BPF file system.
pub(crate) fn is_bpffs(path: &CStr) -> io::Result<bool> {
    // SAFETY: the struct is numbers only, for which zero is a value.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a NUL, the struct is exclusively borrowed.
    check(unsafe { libc::statfs(path.as_ptr(), &raw mut stat) })?;
    Ok(stat.f_type as u32 == BPF_FS_MAGIC)
}

/// Mounts a BPF file system on a directory, for root alone to look into.
pub(crate) fn mount_bpffs(path: &CStr) -> io::Result<()> {
    // SAFETY: all four end with a NUL.
    check(unsafe {
        libc::mount(
            c"bpf".as_ptr(),
            path.as_ptr(),
            c"bpf".as_ptr(),
            0,
            c"mode=0700".as_ptr().cast(),
        )
    })
}

/// The user that files are made as.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::geteuid() }
}
