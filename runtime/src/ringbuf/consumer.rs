use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::ring::{Drained, Ring};
use crate::Result;
use crate::map::Map;
use crate::sys;

/// The one consumer that a ring buffer has in this process, however many handles it has.
#[derive(Debug)]
pub(super) struct Consumer {
    ring: Ring,
    turn: Mutex<()>,
    /// The [`thread_number`] of who holds `turn`, or 0.
    holder: AtomicU64,
}

/// All consumers, by the id of their map: handles by clone, pin and id must come to the same.
static CONSUMERS: Mutex<Vec<(u32, Weak<Consumer>)>> = Mutex::new(Vec::new());

impl Consumer {
    /// The consumer of this map, mapped now if it is the first.
    pub(super) fn of(map: &Map) -> Result<Arc<Self>> {
        let id = map.id()?;
        let mut consumers = CONSUMERS.lock().unwrap_or_else(PoisonError::into_inner);
        // An id is not used again while its map lives, and a consumer's mapping keeps the map alive.
        let known = consumers.iter().find(|(known, _)| *known == id);
        if let Some(consumer) = known.and_then(|(_, consumer)| consumer.upgrade()) {
            return Ok(consumer);
        }
        let ring =
            Ring::map(map.as_fd(), map.max_entries()).map_err(|error| map.failed("mmap", error))?;
        let made = Arc::new(Self { ring, turn: Mutex::new(()), holder: AtomicU64::new(0) });
        consumers.retain(|(known, consumer)| *known != id && consumer.strong_count() > 0);
        consumers.push((id, Arc::downgrade(&made)));
        Ok(made)
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

/// Waits until the map can be read: `false` when the time is over, or a signal came.
pub(super) fn wait(map: &Map, timeout: Option<std::time::Duration>) -> Result<bool> {
    match sys::poll_readable(map.as_fd(), timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        result => result.map_err(|error| map.failed("poll", error)),
    }
}
