//! What `/proc` tells of a descriptor.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The lines `name: value` of it. An error where `/proc` is not mounted.
pub(super) fn read(fd: BorrowedFd<'_>) -> io::Result<String> {
    std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))
}

/// The value of this name.
pub(super) fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.map(str::trim)
}
