use std::os::fd::AsFd;

use super::Map;
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use crate::Result;
use crate::pod::{self, bytes_of};
use crate::uapi::MapType;

typed_map! {
    /// Programs to tail-call, by index: `BPF_MAP_TYPE_PROG_ARRAY`.
    ///
    /// The kernel empties it when the last handle and the last pin of it are gone, even while a program uses it.
    #[doc(alias = "BPF_MAP_TYPE_PROG_ARRAY")]
    pub struct ProgArray {}
}
typed_clone!(ProgArray);

impl ProgArray {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::PROG_ARRAY])?;
        expect_key::<u32>(map)?;
        expect_value::<u32>(map)
    }

    /// How many slots there are.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Puts a program into the slot, in place of one before: a tail call finds the one or the other.
    ///
    /// # Errors
    /// Where the index is beyond the end; EINVAL where the program's type, or how it was compiled, does not go with those
    /// that use the map or are in it.
    pub fn set(&self, index: u32, program: &impl AsFd) -> Result<()> {
        self.set_slot(index, program.as_fd())
    }

    /// Empties the slot; `false` where it was empty.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<bool> {
        self.clear_slot(index)
    }

    /// The id of the program in the slot, or `None` where it is empty. Linux 4.17.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn program_id(&self, index: u32) -> Result<Option<u32>> {
        self.check_index(index)?;
        Ok(self.lookup(bytes_of(&index))?.and_then(|id| pod::read(&id)))
    }
}
