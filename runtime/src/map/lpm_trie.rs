use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use super::{Iter, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};

typed_map! {
    /// Values by prefix, found by the longest one that matches: `BPF_MAP_TYPE_LPM_TRIE`. Linux 4.11.
    ///
    /// `K` starts with the length of the prefix in bits, a `u32`; the data follows, most significant byte first:
    /// for IPv4 a struct of `prefixlen: u32` and `addr: [u8; 4]`.
    #[doc(alias = "BPF_MAP_TYPE_LPM_TRIE")]
    pub struct LpmTrie<K, V> {}
}
typed_clone!(LpmTrie<K, V>);

impl<K: Pod, V: Pod> LpmTrie<K, V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::LPM_TRIE])?;
        expect_key::<K>(map)?;
        expect_value::<V>(map)
    }

    /// The value of the longest prefix that `key` starts with (in as many bits as `key` says it has).
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        let mut value = pod::zeroed::<V>();
        Ok(self.lookup_into(bytes_of(key), bytes_of_mut(&mut value))?.then_some(value))
    }

    /// Creates or replaces the prefix's element.
    ///
    /// # Errors
    /// EINVAL where the prefix is longer than the data; ENOSPC where the map is full.
    pub fn insert(&self, key: &K, value: &V) -> Result<()> {
        self.update(bytes_of(key), bytes_of(value), flags::ANY)
    }

    /// Deletes exactly this prefix; `false` where it is not there.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, key: &K) -> Result<bool> {
        self.delete(bytes_of(key))
    }

    /// All prefixes and values, longer prefixes before those that they start with. Linux 4.16.
    pub fn iter(&self) -> Iter<'_, (K, V)> {
        Iter::new(self, |key, value| Some((pod::read(key)?, pod::read(value)?)))
    }
}
