#![allow(
    unsafe_code,
    reason = "views records in place as their type, after length and alignment are checked"
)]

use std::any::type_name;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::consumer::Consumer;
use super::wait;
use crate::map::Map;
use crate::map::typed::{expect_type, typed_map};
use crate::pod::{self, Pod};
use crate::uapi::{MapType, flags};
use crate::{Error, Result, sys};

typed_map! {
    /// Records from programs to user space, in order, from all CPUs: `BPF_MAP_TYPE_RINGBUF`. Linux 5.8.
    ///
    /// ```no_run
    /// # use bpf_skel::map::RingBuf;
    /// # fn example(events: &RingBuf) -> bpf_skel::Result<()> {
    /// while events.wait_for_each(None, |pid: &u32| println!("{pid}"))? > 0 {}
    /// # Ok(()) }
    /// ```
    ///
    /// Records are read in place and are gone once the callback is done with them, also where it panics. The memory is
    /// mapped when it is first used.
    ///
    /// A ring has one consumer. All handles in this process share it: callers in several threads take turns, each for
    /// as long as there are records. A second *process* that consumes the same ring corrupts it for both.
    ///
    /// It can be waited for through its descriptor ([`AsFd`](std::os::fd::AsFd)) by `poll`, `epoll` or tokio's
    /// `AsyncFd`: call [`for_each`](Self::for_each) whenever it is readable.
    #[doc(alias = "BPF_MAP_TYPE_RINGBUF")]
    #[doc(alias = "ring_buffer__consume")]
    #[doc(alias = "ring_buffer__poll")]
    pub struct RingBuf {
        consumer: OnceLock<Arc<Consumer>>,
    }
}

/// The alignment that records have.
const RECORD_ALIGN: usize = 8;

impl RingBuf {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::RINGBUF])?;
        if map.flags() & flags::RB_OVERWRITE != 0 {
            // Its producers don't wait for the consumer, so that records can't be read in place.
            return Err(Error::not_supported_yet("ring buffers that overwrite")
                .within(crate::Frame::Map(map.name().to_owned())));
        }
        Ok(())
    }

    /// Another handle of the same ring buffer.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            map: self.map.try_clone()?,
            consumer: self.consumer.clone(),
            types: std::marker::PhantomData,
        })
    }

    /// Calls `each` with every record that is there, and returns how many that were. It does not wait.
    ///
    /// A record may be longer than `T`: its end is left out, so that programs can add to their records.
    ///
    /// # Errors
    /// Where a record is shorter than `T`: it is dropped, and another call goes on after it. Where `each` calls this
    /// for the same ring.
    pub fn for_each<T: Pod>(&self, mut each: impl FnMut(&T)) -> Result<usize> {
        let all = self.try_for_each::<T, std::convert::Infallible>(|record| {
            each(record);
            ControlFlow::Continue(())
        })?;
        match all {
            ControlFlow::Continue(count) => Ok(count),
            ControlFlow::Break(never) => match never {},
        }
    }

    /// As [`for_each`](Self::for_each), until `each` breaks: what it broke with, or how many records there were. The
    /// record that it broke on is consumed; records behind it may be there, so call again before waiting for more.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn try_for_each<T: Pod, B>(
        &self,
        mut each: impl FnMut(&T) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, usize>> {
        let flow = self.try_for_each_raw(|record| match with_record(record, &mut each) {
            Some(ControlFlow::Continue(())) => ControlFlow::Continue(()),
            Some(ControlFlow::Break(value)) => ControlFlow::Break(Ok(value)),
            None => ControlFlow::Break(Err(record.len())),
        })?;
        match flow {
            ControlFlow::Continue(count) => Ok(ControlFlow::Continue(count)),
            ControlFlow::Break(Ok(value)) => Ok(ControlFlow::Break(value)),
            ControlFlow::Break(Err(found)) => Err(self.mismatch(format!(
                "record: expected at least {} bytes ({}), found {found}",
                size_of::<T>(),
                type_name::<T>(),
            ))),
        }
    }

    /// As [`for_each`](Self::for_each), with the bytes of each record, whatever it is.
    ///
    /// # Errors
    /// Where `each` calls this for the same ring.
    pub fn for_each_raw(&self, mut each: impl FnMut(&[u8])) -> Result<usize> {
        let all = self.try_for_each_raw::<std::convert::Infallible>(|record| {
            each(record);
            ControlFlow::Continue(())
        })?;
        match all {
            ControlFlow::Continue(count) => Ok(count),
            ControlFlow::Break(never) => match never {},
        }
    }

    /// As [`try_for_each`](Self::try_for_each), with the bytes of each record, whatever it is. They are aligned to 8.
    ///
    /// # Errors
    /// Where `each` calls this for the same ring.
    pub fn try_for_each_raw<B>(
        &self,
        each: impl FnMut(&[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, usize>> {
        let drained = self.consumer()?.drain(self, each)?;
        Ok(match drained.stopped {
            Some(value) => ControlFlow::Break(value),
            None => ControlFlow::Continue(drained.count),
        })
    }

    /// Waits until there are records, for as long as `timeout` at most (`None`: without end). `false` when the time is
    /// over or a signal came.
    ///
    /// A record that is reserved but not submitted yet, or was given up, ends the wait too.
    ///
    /// # Errors
    /// For an absent map.
    pub fn poll(&self, timeout: impl Into<Option<Duration>>) -> Result<bool> {
        wait::ready(self, sys::poll_readable, timeout.into())
    }

    /// Calls `each` with every record that is there; where there are none, waits for some first, for as long as `timeout`
    /// at most (`None`: without end). Returns how many there were: 0 when the time is over or a signal came.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn wait_for_each<T: Pod>(
        &self,
        timeout: impl Into<Option<Duration>>,
        mut each: impl FnMut(&T),
    ) -> Result<usize> {
        // While the first record is not submitted yet, the kernel says "readable", and will not say when it is.
        let count = wait::until(
            timeout.into(),
            |left| self.poll(left),
            || Ok(Some(self.for_each(&mut each)?).filter(|&count| count > 0)),
        )?;
        Ok(count.unwrap_or(0))
    }

    /// Bytes that wait to be read, headers and unsubmitted records included.
    ///
    /// # Errors
    /// Where the ring can't be mapped.
    pub fn pending(&self) -> Result<u64> {
        Ok(self.consumer()?.pending())
    }

    /// Maps the ring at the first use.
    fn consumer(&self) -> Result<&Consumer> {
        if let Some(consumer) = self.consumer.get() {
            return Ok(consumer);
        }
        let consumer = Consumer::of(self)?;
        Ok(self.consumer.get_or_init(|| consumer))
    }
}

/// Calls `each` with the record as a `T`; `None` where it is too short for one.
pub(crate) fn with_record<T: Pod, R>(record: &[u8], each: impl FnOnce(&T) -> R) -> Option<R> {
    if record.len() < size_of::<T>() {
        return None;
    }
    let place = record.as_ptr().cast::<T>();
    if align_of::<T>() <= RECORD_ALIGN && place.is_aligned() {
        // SAFETY: aligned and long enough, as just checked; any bytes are a valid T; nobody writes to a record while its
        // slice is there.
        Some(each(unsafe { &*place }))
    } else {
        pod::read(record).map(|copy| each(&copy))
    }
}

#[cfg(test)]
mod tests {
    use super::with_record;

    #[test]
    fn records_are_seen_as_their_type_wherever_they_lie() {
        let aligned = [0x0101_0101_0101_0101_u64, u64::MAX, 3];
        let bytes = crate::pod::bytes_of(&aligned);
        assert_eq!(with_record(bytes, |&value: &[u64; 2]| value[1]), Some(u64::MAX));
        assert_eq!(with_record(&bytes[1..], |&value: &u32| value), Some(0x0101_0101));
        assert_eq!(with_record(&bytes[8..], |&value: &u128| value as u64), Some(u64::MAX));
        assert_eq!(with_record(&bytes[..7], |_: &u64| ()), None);
    }
}
