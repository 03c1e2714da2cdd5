use std::os::fd::AsFd;

use super::slots::expecting;
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use super::{Map, PerfReader, PerfReaderOptions};
use crate::Result;
use crate::uapi::MapType;

typed_map! {
    /// Perf events by index, for programs to read their counters (`bpf_perf_event_read_value()`) or to output records to
    /// (`bpf_perf_event_output()`, by the number of their CPU): `BPF_MAP_TYPE_PERF_EVENT_ARRAY`. Linux 4.3.
    ///
    /// [`reader`](Self::reader) fills it with events for the records of all CPUs, and reads them. Where Linux 5.8 is the
    /// oldest to run on, [`RingBuf`](super::RingBuf) keeps the order among CPUs and needs less memory.
    ///
    /// ```c
    /// struct {
    ///     __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    ///     __uint(key_size, 4);
    ///     __uint(value_size, 4);
    /// } events SEC(".maps"); // without max_entries it has a slot for each CPU that the machine can have
    /// ```
    #[doc(alias = "BPF_MAP_TYPE_PERF_EVENT_ARRAY")]
    pub struct PerfEventArray {}
}
typed_clone!(PerfEventArray);

impl PerfEventArray {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::PERF_EVENT_ARRAY])?;
        expect_key::<u32>(map)?;
        expect_value::<u32>(map)
    }

    /// How many slots there are.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Puts a perf event, a descriptor of `perf_event_open(2)`, into the slot, in place of one before.
    ///
    /// It stays for as long as this handle or a clone of it is open, even where the event's own descriptor is closed;
    /// with `BPF_F_PRESERVE_ELEMS` (Linux 5.10) for as long as the map.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end, or it is no perf event, or one of
    /// a sort that programs can't use.
    pub fn set(&self, index: u32, event: &impl AsFd) -> Result<()> {
        self.set_slot(index, event.as_fd())
            .map_err(|error| expecting(error, "it takes a perf event that programs can use"))
    }

    /// Empties the slot; `false` where it was empty.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<bool> {
        self.clear_slot(index)
    }

    /// Opens an event on each CPU that is online and has a slot, puts it there in place of one before, and reads what
    /// programs output to it. Linux 4.4; needs CAP_PERFMON, or a `perf_event_paranoid` of 0 or less.
    ///
    /// # Errors
    /// Where the map has a reader in this process already. (One in another process is not noticed: the later has the
    /// records.) Where the process has too few descriptors left: it takes two and one for each CPU.
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) where it may not open the events, or not lock as much
    /// memory. What was made until then is undone.
    #[doc(alias("perf_buffer", "perf_buffer__new", "perf_event_open"))]
    pub fn reader(&self) -> Result<PerfReader> {
        self.reader_with(PerfReaderOptions::new())
    }

    /// As [`reader`](Self::reader), with options.
    ///
    /// # Errors
    /// As `reader`, and where options can't be.
    pub fn reader_with(&self, options: PerfReaderOptions) -> Result<PerfReader> {
        PerfReader::open(self, options)
    }
}
