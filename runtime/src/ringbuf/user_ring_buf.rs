use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::producer::Producer;
use super::sample::UserRingBufSample;
use super::wait;
use crate::map::Map;
use crate::map::typed::{expect_type, typed_map};
use crate::pod::{Pod, bytes_of};
use crate::uapi::MapType;
use crate::{Result, sys};

typed_map! {
    /// Samples from user space to programs, in order: `BPF_MAP_TYPE_USER_RINGBUF`. Linux 6.1.
    ///
    /// ```no_run
    /// # use bpf_skel::map::UserRingBuf;
    /// # fn example(requests: &UserRingBuf) -> bpf_skel::Result<()> {
    /// if !requests.send(&7_u32)? {
    ///     println!("the programs can't keep up");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// Programs get the samples by `bpf_user_ringbuf_drain`, when they are run: nothing of this runs one. The memory is
    /// mapped when it is first used.
    ///
    /// A ring has one producer. All handles in this process share it, so that several threads can send through one or many
    /// of them. A second *process* that produces into the same ring corrupts it for both: samples are written in memory
    /// that everybody with a handle of the map can map too, and only the kernel's side of it is kept from them. A process
    /// goes on where one before it has stopped; a sample that was reserved when that was killed holds up all that
    /// come after it.
    ///
    /// It can be waited for through its descriptor ([`AsFd`](std::os::fd::AsFd)) by `poll`, `epoll` or tokio's `AsyncFd`:
    /// it is writable where there is any room.
    #[doc(alias = "BPF_MAP_TYPE_USER_RINGBUF")]
    #[doc(alias = "bpf_user_ringbuf_drain")]
    #[doc(alias = "user_ring_buffer__new")]
    #[doc(alias = "UserRingBuffer")]
    pub struct UserRingBuf {
        producer: OnceLock<Arc<Producer>>,
    }
}

impl UserRingBuf {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::USER_RINGBUF])
    }

    /// Another handle of the same ring buffer.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            map: self.map.try_clone()?,
            producer: self.producer.clone(),
            types: std::marker::PhantomData,
        })
    }

    /// Sends one sample; `false` where there is no room for it now.
    ///
    /// # Errors
    /// Where it is longer than [`max_sample_len`](Self::max_sample_len); where another process produces too.
    pub fn send<T: Pod>(&self, sample: &T) -> Result<bool> {
        self.send_raw(bytes_of(sample))
    }

    /// As [`send`](Self::send), with the sample's bytes.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_raw(&self, sample: &[u8]) -> Result<bool> {
        let reserved = self.producer()?.reserve(self, sample.len())?;
        let sent = reserved.map(|mut place| {
            place.copy_from_slice(sample);
            place.submit();
        });
        Ok(sent.is_some())
    }

    /// As [`send`](Self::send); where there is no room, waits for it first, for as long as `timeout` at most (`None`:
    /// without end). `false` when the time is over or a signal came.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn wait_send<T: Pod>(
        &self,
        timeout: impl Into<Option<Duration>>,
        sample: &T,
    ) -> Result<bool> {
        let attempt = || Ok(self.send(sample)?.then_some(()));
        Ok(self.until(timeout.into(), attempt)?.is_some())
    }

    /// A sample of `len` bytes, all zero, to be written in place and submitted; `None` where there is no room for it now.
    ///
    /// Samples may be submitted in any order, from any thread; programs get them in the order in which they were reserved,
    /// and none past one that is not submitted yet.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    #[doc(alias = "user_ring_buffer__reserve")]
    pub fn reserve(&self, len: usize) -> Result<Option<UserRingBufSample<'_>>> {
        let mut reserved = self.producer()?.reserve(self, len)?;
        if let Some(sample) = &mut reserved {
            sample.fill(0);
        }
        Ok(reserved)
    }

    /// As [`reserve`](Self::reserve); where there is no room, waits for it first, for as long as `timeout` at most
    /// (`None`: without end). `None` when the time is over or a signal came.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    #[doc(alias = "user_ring_buffer__reserve_blocking")]
    pub fn wait_reserve(
        &self,
        timeout: impl Into<Option<Duration>>,
        len: usize,
    ) -> Result<Option<UserRingBufSample<'_>>> {
        self.until(timeout.into(), || self.reserve(len))
    }

    /// Waits until there is any room, for as long as `timeout` at most (`None`: without end). `false` when the time is
    /// over or a signal came.
    ///
    /// Of a program that drains with `BPF_RB_NO_WAKEUP` the kernel says nothing to those who wait already.
    ///
    /// # Errors
    /// For an absent map.
    pub fn poll(&self, timeout: impl Into<Option<Duration>>) -> Result<bool> {
        wait::ready(self, sys::poll_writable, timeout.into())
    }

    /// Bytes of the longest sample: the ring less 8, and 16 MiB less 1 at most.
    ///
    /// # Errors
    /// Where the ring can't be mapped.
    pub fn max_sample_len(&self) -> Result<usize> {
        Ok(self.producer()?.max_sample_len())
    }

    /// Bytes that wait to be drained, headers and unsubmitted samples included.
    ///
    /// # Errors
    /// Where the ring can't be mapped.
    pub fn pending(&self) -> Result<u64> {
        Ok(self.producer()?.pending())
    }

    fn until<T>(
        &self,
        timeout: Option<Duration>,
        attempt: impl FnMut() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        // The kernel says "writable" for any room at all.
        wait::until(timeout, |left| self.poll(left), attempt)
    }

    /// Maps the ring at the first use.
    fn producer(&self) -> Result<&Producer> {
        if let Some(producer) = self.producer.get() {
            return Ok(producer);
        }
        let producer = Producer::of(self)?;
        Ok(self.producer.get_or_init(|| producer))
    }
}
