use super::Map;
use super::typed::{expect_type, expect_value, typed_clone, typed_map};
use crate::Result;
use crate::pod::{Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};

typed_map! {
    /// A set that may be wrong about what it holds, never about what it does not: `BPF_MAP_TYPE_BLOOM_FILTER`. Linux 5.16.
    #[doc(alias = "BPF_MAP_TYPE_BLOOM_FILTER")]
    pub struct BloomFilter<V> {}
}
typed_clone!(BloomFilter<V>);

impl<V: Pod> BloomFilter<V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::BLOOM_FILTER])?;
        // A set of values has no keys.
        expect_value::<V>(map)
    }

    /// Adds a value; it can't be taken out again.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn insert(&self, value: &V) -> Result<()> {
        self.update(&[], bytes_of(value), flags::ANY)
    }

    /// `false`: the value was not added. `true`: it probably was.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn may_contain(&self, value: &V) -> Result<bool> {
        // For this type, what is looked up is given in the place of the value.
        let mut value = *value;
        self.lookup_into(&[], bytes_of_mut(&mut value))
    }
}
