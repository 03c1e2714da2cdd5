use std::any::type_name;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::claim::Claim;
use super::cpu::Cpu;
use super::{PerfReaderOptions, Received};
use crate::map::Map;
use crate::pod::Pod;
use crate::ringbuf::with_record;
use crate::sys;
use crate::{Error, Result};

/// Reads what programs output to a perf event array: from [`PerfEventArray::reader`](crate::map::PerfEventArray::reader).
///
/// ```no_run
/// # use bpf_skel::map::PerfEventArray;
/// # fn example(events: &PerfEventArray) -> bpf_skel::Result<()> {
/// let mut reader = events.reader()?;
/// loop {
///     let received = reader.wait_for_each(None, |cpu, pid: &u32| println!("{cpu}: {pid}"))?;
///     if received.lost > 0 {
///         eprintln!("{} lost", received.lost);
///     }
/// }
/// # }
/// ```
///
/// The records of a CPU come in order; those of different CPUs in none. They are read in place where they lie in one piece
/// and are aligned for their type (the kernel aligns them to 4 bytes only), else copied to memory that is used over and
/// over. They are gone once the callback is done with them, also where it panics.
///
/// The kernel rounds a record up: it has up to 7 bytes more than the program gave, of no meaning. One that is too short
/// for its type by as few is not noticed.
///
/// A record that finds its CPU's ring full is lost. The program's output fails; here it is counted:
/// [`Received::lost`], [`lost`](Self::lost).
///
/// It can be waited for through its descriptor ([`AsFd`]) by `poll`, `epoll` or tokio's `AsyncFd`: call
/// [`for_each`](Self::for_each) whenever it is readable. That is said once for each time the kernel wakes, not for as long
/// as there are records.
///
/// Dropped, it empties the slots that it has filled.
#[doc(alias("perf_buffer", "PerfBuffer"))]
pub struct PerfReader {
    cpus: Vec<Cpu>,
    /// All events.
    epoll: OwnedFd,
    /// Of a record that goes past the end of its ring.
    scratch: Vec<u8>,
    /// The ring to begin with.
    first: usize,
    wakeup_events: u32,
    // Closed before the map is: see there.
    _claim: Claim,
    map: Map,
}

impl PerfReader {
    pub(crate) fn open(map: &Map, options: PerfReaderOptions) -> Result<Self> {
        let claim = Claim::of(map)?;
        let pages = options.pages_of(map)?;
        let possible = sys::possible_cpus()
            .map_err(|error| map.failed("read /sys/devices/system/cpu/possible", error))?;
        let epoll = sys::epoll_create().map_err(|error| map.failed("epoll_create1", error))?;
        // Where a CPU fails, this is dropped with those before it.
        let mut reader = Self {
            cpus: Vec::new(),
            epoll,
            scratch: Vec::new(),
            first: 0,
            wakeup_events: options.wakeup_events,
            _claim: claim,
            map: map.try_clone()?,
        };
        let slots = 0..map.max_entries();
        for number in possible.into_iter().flatten().filter(|cpu| slots.contains(cpu)) {
            let epoll = reader.epoll.as_fd();
            let cpu = Cpu::open(&reader.map, number, pages, options.wakeup_events, epoll)?;
            reader.cpus.extend(cpu);
        }
        if reader.cpus.is_empty() {
            return Err(map.misused("none of the CPUs that it has a slot for is online"));
        }
        Ok(reader)
    }

    /// The CPUs whose records are read, ascending: those that were online when the reader was made, and have a slot in the
    /// map. Programs on any other can't output: ENOENT or E2BIG.
    pub fn cpus(&self) -> impl Iterator<Item = u32> + '_ {
        self.cpus.iter().map(|cpu| cpu.number)
    }

    /// Calls `each` with every record that is there, and the CPU that it comes from. It does not wait.
    ///
    /// A record may be longer than `T`: its end is left out, so that programs can add to their records.
    ///
    /// # Errors
    /// Where a record is shorter than `T`: it is dropped, and another call goes on after it.
    pub fn for_each<T: Pod>(&mut self, mut each: impl FnMut(u32, &T)) -> Result<Received> {
        to_the_end(self.try_for_each(|cpu, record| {
            each(cpu, record);
            ControlFlow::Continue(())
        }))
    }

    /// As [`for_each`](Self::for_each), until `each` breaks: what it broke with, or what was read. The record that it
    /// broke on is consumed; records behind it may be there, so call again before waiting for more. That call begins
    /// with another CPU.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn try_for_each<T: Pod, B>(
        &mut self,
        mut each: impl FnMut(u32, &T) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Received>> {
        let flow = self.try_for_each_raw(|cpu, bytes| {
            match with_record(bytes, |record| each(cpu, record)) {
                Some(ControlFlow::Continue(())) => ControlFlow::Continue(()),
                Some(ControlFlow::Break(value)) => ControlFlow::Break(Ok(value)),
                None => ControlFlow::Break(Err(bytes.len())),
            }
        })?;
        match flow {
            ControlFlow::Continue(received) => Ok(ControlFlow::Continue(received)),
            ControlFlow::Break(Ok(value)) => Ok(ControlFlow::Break(value)),
            ControlFlow::Break(Err(found)) => Err(self.map.mismatch(format!(
                "record: expected at least {} bytes ({}), found {found}",
                size_of::<T>(),
                type_name::<T>(),
            ))),
        }
    }

    /// As [`for_each`](Self::for_each), with the bytes of each record, whatever it is: with those that the kernel has
    /// added. Of a flexible array they may be elements, so that the program says in the record how many there are.
    ///
    /// # Errors
    /// Where somebody else writes to a ring.
    pub fn for_each_raw(&mut self, mut each: impl FnMut(u32, &[u8])) -> Result<Received> {
        to_the_end(self.try_for_each_raw(|cpu, record| {
            each(cpu, record);
            ControlFlow::Continue(())
        }))
    }

    /// As [`try_for_each`](Self::try_for_each), with the bytes of each record, as
    /// [`for_each_raw`](Self::for_each_raw) has them.
    ///
    /// # Errors
    /// As [`for_each_raw`](Self::for_each_raw).
    pub fn try_for_each_raw<B>(
        &mut self,
        mut each: impl FnMut(u32, &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Received>> {
        let mut received = Received::default();
        let (first, cpus) = (self.first, self.cpus.len());
        for index in (first..cpus).chain(0..first) {
            let Cpu { number, ring, .. } = &mut self.cpus[index];
            let lost = ring.lost();
            let drained = ring.drain(&mut self.scratch, |record| each(*number, record));
            received.lost = received.lost.saturating_add(ring.lost() - lost);
            let stopped = match drained {
                Ok(drained) => {
                    received.records += drained.count;
                    drained.stopped.map(Ok)
                }
                Err(_) => Some(Err(*number)),
            };
            if let Some(stopped) = stopped {
                // The others have their turn first, or one that always stops would keep them from it.
                self.first = (index + 1) % cpus;
                return stopped.map(ControlFlow::Break).map_err(|cpu| self.corrupt(cpu));
            }
        }
        Ok(ControlFlow::Continue(received))
    }

    /// Waits until there are records, for as long as `timeout` at most (`None`: without end). `false` when the time is
    /// over or a signal came.
    ///
    /// With [`wakeup_events`](PerfReaderOptions::wakeup_events) it waits for as many as these of one CPU, or half a ring;
    /// records may be there also where it answers `false`.
    ///
    /// # Errors
    /// What `poll(2)` answers.
    #[doc(alias = "perf_buffer__poll")]
    pub fn poll(&self, timeout: impl Into<Option<Duration>>) -> Result<bool> {
        let deadline = timeout.into().and_then(|timeout| Instant::now().checked_add(timeout));
        let mut pause = Duration::ZERO;
        loop {
            if self.is_due() {
                return Ok(true);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match sys::poll_readable(self.epoll.as_fd(), left) {
                Ok(true) if self.pending() > 0 => return Ok(true),
                Ok(woken) if !woken || left.is_some_and(|left| left.is_zero()) => return Ok(false),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(false),
                Err(error) => return Err(self.map.failed("poll", error)),
            }
            // The kernel has woken for records that were read meanwhile. It says so once; of an event that has failed it
            // would go on.
            std::thread::sleep(pause.min(left.unwrap_or(pause)));
            pause = (pause * 2).clamp(Duration::from_micros(50), Duration::from_millis(5));
        }
    }

    /// Calls `each` with every record that is there; where there are none, waits for some first, as
    /// [`poll`](Self::poll) does. When the time is over it gives out what is there, be it too little to be woken for.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn wait_for_each<T: Pod>(
        &mut self,
        timeout: impl Into<Option<Duration>>,
        mut each: impl FnMut(u32, &T),
    ) -> Result<Received> {
        let deadline = timeout.into().and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let woken = self.poll(
                deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())),
            )?;
            let received = self.for_each(&mut each)?;
            if !woken || received != Received::default() {
                return Ok(received);
            }
        }
    }

    /// Bytes that wait to be read in all rings, headers included.
    pub fn pending(&self) -> u64 {
        self.cpus.iter().map(|cpu| cpu.ring.pending()).sum()
    }

    /// How many records were lost since the reader was made, as far as it has learned: see [`Received::lost`].
    pub fn lost(&self) -> u64 {
        self.cpus.iter().fold(0, |sum, cpu| cpu.ring.lost().saturating_add(sum))
    }

    /// As [`lost`](Self::lost), of one CPU.
    pub fn lost_on(&self, cpu: u32) -> u64 {
        let of_it = self.cpus.iter().find(|of| of.number == cpu);
        of_it.map_or(0, |cpu| cpu.ring.lost())
    }

    /// Whether there is what to wake for, without asking the kernel.
    fn is_due(&self) -> bool {
        match self.wakeup_events {
            1 => self.pending() > 0,
            _ => self.cpus.iter().any(|cpu| cpu.ring.is_half_full()),
        }
    }

    fn corrupt(&self, cpu: u32) -> Error {
        let error = io::Error::from(io::ErrorKind::InvalidData);
        self.map
            .failed(&format!("read the ring of CPU {cpu}"), error)
            .with_hint("its positions can't be: does somebody else write to it?")
    }
}

/// What was read where nothing can stop it.
fn to_the_end(flow: Result<ControlFlow<Infallible, Received>>) -> Result<Received> {
    match flow? {
        ControlFlow::Continue(received) => Ok(received),
        ControlFlow::Break(never) => match never {},
    }
}

impl Drop for PerfReader {
    fn drop(&mut self) {
        for cpu in &self.cpus {
            // There is nobody to tell; the kernel empties them too once the last handle of the map is closed.
            let _ = self.map.clear_slot(cpu.number);
        }
    }
}

impl AsFd for PerfReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

impl fmt::Debug for PerfReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfReader")
            .field("map", &self.map.name())
            .field("cpus", &Vec::from_iter(self.cpus()))
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}
