use super::Map;
use super::typed::{expect_type, expect_value, typed_clone, typed_map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};

/// Replaces the oldest value of a full queue or stack (`BPF_EXIST` for these).
const DROP_OLDEST: u64 = flags::EXIST;

typed_map! {
    /// A queue (first in, first out: `BPF_MAP_TYPE_QUEUE`) or stack (last in, first out: `BPF_MAP_TYPE_STACK`). Linux 4.20.
    #[doc(alias = "BPF_MAP_TYPE_QUEUE")]
    #[doc(alias = "BPF_MAP_TYPE_STACK")]
    #[doc(alias = "Stack")]
    pub struct Queue<V> {}
}
typed_clone!(Queue<V>);

impl<V: Pod> Queue<V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::QUEUE, MapType::STACK])?;
        // These have no keys.
        expect_value::<V>(map)
    }

    /// Adds a value.
    ///
    /// # Errors
    /// E2BIG where it is full.
    pub fn push(&self, value: &V) -> Result<()> {
        self.update(&[], bytes_of(value), flags::ANY)
    }

    /// Adds a value, in place of the oldest one where it is full.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn push_over(&self, value: &V) -> Result<()> {
        self.update(&[], bytes_of(value), DROP_OLDEST)
    }

    /// Takes the next value out; `None` where it is empty.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn pop(&self) -> Result<Option<V>> {
        let mut value = pod::zeroed::<V>();
        Ok(self.take_into(&[], bytes_of_mut(&mut value))?.then_some(value))
    }

    /// The next value, which stays; `None` where it is empty.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn peek(&self) -> Result<Option<V>> {
        let mut value = pod::zeroed::<V>();
        Ok(self.lookup_into(&[], bytes_of_mut(&mut value))?.then_some(value))
    }
}
