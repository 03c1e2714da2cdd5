use crate::Result;
use crate::map::Map;
use crate::sys;

/// Options of a [`PerfReader`](super::PerfReader).
#[derive(Clone, Copy, Debug)]
pub struct PerfReaderOptions {
    pages: Option<u32>,
    pub(super) wakeup_events: u32,
}

impl Default for PerfReaderOptions {
    fn default() -> Self {
        Self { pages: None, wakeup_events: 1 }
    }
}

impl PerfReaderOptions {
    /// None set.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pages of memory the ring of a CPU has for records: a power of two. 256 KiB unless given, which is 64 pages
    /// where these have 4 KiB: half of what a user without CAP_IPC_LOCK may have by default (`perf_event_mlock_kb`).
    ///
    /// A record that is larger than the ring is always lost.
    pub fn pages(mut self, pages: u32) -> Self {
        self.pages = Some(pages);
        self
    }

    /// Wakes those who wait after so many records of a CPU, and where its ring is half full; after each record unless
    /// given. 0: only where it is half full.
    #[doc(alias = "sample_period")]
    pub fn wakeup_events(mut self, records: u32) -> Self {
        self.wakeup_events = records;
        self
    }

    /// The pages of a ring.
    pub(super) fn pages_of(&self, map: &Map) -> Result<usize> {
        const DEFAULT: usize = 256 << 10;
        match self.pages {
            None => Ok((DEFAULT / sys::page_size()).max(1)),
            Some(pages) if pages.is_power_of_two() => Ok(pages as usize),
            Some(pages) => {
                Err(map.misused(format!("pages: expected a power of two, found {pages}")))
            }
        }
    }
}
