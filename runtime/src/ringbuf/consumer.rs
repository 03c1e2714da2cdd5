use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use super::drain::Drained;
use super::registry::Registry;
use super::ring::Ring;
use crate::Result;
use crate::map::Map;

/// The one consumer that a ring buffer has in this process, however many handles it has.
#[derive(Debug)]
pub(super) struct Consumer {
    ring: Ring,
    turn: Mutex<()>,
    /// The [`thread_number`] of who holds `turn`, or 0.
    holder: AtomicU64,
}

static CONSUMERS: Registry<Consumer> = Registry::new();

impl Consumer {
    /// The consumer of this map, mapped now if it is the first.
    pub(super) fn of(map: &Map) -> Result<Arc<Self>> {
        CONSUMERS.of(map, |map| {
            let ring = Ring::map_to_consume(map.as_fd(), map.max_entries())?;
            Ok(Self { ring, turn: Mutex::new(()), holder: AtomicU64::new(0) })
        })
    }

    /// Gives out the records, one caller at a time: another thread waits for its turn, a callback that calls it for its
    /// own ring is an error.
    pub(super) fn drain<B>(
        &self,
        map: &Map,
        each: impl FnMut(&[u8]) -> ControlFlow<B>,
    ) -> Result<Drained<B>> {
        let me = thread_number();
        // Only this thread stores its own number, so that it can't be stale.
        if self.holder.load(Relaxed) == me {
            return Err(
                map.misused("records can't be read from within a callback for the same ring")
            );
        }
        // A callback that panicked left nothing half done: its record is consumed.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let held = Held::new(&self.holder, me);
        let drained = self.ring.drain(each);
        drop(held);
        drop(turn);
        drained.map_err(|_| {
            map.failed("read ring buffer", io::Error::from(io::ErrorKind::InvalidData))
                .with_hint("its positions can't be: does another process consume it too?")
        })
    }

    pub(super) fn pending(&self) -> u64 {
        self.ring.pending()
    }
}

/// Clears the holder also when a callback panics.
struct Held<'a>(&'a AtomicU64);

impl<'a> Held<'a> {
    fn new(holder: &'a AtomicU64, me: u64) -> Self {
        holder.store(me, Relaxed);
        Self(holder)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store(0, Relaxed);
    }
}

/// A number of this thread that no other has had; not 0.
fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static NUMBER: u64 = NEXT.fetch_add(1, Relaxed));
    NUMBER.with(|&number| number)
}
