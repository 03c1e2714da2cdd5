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

/// The running kernel's version. Distributions carry features back: try a call rather than ask this.
///
/// Debian and Ubuntu leave the patch level out of `uname -r` (`6.1.0-30-amd64` is 6.1.124), and have the whole elsewhere.
pub(crate) fn kernel_version() -> io::Result<KernelVersion> {
    let name = uname()?;
    let signature = std::fs::read_to_string("/proc/version_signature").unwrap_or_default();
    version_of(&text(&name.release), &text(&name.version), &signature)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn version_of(release: &str, version: &str, ubuntu: &str) -> Option<KernelVersion> {
    // `Ubuntu 5.4.0-12.15-generic 5.4.8` and `#1 SMP Debian 5.10.158-2 (2022-12-13)`
    let ubuntu = ubuntu.strip_prefix("Ubuntu ").and_then(|rest| rest.split_whitespace().nth(1));
    let debian = version.split_once("Debian ").map(|(_, rest)| rest);
    ubuntu
        .and_then(KernelVersion::parse)
        .or_else(|| debian.and_then(KernelVersion::parse))
        .or_else(|| KernelVersion::parse(release))
}

/// `uname -r`
pub(crate) fn kernel_release() -> io::Result<String> {
    Ok(text(&uname()?.release))
}

fn uname() -> io::Result<libc::utsname> {
    // SAFETY: the struct is arrays of characters, for which zero is a value.
    let mut name: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is exclusively borrowed.
    check(unsafe { libc::uname(&raw mut name) })?;
    Ok(name)
}

fn text(chars: &[libc::c_char]) -> String {
    #[allow(clippy::unnecessary_cast, reason = "c_char has a sign on some architectures")]
    chars.iter().take_while(|&&c| c != 0).map(|&c| char::from(c as u8)).collect()
}

/// Whether the program runs with privileges that its caller need not have.
pub(crate) fn is_set_id() -> bool {
    // SAFETY: takes a number, and every Linux has this entry.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
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
        let whole = |release, version, ubuntu| {
            version_of(release, version, ubuntu).map(KernelVersion::code)
        };
        let debian = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.124-1 (2025-01-12)";
        assert_eq!(whole("6.1.0-30-amd64", debian, ""), Some(0x06_01_7c));
        let ubuntu = "Ubuntu 5.4.0-12.15-generic 5.4.8\n";
        assert_eq!(whole("5.4.0-12-generic", "#15-Ubuntu SMP", ubuntu), Some(0x05_04_08));
        assert_eq!(whole("6.18.44", "#1 SMP", "odd"), Some(0x06_12_2c));
    }

    #[test]
    fn a_test_is_not_set_id() {
        assert!(!is_set_id());
    }

    #[test]
    fn loopback_has_an_index() {
        assert!(if_nametoindex("no-such-if0").is_err());
    }
}
