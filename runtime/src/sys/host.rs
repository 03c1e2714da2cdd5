use std::ffi::CString;
use std::io;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use super::fd::check;

/// Bytes of a memory page.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: takes a number.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    })
}

/// How many CPUs the machine can have: the length of a per-CPU value. It never changes while the machine runs.
pub(crate) fn possible_cpu_count() -> io::Result<usize> {
    static COUNT: OnceLock<usize> = OnceLock::new();
    if let Some(&count) = COUNT.get() {
        return Ok(count);
    }
    let count = possible_cpus()?.iter().map(|range| range.clone().count()).sum();
    Ok(*COUNT.get_or_init(|| count))
}

/// The numbers of the CPUs that the machine can have.
pub(crate) fn possible_cpus() -> io::Result<Vec<RangeInclusive<u32>>> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible")?;
    parse_cpus(&text).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// `0-3,8,10-11`
fn parse_cpus(text: &str) -> Option<Vec<RangeInclusive<u32>>> {
    let one = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(first..=last)
    };
    text.trim().split(',').map(one).collect()
}

/// A kernel's version, as `uname -r` starts with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KernelVersion {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) patch: u32,
}

impl KernelVersion {
    /// As `KERNEL_VERSION()` packs it, the patch level at most 255.
    pub(crate) fn code(self) -> u32 {
        (self.major << 16) | (self.minor << 8) | self.patch.min(255)
    }

    fn parse(release: &str) -> Option<Self> {
        let end = release.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(release.len());
        let mut numbers = release[..end].split('.').map(|number| number.parse().ok());
        Some(Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next().flatten().unwrap_or(0),
        })
    }
}

/// The running kernel's version, by `uname(2)`. Distributions carry features back: try a call rather than ask this.
pub(crate) fn kernel_version() -> io::Result<KernelVersion> {
    // SAFETY: the struct is arrays of characters, for which zero is a value.
    let mut name: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is exclusively borrowed.
    check(unsafe { libc::uname(&raw mut name) })?;
    let release: String = name
        .release
        .iter()
        .take_while(|&&c| c != 0)
        .map(|&c| char::from(c.cast_unsigned()))
        .collect();
    KernelVersion::parse(&release).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// The number of a network interface, in this thread's network namespace.
pub(crate) fn if_nametoindex(name: &str) -> io::Result<u32> {
    let name = CString::new(name)?;
    // SAFETY: the name is borrowed and ends with a NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

/// Whether a network interface with this number is in this thread's network namespace.
pub(crate) fn has_interface(index: u32) -> bool {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer is as long as the longest name with its NUL.
    !unsafe { libc::if_indextoname(index, name.as_mut_ptr()) }.is_null()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_lists() {
        assert_eq!(parse_cpus("0-3,8,10-11\n"), Some(vec![0..=3, 8..=8, 10..=11]));
        assert_eq!(parse_cpus("0\n"), Some(vec![0..=0]));
        assert_eq!(parse_cpus("3-1"), None);
        assert_eq!(parse_cpus(""), None);
        assert!(possible_cpu_count().unwrap() >= 1);
    }

    #[test]
    fn kernel_versions() {
        let version = |release| KernelVersion::parse(release).map(KernelVersion::code);
        assert_eq!(version("6.18.44-fc-v657"), Some(0x06_12_2c));
        assert_eq!(version("5.10.0-30-amd64"), Some(0x05_0a_00));
        assert_eq!(version("4.9.337"), Some(0x04_09_ff));
        assert_eq!(version("7.2-rc3"), Some(0x07_02_00));
        assert_eq!(version("odd"), None);
        assert!(kernel_version().is_ok());
    }

    #[test]
    fn loopback_has_an_index() {
        assert!(if_nametoindex("no-such-if0").is_err());
    }
}
