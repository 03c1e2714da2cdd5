use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use super::{Iter, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};

typed_map! {
    /// A hash from `K` to `V`: `BPF_MAP_TYPE_HASH` and `BPF_MAP_TYPE_LRU_HASH`.
    ///
    /// Keys are equal where their bytes are. Every operation is atomic against other operations on the same element, but
    /// a program that changes a value in place may do so while it is copied.
    #[doc(alias = "BPF_MAP_TYPE_HASH")]
    #[doc(alias = "BPF_MAP_TYPE_LRU_HASH")]
    pub struct Hash<K, V> {}
}
typed_clone!(Hash<K, V>);

impl<K: Pod, V: Pod> Hash<K, V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::HASH, MapType::LRU_HASH])?;
        expect_key::<K>(map)?;
        expect_value::<V>(map)
    }

    /// The value of `key`, or `None` where there is none. For one that is too large for the stack see [`Map::lookup_into`].
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        let mut value = pod::zeroed::<V>();
        Ok(self.lookup_into(bytes_of(key), bytes_of_mut(&mut value))?.then_some(value))
    }

    /// Whether `key` is there.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn contains_key(&self, key: &K) -> Result<bool> {
        self.get(key).map(|value| value.is_some())
    }

    /// Creates or replaces the element.
    ///
    /// # Errors
    /// E2BIG where the map is full (an LRU map never is).
    pub fn insert(&self, key: &K, value: &V) -> Result<()> {
        self.update(bytes_of(key), bytes_of(value), flags::ANY)
    }

    /// Creates the element; `false`, and nothing changed, where the key is there already.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    #[doc(alias = "BPF_NOEXIST")]
    pub fn insert_new(&self, key: &K, value: &V) -> Result<bool> {
        self.update_new(bytes_of(key), bytes_of(value))
    }

    /// Replaces the element; `false`, and nothing changed, where the key is not there.
    ///
    /// # Errors
    /// Where the map can't be written.
    #[doc(alias = "BPF_EXIST")]
    pub fn replace(&self, key: &K, value: &V) -> Result<bool> {
        self.update_existing(bytes_of(key), bytes_of(value))
    }

    /// Deletes the element; `false` where there was none.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, key: &K) -> Result<bool> {
        self.delete(bytes_of(key))
    }

    /// Deletes the element and answers its value, in one step. Linux 5.14.
    ///
    /// # Errors
    /// Where the map can't be written, or the kernel is older.
    #[doc(alias = "BPF_MAP_LOOKUP_AND_DELETE_ELEM")]
    pub fn take(&self, key: &K) -> Result<Option<V>> {
        let mut value = pod::zeroed::<V>();
        Ok(self.take_into(bytes_of(key), bytes_of_mut(&mut value))?.then_some(value))
    }

    /// All elements: see [`Iter`].
    pub fn iter(&self) -> Iter<'_, (K, V)> {
        Iter::new(self, |key, value| Some((pod::read(key)?, pod::read(value)?)))
    }

    /// All keys: see [`Iter`].
    pub fn keys(&self) -> Iter<'_, K> {
        Iter::new(self, |key, _| pod::read(key))
    }

    /// All values: see [`Iter`].
    pub fn values(&self) -> Iter<'_, V> {
        Iter::new(self, |_, value| pod::read(value))
    }

    /// Deletes all elements that are there when it comes to them; returns how many.
    ///
    /// # Errors
    /// Where the map can't be read or written.
    pub fn clear(&self) -> Result<usize> {
        let mut count = 0;
        for key in self.keys() {
            count += usize::from(self.remove(&key?)?);
        }
        Ok(count)
    }
}
