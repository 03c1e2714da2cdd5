use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use super::registry::Registry;
use super::ring::Ring;
use super::sample::UserRingBufSample;
use crate::Result;
use crate::map::Map;

/// The one producer that a user ring buffer has in this process, however many handles it has.
#[derive(Debug)]
pub(super) struct Producer {
    ring: Ring,
    /// Where all that was reserved ends. It is held only for a reservation: samples are written and submitted without.
    produced: Mutex<u64>,
}

static PRODUCERS: Registry<Producer> = Registry::new();

impl Producer {
    /// The producer of this map, mapped now if it is the first. It goes on where one before it has stopped.
    pub(super) fn of(map: &Map) -> Result<Arc<Self>> {
        PRODUCERS.of(map, |map| {
            let ring = Ring::map_to_produce(map.as_fd(), map.max_entries())?;
            let produced = Mutex::new(ring.produced());
            Ok(Self { ring, produced })
        })
    }

    /// A record of this length, with the bytes that were there before; `None` where there is no room for it now.
    pub(super) fn reserve(&self, map: &Map, len: usize) -> Result<Option<UserRingBufSample<'_>>> {
        let longest = self.ring.max_sample_len();
        let fits = u32::try_from(len).ok().filter(|&len| len <= longest);
        let len = fits.ok_or_else(|| {
            map.misused(format!("sample: {len} bytes, but the ring takes {longest} at most"))
        })?;
        let mut produced = self.produced.lock().unwrap_or_else(PoisonError::into_inner);
        self.ring.reserve(&mut produced, len).map_err(|_| {
            map.failed("write ring buffer", io::Error::from(io::ErrorKind::InvalidData))
                .with_hint("its positions can't be: does another process produce into it too?")
        })
    }

    pub(super) fn max_sample_len(&self) -> usize {
        self.ring.max_sample_len() as usize
    }

    pub(super) fn pending(&self) -> u64 {
        self.ring.pending()
    }
}
