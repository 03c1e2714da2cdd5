#![allow(unsafe_code, reason = "hands buffers to the kernel whose lengths it takes from the map")]

use std::io;
use std::os::fd::AsFd;

use super::element::is_unsupported;
use super::{Keys, Map};
use crate::{Error, Result, sys};

/// Reads all elements of a map: in batches where the kernel can (Linux 5.6 for hashes and arrays), else one by one.
///
/// A batch ends between two buckets of a hash, so that every element which is there all the time comes exactly once,
/// whatever is inserted and deleted meanwhile.
#[derive(Debug)]
pub(super) struct Cursor<'m> {
    map: &'m Map,
    mode: Mode<'m>,
    keys: Vec<u8>,
    values: Vec<u8>,
    /// How many elements are in `keys` and `values`, and how many of these were given out.
    filled: usize,
    given: usize,
}

#[derive(Debug)]
enum Mode<'m> {
    Start,
    Batch {
        /// Where the next batch starts; `None` for the first.
        from: Option<Vec<u8>>,
        /// How many elements there is room for.
        room: u32,
    },
    Single(Keys<'m>),
    End,
}

/// How much memory a batch takes, unless one element or one bucket of a hash needs more.
const BATCH_BYTES: usize = 64 << 10;

/// How often a batch is asked for again where an element was deleted under it.
const TRIES: usize = 16;

impl<'m> Cursor<'m> {
    pub(super) fn new(map: &'m Map) -> Self {
        let (keys, values) = (Vec::new(), Vec::new());
        Self { map, mode: Mode::Start, keys, values, filled: 0, given: 0 }
    }

    /// The next element: key and value. After an error comes the end.
    pub(super) fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if self.given == self.filled {
            let filled = self.fill();
            if !matches!(filled, Ok(1..)) {
                self.mode = Mode::End;
            }
            (self.given, self.filled) = (0, 0);
            self.filled = filled?;
            if self.filled == 0 {
                return Ok(None);
            }
        }
        let (key_size, value_len) = self.sizes()?;
        let at = self.given;
        self.given += 1;
        Ok(Some((
            &self.keys[at * key_size..(at + 1) * key_size],
            &self.values[at * value_len..(at + 1) * value_len],
        )))
    }

    fn sizes(&self) -> Result<(usize, usize)> {
        Ok((self.map.key_size() as usize, self.map.value_len()?))
    }

    /// Reads the next elements: how many, 0 at the end.
    fn fill(&mut self) -> Result<usize> {
        match &mut self.mode {
            Mode::Start => {
                self.map.present()?;
                let (key_size, value_len) = self.sizes()?;
                let fitting = BATCH_BYTES / (key_size + value_len).max(1);
                let room = self.map.max_entries().min(fitting as u32).max(1);
                self.mode = Mode::Batch { from: None, room };
                match self.fill_batch() {
                    Err(error) if is_unsupported(&error) => {
                        self.mode = Mode::Single(self.map.keys());
                        self.fill_single()
                    }
                    filled => filled,
                }
            }
            Mode::Batch { .. } => self.fill_batch(),
            Mode::Single(_) => self.fill_single(),
            Mode::End => Ok(0),
        }
    }

    fn fill_batch(&mut self) -> Result<usize> {
        let (key_size, value_len) = self.sizes()?;
        let Mode::Batch { from, room } = &mut self.mode else { return Ok(0) };
        let mut to = vec![0; key_size.max(4)];
        let mut tries = 0;
        loop {
            self.keys.resize(*room as usize * key_size, 0);
            self.values.resize(*room as usize * value_len, 0);
            // SAFETY: keys and values have just been made as long as `room` elements of the map's sizes, `to` is as
            // long as a key and at least 4 bytes, and `from` is such a vector of the call before.
            let (count, result) = unsafe {
                sys::map_lookup_batch(
                    self.map.as_fd(),
                    sys::BatchKeys { from: from.as_deref(), to: &mut to },
                    &mut self.keys,
                    &mut self.values,
                    *room,
                    0,
                )
            };
            let errno = result.as_ref().err().and_then(io::Error::raw_os_error);
            match (result, errno) {
                (Ok(()), _) => {
                    *from = Some(to);
                    return Ok(count as usize);
                }
                (_, Some(libc::ENOENT)) => {
                    self.mode = Mode::End;
                    return Ok(count as usize);
                }
                // One bucket has more elements than there is room for.
                (_, Some(libc::ENOSPC)) if *room / 2 <= self.map.max_entries() => {
                    *room = room.saturating_mul(2);
                }
                // Before Linux 6.14: the key that a trie's batch had come to was deleted.
                (_, Some(libc::EINTR)) if tries < TRIES => {
                    tries += 1;
                    if count > 0 {
                        *from = Some(to);
                        return Ok(count as usize);
                    }
                }
                (Err(error), _) => return Err(self.failed(error)),
            }
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        self.map.failed("BPF_MAP_LOOKUP_BATCH", error)
    }

    fn fill_single(&mut self) -> Result<usize> {
        let (key_size, value_len) = self.sizes()?;
        let Mode::Single(keys) = &mut self.mode else { return Ok(0) };
        self.keys.resize(key_size, 0);
        self.values.resize(value_len, 0);
        for key in keys {
            self.keys = key?;
            // Else it was deleted after its key was read.
            if self.map.lookup_into(&self.keys, &mut self.values)? {
                return Ok(1);
            }
        }
        Ok(0)
    }
}
