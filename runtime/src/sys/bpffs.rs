use std::ffi::CStr;
use std::io;

use super::fd::check;

const BPF_FS_MAGIC: u32 = 0xcafe_4a11;

/// Whether a path, which exists, is on a BPF file system.
pub(crate) fn is_bpffs(path: &CStr) -> io::Result<bool> {
    // SAFETY: the struct is numbers only, for which zero is a value.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a NUL, the struct is exclusively borrowed.
    check(unsafe { libc::statfs(path.as_ptr(), &raw mut stat) })?;
    // The type of the field differs by architecture; all hold the low 32 bits.
    Ok(stat.f_type as u32 == BPF_FS_MAGIC)
}
