use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use super::attachment::Attachment;
use super::create::{attach as attach_to, failed, link_create};
use super::{Link, Links};
use crate::error::Within;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{self, LinkOptions, PerfEventAttr, Target, explain};
use crate::uapi::AttachType;
use crate::{Error, ErrorKind, Result};

/// A perf event to sample, from `perf_event_open(2)`.
#[derive(Clone, Copy, Debug)]
pub struct PerfEvent {
    event_type: u32,
    config: u64,
    rate: u64,
    by_frequency: bool,
    process: Option<u32>,
    cpu: Option<u32>,
}

impl PerfEvent {
    /// An event by `type` and `config` of `struct perf_event_attr`, once in a million.
    #[doc(alias = "perf_event_attr")]
    pub fn new(event_type: u32, config: u64) -> Self {
        Self { event_type, config, rate: 1_000_000, by_frequency: false, process: None, cpu: None }
    }

    /// The CPU's clock in software, which works in virtual machines too.
    #[doc(alias = "PERF_COUNT_SW_CPU_CLOCK")]
    pub fn cpu_clock() -> Self {
        const SOFTWARE: u32 = 1;
        const CPU_CLOCK: u64 = 0;
        Self::new(SOFTWARE, CPU_CLOCK)
    }

    /// The CPU's cycles in hardware.
    #[doc(alias = "PERF_COUNT_HW_CPU_CYCLES")]
    pub fn cpu_cycles() -> Self {
        const HARDWARE: u32 = 0;
        const CPU_CYCLES: u64 = 0;
        Self::new(HARDWARE, CPU_CYCLES)
    }

    /// The program runs once every so many events; of a clock, these are nanoseconds.
    #[doc(alias = "sample_period")]
    pub fn period(mut self, events: u64) -> Self {
        (self.rate, self.by_frequency) = (events, false);
        self
    }

    /// The program runs so often in a second, about.
    #[doc(alias = "sample_freq")]
    pub fn frequency(mut self, hertz: u64) -> Self {
        (self.rate, self.by_frequency) = (hertz, true);
        self
    }

    /// Events of this process only, on whatever CPU it runs; 0 is the caller's own.
    pub fn process(mut self, pid: u32) -> Self {
        self.process = Some(pid);
        self
    }

    /// Events on this CPU only. Without a process and a CPU, it is CPU 0.
    pub fn cpu(mut self, cpu: u32) -> Self {
        self.cpu = Some(cpu);
        self
    }

    /// Opens the event; it counts from now on.
    fn open(&self) -> Result<OwnedFd> {
        const FREQ: u64 = if cfg!(target_endian = "little") { 1 << 10 } else { 1 << 53 };
        let attr = PerfEventAttr {
            event_type: self.event_type,
            config: self.config,
            sample_period: self.rate,
            flags: if self.by_frequency { FREQ } else { 0 },
            ..PerfEventAttr::default()
        };
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let pid = self.process.map_or(-1, number);
        let cpu = match (self.cpu, self.process) {
            (Some(cpu), _) => number(cpu),
            (None, Some(_)) => -1,
            (None, None) => 0,
        };
        open_event(&attr, pid, cpu)
    }
}

/// `perf_event_open`, with what its numbers mean.
pub(super) fn open_event(attr: &PerfEventAttr, pid: i32, cpu: i32) -> Result<OwnedFd> {
    sys::perf_event_open(attr, pid, cpu).map_err(|error| {
        let os = error.raw_os_error();
        let error = explain::permission(
            Error::system("perf_event_open", error),
            &[sys::Capability::Perfmon],
        );
        match os {
            Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => error
                .with_kind(ErrorKind::NotSupportedByKernel)
                .with_hint("this machine has no such event; virtual machines often have no hardware events"),
            Some(libc::ESRCH) => error.with_hint("there is no such process"),
            _ => error,
        }
    })
}

/// Options of an attachment to a perf event.
#[derive(Clone, Copy, Debug, Default)]
pub struct PerfEventOptions {
    cookie: u64,
}

impl PerfEventOptions {
    /// None set.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 5.15).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

impl Program<kind::PerfEvent> {
    /// Runs on the samples of an event that the caller opened, and enables it. Linux 4.9; a BPF link since 5.15.
    ///
    /// # Errors
    ///
    /// EINVAL: the descriptor is not one of a perf event that samples.
    #[doc(alias("BPF_LINK_CREATE", "PERF_EVENT_IOC_SET_BPF", "bpf_program__attach_perf_event"))]
    pub fn attach(&self, event: impl AsFd) -> Result<Link> {
        self.attach_with(event, PerfEventOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`.
    pub fn attach_with(&self, event: impl AsFd, options: PerfEventOptions) -> Result<Link> {
        attach_fd(self.handle(), event.as_fd(), options)
    }

    /// Opens an event, for one process or on one CPU, and runs on its samples.
    ///
    /// # Errors
    ///
    /// [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel): the machine has no such event.
    #[doc(alias = "perf_event_open")]
    pub fn attach_event(&self, event: PerfEvent, options: PerfEventOptions) -> Result<Link> {
        attach_event(self.handle(), event, options)
    }

    /// Opens an event on each CPU that is online and runs on all their samples.
    ///
    /// # Errors
    ///
    /// As [`attach_event`](Self::attach_event); none is left attached.
    pub fn attach_each_cpu(&self, event: PerfEvent, options: PerfEventOptions) -> Result<Links> {
        let cpus = sys::possible_cpus()
            .map_err(|error| Error::system("read /sys/devices/system/cpu/possible", error))
            .within(|| self.handle().frame())?;
        let mut links = Links::default();
        for cpu in cpus.into_iter().flatten() {
            match self.attach_event(event.cpu(cpu), options) {
                Ok(link) => links.push(self.name().to_owned(), link),
                // A CPU that is possible and not online has no events.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) && cpu != 0 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(links)
    }
}

const KINDS: &[AttachKind] = &[AttachKind::PerfEvent];

pub(super) fn attach_fd(
    program: &Handle,
    event: BorrowedFd<'_>,
    options: PerfEventOptions,
) -> Result<Link> {
    attach_to(
        program,
        KINDS,
        || "a perf event".into(),
        |fd| {
            let own = sys::try_clone(event).map_err(|error| Error::system("dup", error))?;
            let link = link_event(program, fd, own, options.cookie)?;
            sys::perf_event_enable(event)
                .map_err(|error| Error::system("ioctl(PERF_EVENT_IOC_ENABLE)", error))?;
            Ok(link)
        },
    )
}

pub(super) fn attach_event(
    program: &Handle,
    event: PerfEvent,
    options: PerfEventOptions,
) -> Result<Link> {
    let target = || {
        let PerfEvent { event_type, config, cpu, process, .. } = event;
        let cpu = cpu.map(|cpu| format!(" on CPU {cpu}")).unwrap_or_default();
        let process = process.map(|pid| format!(" of process {pid}")).unwrap_or_default();
        format!("perf event {event_type}:{config:#x}{cpu}{process}")
    };
    attach_to(program, KINDS, target, |fd| link_event(program, fd, event.open()?, options.cookie))
}

/// A BPF link to the event where the kernel has one, else the older ioctl.
pub(super) fn link_event(
    program: &Handle,
    fd: BorrowedFd<'_>,
    event: OwnedFd,
    cookie: u64,
) -> Result<Link> {
    const SINCE: (u32, u32) = (5, 15);
    /// Whether this kernel was found to have no such links.
    static NO_LINKS: AtomicBool = AtomicBool::new(false);
    let by_ioctl = |event: OwnedFd| {
        sys::perf_event_set_bpf(event.as_fd(), fd)
            .map_err(|error| failed("ioctl(PERF_EVENT_IOC_SET_BPF)", error, program, (4, 9)))?;
        Ok(Link::new(Attachment::PerfEvent(event)))
    };
    if cookie == 0 && NO_LINKS.load(Ordering::Relaxed) {
        return by_ioctl(event);
    }
    let (target, options) = (Target::Fd(event.as_fd()), LinkOptions::PerfEvent { cookie });
    let linked =
        link_create(program, fd, target, AttachType::PERF_EVENT, 0, options, SINCE).map(Link::bpf);
    match linked {
        // An older kernel; a cookie it cannot have.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) && cookie == 0 => {
            if error.kind() == ErrorKind::NotSupportedByKernel {
                NO_LINKS.store(true, Ordering::Relaxed);
            }
            by_ioctl(event)
        }
        linked => linked,
    }
}
