//! A BPF file system that this process delegates to a child in a user namespace of its own, as a container's manager does:
//! the child opens it, so that it belongs to its namespace; we make it with the options, which it may not; the child mounts it.

use std::ffi::{CStr, CString, c_void};
use std::fs;
use std::io::{self, Read, Write};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::sandbox::{check, mount};

/// Runs a child that may call [`mount_delegated`], for a file system of these mount options.
pub fn delegate(mut child: Command, options: &[(&str, &str)]) -> io::Result<Output> {
    let (mut ours, theirs) = UnixStream::pair()?;
    child.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = child.spawn()?;
    // With it goes our copy of the other end: without a child, nothing is to be read.
    drop(child);
    if let Some(file_system) = receive(&ours)? {
        for (key, value) in options {
            let (key, value) = (CString::new(*key)?, CString::new(*value)?);
            configure(file_system.as_fd(), FSCONFIG_SET_STRING, Some((&key, &value)))?;
        }
        configure(file_system.as_fd(), FSCONFIG_CMD_CREATE, None)?;
        ours.write_all(b"!")?;
    }
    process.wait_with_output()
}

/// Takes the process, which has one thread, to user and mount namespaces of its own, where it has every capability.
pub fn enter_user_namespace() -> io::Result<()> {
    // SAFETY: takes a number.
    check("unshare", unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) });
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", "0 0 1")?;
    fs::write("/proc/self/gid_map", "0 0 1")?;
    mount(c"none", c"/", c"", libc::MS_REC | libc::MS_PRIVATE)
}

/// Mounts what the parent [`delegate`]s, in the process's own namespaces.
pub fn mount_delegated(at: &Path) -> io::Result<()> {
    // SAFETY: the name ends with a NUL.
    let opened = unsafe { libc::syscall(libc::SYS_fsopen, c"bpf".as_ptr(), 0) };
    let file_system = descriptor(opened)?;
    let mut parent = io::stdin();
    send(parent.as_fd(), file_system.as_fd())?;
    parent.read_exact(&mut [0])?;
    // SAFETY: takes numbers.
    let mounted = unsafe { libc::syscall(libc::SYS_fsmount, file_system.as_raw_fd(), 0, 0) };
    let mounted = descriptor(mounted)?;
    let at = CString::new(at.as_os_str().as_bytes())?;
    // SAFETY: both paths end with a NUL.
    result(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            at.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        )
    })
    .map(drop)
}

const FSCONFIG_SET_STRING: u32 = 1;
const FSCONFIG_CMD_CREATE: u32 = 6;
const MOVE_MOUNT_F_EMPTY_PATH: u32 = 4;

fn configure(
    file_system: BorrowedFd<'_>,
    command: u32,
    option: Option<(&CStr, &CStr)>,
) -> io::Result<()> {
    let (key, value) = option.map_or((std::ptr::null(), std::ptr::null()), |(key, value)| {
        (key.as_ptr(), value.as_ptr())
    });
    // SAFETY: both strings end with a NUL, where there are any.
    let done = unsafe {
        libc::syscall(libc::SYS_fsconfig, file_system.as_raw_fd(), command, key, value, 0)
    };
    result(done).map(drop).map_err(|error| {
        io::Error::new(error.kind(), format!("fsconfig {command} {option:?}: {error}"))
    })
}

fn result(number: libc::c_long) -> io::Result<RawFd> {
    if number < 0 { Err(io::Error::last_os_error()) } else { Ok(number as RawFd) }
}

fn descriptor(number: libc::c_long) -> io::Result<OwnedFd> {
    // SAFETY: the call that answered this has just opened it.
    result(number).map(|raw| unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Room for a header and a descriptor, aligned as headers are.
#[repr(C)]
union Control {
    header: libc::cmsghdr,
    bytes: [u8; 32],
}

/// A message of a byte, with room for a descriptor beside it.
fn with_message<T>(control: &mut Control, call: impl FnOnce(&mut libc::msghdr) -> T) -> T {
    let mut byte = [0_u8];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast::<c_void>(), iov_len: 1 };
    // SAFETY: the struct is numbers and addresses, for which zero is a value.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = std::ptr::from_mut(control).cast();
    // SAFETY: takes a number.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) } as _;
    call(&mut message)
}

fn send(socket: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut control = Control { bytes: [0; 32] };
    let sent = with_message(&mut control, |message| {
        // SAFETY: the control data has room for a header and a descriptor, and outlives the call.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as _;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd.as_raw_fd());
            libc::sendmsg(socket.as_raw_fd(), message, 0)
        }
    });
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A descriptor, or `None` where the other end is closed.
fn receive(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut control = Control { bytes: [0; 32] };
    with_message(&mut control, |message| {
        // SAFETY: the message's parts outlive the call.
        let got = unsafe { libc::recvmsg(socket.as_raw_fd(), message, libc::MSG_CMSG_CLOEXEC) };
        if got < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has written the control data; a header of rights has a descriptor, which is ours now.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(message);
            let has_rights = !header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS;
            let raw = has_rights.then(|| libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned());
            Ok(raw.map(|raw| OwnedFd::from_raw_fd(raw)))
        }
    })
}
