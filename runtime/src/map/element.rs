//! Elements as bytes, one at a time.
#![allow(
    unsafe_code,
    reason = "the kernel copies as many bytes as the map says; lengths are checked here"
)]

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;

use super::{Keys, Map};
use crate::sys;
use crate::uapi::flags;
use crate::{Error, Result};

impl Map {
    /// Bytes of one element's value as it is read and written here: the value size, or for a per-CPU map that,
    /// rounded up to 8, times the possible CPUs.
    ///
    /// # Errors
    /// Where the number of CPUs can't be had (`/sys` is not mounted).
    pub fn value_len(&self) -> Result<usize> {
        let cpus = if self.info().is_per_cpu() { self.cpus()? } else { 1 };
        Ok(self.info().copied_value_size(cpus))
    }

    /// How many values an element of a per-CPU map has.
    pub(super) fn cpus(&self) -> Result<usize> {
        sys::possible_cpu_count()
            .map_err(|error| self.failed("read /sys/devices/system/cpu/possible", error))
    }

    /// The value of `key`, or `None` where there is none.
    ///
    /// # Errors
    /// Where the key has another size, or the map can't be read by system calls.
    #[doc(alias = "BPF_MAP_LOOKUP_ELEM")]
    pub fn lookup(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut value = vec![0; self.value_len()?];
        Ok(self.lookup_into(key, &mut value)?.then_some(value))
    }

    /// As [`lookup`](Self::lookup), into memory of one's own, which must have [`value_len`](Self::value_len) bytes;
    /// `false` where there is no such key.
    ///
    /// It is also how a typed value of megabytes is read, which would not fit on the stack:
    ///
    /// ```no_run
    /// use bpf_skel::pod::{boxed_zeroed, bytes_of, bytes_of_mut};
    ///
    /// # fn read(map: &bpf_skel::map::Array<[u8; 4 << 20]>) -> bpf_skel::Result<()> {
    /// let mut value = boxed_zeroed::<[u8; 4 << 20]>();
    /// map.lookup_into(bytes_of(&0u32), bytes_of_mut(&mut *value))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where one of the two has another size.
    pub fn lookup_into(&self, key: &[u8], value: &mut [u8]) -> Result<bool> {
        self.check_key(key)?;
        self.check_value(value)?;
        // SAFETY: both lengths are those of the map.
        let result = unsafe { sys::map_lookup(self.as_fd(), key, value, 0) };
        match result {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(self.failed("BPF_MAP_LOOKUP_ELEM", error)),
        }
    }

    /// Writes the value of `key`. `flags`: [`ANY`](flags::ANY), [`NOEXIST`](flags::NOEXIST), [`EXIST`](flags::EXIST).
    ///
    /// # Errors
    /// Where one of the two has another size; E2BIG where the map is full or the index beyond its end, EEXIST and
    /// ENOENT by the flags.
    #[doc(alias = "BPF_MAP_UPDATE_ELEM")]
    pub fn update(&self, key: &[u8], value: &[u8], flags: u64) -> Result<()> {
        self.write(key, value, flags)?.map_err(|error| {
            let full = error.raw_os_error() == Some(libc::E2BIG);
            let error = self.failed("BPF_MAP_UPDATE_ELEM", error);
            if full {
                error.with_hint(format!("it has room for {} elements", self.max_entries()))
            } else {
                error
            }
        })
    }

    /// As [`update`](Self::update), with the kernel's bare answer.
    pub(crate) fn write(&self, key: &[u8], value: &[u8], flags: u64) -> Result<io::Result<()>> {
        self.check_key(key)?;
        self.check_value(value)?;
        // SAFETY: both lengths are those of the map.
        Ok(unsafe { sys::map_update(self.as_fd(), key, value, flags) })
    }

    /// Creates the element; `false` where the key is there already.
    pub(super) fn update_new(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        unless(self.update(key, value, flags::NOEXIST), libc::EEXIST)
    }

    /// Replaces the element; `false` where the key is not there.
    pub(super) fn update_existing(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        unless(self.update(key, value, flags::EXIST), libc::ENOENT)
    }

    /// Deletes the element; `false` where there is none.
    ///
    /// # Errors
    /// Where the key has another size, or elements of the map can't be deleted (arrays).
    #[doc(alias = "BPF_MAP_DELETE_ELEM")]
    pub fn delete(&self, key: &[u8]) -> Result<bool> {
        self.check_key(key)?;
        // SAFETY: the length is that of the map.
        let result = unsafe { sys::map_delete(self.as_fd(), key, 0) };
        match result {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(self.failed("BPF_MAP_DELETE_ELEM", error)),
        }
    }

    /// Deletes the element and answers its value, in one step. Queues and stacks (with an empty key) since Linux
    /// 4.20, hashes since 5.14, stack traces since 6.18.
    ///
    /// # Errors
    /// Where the key has another size, or the kernel can't do this for the map's type.
    #[doc(alias = "BPF_MAP_LOOKUP_AND_DELETE_ELEM")]
    pub fn lookup_and_delete(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut value = vec![0; self.value_len()?];
        Ok(self.take_into(key, &mut value)?.then_some(value))
    }

    /// As [`lookup_and_delete`](Self::lookup_and_delete), as [`lookup_into`](Self::lookup_into) does it.
    pub(super) fn take_into(&self, key: &[u8], value: &mut [u8]) -> Result<bool> {
        self.check_key(key)?;
        self.check_value(value)?;
        // SAFETY: both lengths are those of the map.
        let result = unsafe { sys::map_lookup_and_delete(self.as_fd(), key, value, 0) };
        match result {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(self.failed("BPF_MAP_LOOKUP_AND_DELETE_ELEM", error)),
        }
    }

    /// The key after `key`, or the first one; `None` after the last. A hash starts anew where `key` is not in it.
    ///
    /// # Errors
    /// Where the key has another size, or the map has no keys to walk (queues, ring buffers).
    #[doc(alias = "BPF_MAP_GET_NEXT_KEY")]
    pub fn next_key(&self, key: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        key.map_or_else(|| self.present(), |key| self.check_key(key))?;
        let mut next = vec![0; self.key_size() as usize];
        // SAFETY: both lengths are that of the map's key.
        let result = unsafe { sys::map_get_next_key(self.as_fd(), key, &mut next) };
        match result {
            Ok(()) => Ok(Some(next)),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(self.failed("BPF_MAP_GET_NEXT_KEY", error)),
        }
    }

    /// Walks the keys: see [`Keys`].
    pub fn keys(&self) -> Keys<'_> {
        Keys::new(self)
    }

    fn check_key(&self, key: &[u8]) -> Result<()> {
        self.present()?;
        check_len("key", self.key_size() as usize, key.len())
            .map_err(|message| self.misused(message))
    }

    fn check_value(&self, value: &[u8]) -> Result<()> {
        check_len("value", self.value_len()?, value.len()).map_err(|message| self.misused(message))
    }

    /// A key that the kernel refuses by its value is an index beyond the end.
    pub(super) fn check_index(&self, index: u32) -> Result<()> {
        self.present()?;
        if index < self.max_entries() {
            return Ok(());
        }
        let entries = self.max_entries();
        Err(self.misused(format!("index {index} is out of range: the map has {entries} entries")))
    }
}

fn check_len(what: &str, expected: usize, found: usize) -> Result<(), Cow<'static, str>> {
    if expected == found {
        return Ok(());
    }
    Err(format!("{what}: expected {expected} bytes, found {found}").into())
}

/// `false` for this error.
fn unless(result: Result<()>, errno: i32) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(errno) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the kernel has no such call for the map: the command or the operation is unknown to it.
pub(super) fn is_unsupported(error: &Error) -> bool {
    // The kernel's own ENOTSUPP, which user space has no name for.
    const ENOTSUPP: i32 = 524;
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EOPNOTSUPP | ENOTSUPP))
}
