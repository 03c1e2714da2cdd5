use super::typed::{expect_key, expect_type, expect_value, missing_entry, typed_clone, typed_map};
use super::{Iter, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};

typed_map! {
    /// An array of `V`: `BPF_MAP_TYPE_ARRAY`. All elements are there from the start, as zeros.
    ///
    /// A program that changes a value in place may do so while it is copied here.
    #[doc(alias = "BPF_MAP_TYPE_ARRAY")]
    pub struct Array<V> {}
}
typed_clone!(Array<V>);

impl<V: Pod> Array<V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::ARRAY])?;
        expect_key::<u32>(map)?;
        expect_value::<V>(map)
    }

    /// How many elements there are.
    #[allow(clippy::len_without_is_empty, reason = "an array is never empty")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// The value at `index`. For one that is too large for the stack see [`Map::lookup_into`].
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end.
    pub fn get(&self, index: u32) -> Result<V> {
        self.check_index(index)?;
        let mut value = pod::zeroed::<V>();
        if self.lookup_into(bytes_of(&index), bytes_of_mut(&mut value))? {
            Ok(value)
        } else {
            Err(missing_entry(self, index))
        }
    }

    /// Overwrites the value at `index`.
    ///
    /// # Errors
    /// As [`get`](Self::get), and where the map is frozen.
    pub fn set(&self, index: u32, value: &V) -> Result<()> {
        self.check_index(index)?;
        self.update(bytes_of(&index), bytes_of(value), flags::ANY)
    }

    /// All indices and values, ascending.
    pub fn iter(&self) -> Iter<'_, (u32, V)> {
        Iter::new(self, |index, value| Some((pod::read(index)?, pod::read(value)?)))
    }
}
