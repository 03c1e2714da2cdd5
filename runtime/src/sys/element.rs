//! Elements of maps, one at a time and in batches.
//!
//! The kernel takes the sizes of keys and values from the map, not from the caller, so that all of these are unsafe:
//! a slice that is too short would have it read or write beyond the end.

use std::io;
use std::os::fd::BorrowedFd;

use super::attr::{BatchAttr, ElementAttr};
use super::bpf::{address, address_mut, bpf, raw};
use crate::uapi::Command;

/// `BPF_MAP_LOOKUP_ELEM`: reads the value of `key` into `value`. ENOENT where there is none.
///
/// `flags` can be 0 or `BPF_F_LOCK`, and since Linux 6.19 a CPU for per-CPU maps.
///
/// # Safety
///
/// `key` has the map's key size (empty where that is 0), `value` at least the bytes that a lookup writes: the
/// value size, or for a per-CPU map that, rounded up to 8, times the possible CPUs.
pub(crate) unsafe fn map_lookup(
    map: BorrowedFd<'_>,
    key: &[u8],
    value: &mut [u8],
    flags: u64,
) -> io::Result<()> {
    let mut attr = element(map, key, address_mut(value), flags);
    // SAFETY: both slices are valid for the sizes that the caller vouches for.
    unsafe { bpf(Command::MAP_LOOKUP_ELEM, &mut attr) }.map(drop)
}

/// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`: queues and stacks since Linux 4.20, hashes since 5.14.
///
/// # Safety
///
/// As [`map_lookup`].
pub(crate) unsafe fn map_lookup_and_delete(
    map: BorrowedFd<'_>,
    key: &[u8],
    value: &mut [u8],
    flags: u64,
) -> io::Result<()> {
    let mut attr = element(map, key, address_mut(value), flags);
    // SAFETY: both slices are valid for the sizes that the caller vouches for.
    unsafe { bpf(Command::MAP_LOOKUP_AND_DELETE_ELEM, &mut attr) }.map(drop)
}

/// `BPF_MAP_UPDATE_ELEM`.
///
/// # Safety
///
/// `key` has the map's key size (empty where that is 0), `value` at least as many bytes as [`map_lookup`] writes;
/// for a map of maps, programs, cgroups or events it is the 4 bytes of a descriptor, which a map of sockets with values
/// of 8 bytes takes as a number of 8.
pub(crate) unsafe fn map_update(
    map: BorrowedFd<'_>,
    key: &[u8],
    value: &[u8],
    flags: u64,
) -> io::Result<()> {
    let mut attr = element(map, key, address(value), flags);
    // SAFETY: both slices are valid for the sizes that the caller vouches for.
    unsafe { bpf(Command::MAP_UPDATE_ELEM, &mut attr) }.map(drop)
}

/// `BPF_MAP_DELETE_ELEM`. ENOENT where there is none.
///
/// # Safety
///
/// `key` has the map's key size.
pub(crate) unsafe fn map_delete(map: BorrowedFd<'_>, key: &[u8], flags: u64) -> io::Result<()> {
    let mut attr = element(map, key, 0, flags);
    // SAFETY: the key is valid for the size that the caller vouches for.
    unsafe { bpf(Command::MAP_DELETE_ELEM, &mut attr) }.map(drop)
}

/// `BPF_MAP_GET_NEXT_KEY`: the key after `key`, or the first one without; ENOENT after the last.
///
/// # Safety
///
/// `key` and `next` have the map's key size.
pub(crate) unsafe fn map_get_next_key(
    map: BorrowedFd<'_>,
    key: Option<&[u8]>,
    next: &mut [u8],
) -> io::Result<()> {
    let mut attr = element(map, key.unwrap_or_default(), address_mut(next), 0);
    // SAFETY: both slices are valid for the size that the caller vouches for.
    unsafe { bpf(Command::MAP_GET_NEXT_KEY, &mut attr) }.map(drop)
}

fn element(map: BorrowedFd<'_>, key: &[u8], value: u64, flags: u64) -> ElementAttr {
    ElementAttr { map_fd: raw(map), key: address(key), value, flags, ..ElementAttr::default() }
}

/// Where a batch starts, and where the kernel writes its end: opaque to the caller. For arrays 4 bytes, for hashes
/// 4 bytes, for tries a key; the larger of 4 and the key size is always enough.
pub(crate) struct BatchKeys<'a> {
    /// What the batch before wrote; `None` for the first.
    pub(crate) from: Option<&'a [u8]>,
    pub(crate) to: &'a mut [u8],
}

/// `BPF_MAP_LOOKUP_BATCH` (Linux 5.6): how many elements it read. At the end of the map that is an `Err` with ENOENT
/// in the second place and still a count; ENOSPC says that a hash bucket has more elements than there is room for.
///
/// # Safety
///
/// `keys` and `values` have room for `count` elements of the sizes that [`map_lookup`] names, and both of `batch`
/// for the larger of a key and 4 bytes.
pub(crate) unsafe fn map_lookup_batch(
    map: BorrowedFd<'_>,
    batch: BatchKeys<'_>,
    keys: &mut [u8],
    values: &mut [u8],
    count: u32,
    elem_flags: u64,
) -> (u32, io::Result<()>) {
    let command = Command::MAP_LOOKUP_BATCH;
    // SAFETY: as the caller vouches.
    unsafe { read_batch(command, map, batch, keys, values, count, elem_flags) }
}

/// # Safety
///
/// As [`map_lookup_batch`].
unsafe fn read_batch(
    command: Command,
    map: BorrowedFd<'_>,
    batch: BatchKeys<'_>,
    keys: &mut [u8],
    values: &mut [u8],
    count: u32,
    elem_flags: u64,
) -> (u32, io::Result<()>) {
    let mut attr = BatchAttr {
        in_batch: address(batch.from.unwrap_or_default()),
        out_batch: address_mut(batch.to),
        keys: address_mut(keys),
        values: address_mut(values),
        count,
        map_fd: raw(map),
        elem_flags,
        flags: 0,
    };
    // SAFETY: all slices are valid for the sizes that the caller vouches for.
    let result = unsafe { bpf(command, &mut attr) };
    (counted(&attr, count, &result), result.map(drop))
}

/// The kernel writes the count back, but not where it fails before it starts: with EFAULT (as the kernel documents),
/// or where it does not know the command or the flags.
fn counted<T>(attr: &BatchAttr, asked: u32, result: &io::Result<T>) -> u32 {
    match result {
        Err(error) if error.raw_os_error() != Some(libc::ENOENT) && attr.count == asked => 0,
        _ => attr.count.min(asked),
    }
}
