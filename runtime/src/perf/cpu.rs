use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::ring::Ring;
use crate::map::Map;
use crate::sys::{self, PerfEventAttr, explain};
use crate::{Error, Frame, Result};

/// The event of one CPU, which is in the map at the CPU's number, and its ring.
#[derive(Debug)]
pub(super) struct Cpu {
    pub(super) number: u32,
    pub(super) ring: Ring,
    _event: OwnedFd,
}

impl Cpu {
    /// Opens and maps the event, and puts it into the map last: a program that finds it there has somewhere to output to,
    /// and what fails leaves nothing in the map. `None` for a CPU that is not online.
    pub(super) fn open(
        map: &Map,
        number: u32,
        pages: usize,
        wakeup_events: u32,
        epoll: BorrowedFd<'_>,
    ) -> Result<Option<Self>> {
        let frame = || Frame::Map(map.name().to_owned());
        let event = match open_event(number, wakeup_events) {
            Ok(event) => event,
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => return Ok(None),
            Err(error) => {
                let error = Error::system(&format!("perf_event_open on CPU {number}"), error);
                let error = explain::permission(error, &[sys::Capability::Perfmon]);
                return Err(error.within(frame()));
            }
        };
        let ring = Ring::map(event.as_fd(), pages)
            .map_err(|error| map_failed(error, number, pages).within(frame()))?;
        sys::epoll_add(epoll, event.as_fd()).map_err(|error| map.failed("epoll_ctl", error))?;
        map.set_slot(number, event.as_fd())?;
        Ok(Some(Self { number, ring, _event: event }))
    }
}

/// The event that `bpf_perf_event_output()` outputs to. It is on from the start: there is no need to enable it.
fn open_event(cpu: u32, wakeup_events: u32) -> io::Result<OwnedFd> {
    // Source: `include/uapi/linux/perf_event.h`.
    const PERF_TYPE_SOFTWARE: u32 = 1;
    const PERF_COUNT_SW_BPF_OUTPUT: u64 = 10;
    const PERF_SAMPLE_RAW: u64 = 1 << 10;
    const EVERY_PROCESS: i32 = -1;
    let attr = PerfEventAttr {
        event_type: PERF_TYPE_SOFTWARE,
        config: PERF_COUNT_SW_BPF_OUTPUT,
        sample_period: 1,
        sample_type: PERF_SAMPLE_RAW,
        wakeup_events,
        ..PerfEventAttr::default()
    };
    sys::perf_event_open(&attr, EVERY_PROCESS, i32::try_from(cpu).unwrap_or(i32::MAX))
}

fn map_failed(error: io::Error, cpu: u32, pages: usize) -> Error {
    let os = error.raw_os_error();
    let error = Error::system(&format!("mmap of the ring of CPU {cpu}"), error);
    match os {
        Some(libc::EPERM) => error.with_hint(format!(
            "{pages} pages a CPU are more memory than the user may lock: fewer pages, a higher perf_event_mlock_kb in /proc/sys/kernel, or CAP_IPC_LOCK"
        )),
        Some(libc::ENOMEM) => error.with_hint(format!("the kernel has no room for {pages} pages")),
        _ => error,
    }
}
