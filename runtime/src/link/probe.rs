//! Probes as perf events: what kprobes and uprobes share.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use crate::feature::{self, Feature};
use crate::sys::{self, Capability, PerfEventAttr, explain};
use crate::{Error, Frame, Result};

/// Where a probe is.
pub(super) struct Probe<'a> {
    pub(super) sort: Sort,
    /// A function of the kernel, or a file.
    pub(super) name: &'a CStr,
    /// Bytes from the function's or the file's start.
    pub(super) offset: u64,
    /// Where the function returns, rather than at the offset.
    pub(super) on_return: bool,
    /// Of a uprobe: where in the file a counter is that tells whether anybody listens; 0 for none.
    pub(super) ref_ctr_offset: u64,
    pub(super) process: Process,
}

/// In the kernel, or in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Kprobe,
    Uprobe,
}

/// Whose events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Process {
    #[default]
    Any,
    /// 0 is the caller.
    Id(u32),
}

impl Process {
    /// `pid` and `cpu` of `perf_event_open`. An event of a probe is hit on every CPU, whichever it is opened on.
    fn scope(self) -> (i32, i32) {
        match self {
            Self::Any => (-1, 0),
            Self::Id(pid) => (i32::try_from(pid).unwrap_or(i32::MAX), -1),
        }
    }
}

impl Probe<'_> {
    /// Opens the probe; errors are the kernel's own.
    pub(super) fn open(&self) -> Result<io::Result<OwnedFd>> {
        let pmu = self.sort.pmu()?;
        let on_return = if self.on_return { 1 << pmu.return_bit } else { 0 };
        let attr = PerfEventAttr {
            event_type: pmu.event_type,
            // The upper half is of the counter.
            config: on_return | (self.ref_ctr_offset << 32),
            config2: self.offset,
            ..PerfEventAttr::default()
        };
        let (pid, cpu) = self.process.scope();
        Ok(sys::perf_probe_open(&attr, self.name, pid, cpu))
    }
}

/// The numbers by which perf knows a sort of probes.
#[derive(Clone, Copy, Debug)]
struct Pmu {
    event_type: u32,
    return_bit: u32,
}

impl Sort {
    fn pmu(self) -> Result<Pmu> {
        static KPROBE: OnceLock<Pmu> = OnceLock::new();
        static UPROBE: OnceLock<Pmu> = OnceLock::new();
        let (known, name, feature) = match self {
            Self::Kprobe => (&KPROBE, "kprobe", Feature::KprobeEvents),
            Self::Uprobe => (&UPROBE, "uprobe", Feature::UprobeEvents),
        };
        if let Some(&pmu) = known.get() {
            return Ok(pmu);
        }
        let pmu = Pmu::read(name).map_err(|error| match feature::why_absent([feature]) {
            Some(why) => error.because_absent(why),
            None => error,
        })?;
        Ok(*known.get_or_init(|| pmu))
    }
}

impl Pmu {
    fn read(name: &str) -> Result<Self> {
        let read = |file: &str, parse: fn(&str) -> Option<u32>| {
            let path = format!("/sys/bus/event_source/devices/{name}/{file}");
            std::fs::read_to_string(&path)
                .map_err(|error| Error::system("read", error))
                .and_then(|text| {
                    parse(text.trim()).ok_or_else(|| {
                        Error::malformed(format!("expected a number, found {text:?}"))
                    })
                })
                .map_err(|error| error.within(Frame::Path(path)))
        };
        Ok(Self {
            event_type: read("type", |text| text.parse().ok())?,
            return_bit: read("format/retprobe", |text| {
                text.strip_prefix("config:")?.parse().ok().filter(|&bit| bit < 64)
            })?,
        })
    }
}

/// A refusal of perf, with the permission that it takes.
pub(super) fn refused(error: io::Error) -> Error {
    explain::permission(Error::system("perf_event_open", error), &[Capability::Perfmon])
}

/// `name+offset` as sections have it: the offset in decimal, hexadecimal (`0x`) or octal (`0`).
pub(super) fn split_offset(target: &str) -> Result<(&str, u64)> {
    let Some((name, offset)) = target.split_once('+') else { return Ok((target, 0)) };
    let parsed = match offset.strip_prefix("0x").or_else(|| offset.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None if offset.len() > 1 && offset.starts_with('0') => u64::from_str_radix(offset, 8),
        None => offset.parse(),
    };
    match parsed {
        Ok(parsed) if !offset.contains('+') => Ok((name, parsed)),
        _ => Err(Error::invalid_input(format!(
            "expected a number of bytes behind the function's name, found {offset:?}"
        ))),
    }
}

/// A name as the kernel takes it.
pub(super) fn c_string(name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| Error::invalid_input("a name holds no NUL byte"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        assert_eq!(split_offset("f").unwrap(), ("f", 0));
        assert_eq!(split_offset("f+16").unwrap(), ("f", 16));
        assert_eq!(split_offset("f.isra.0+0x1f").unwrap(), ("f.isra.0", 31));
        assert_eq!(split_offset("f+010").unwrap(), ("f", 8));
        assert_eq!(split_offset("f+0").unwrap(), ("f", 0));
        for bad in ["f+", "f+x", "f+0x", "f++1", "f+0x+1", "f+-1", "f+99999999999999999999"] {
            assert!(split_offset(bad).is_err(), "{bad}");
        }
    }
}
