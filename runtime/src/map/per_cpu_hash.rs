use super::per_cpu::{join, split};
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use super::{Iter, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of};
use crate::uapi::{MapType, flags};

typed_map! {
    /// A hash from `K` to a `V` on every CPU: `BPF_MAP_TYPE_PERCPU_HASH` and `BPF_MAP_TYPE_LRU_PERCPU_HASH`.
    ///
    /// Programs see the value of the CPU that they run on. Here an element is all of them, one a *possible* CPU
    /// ([`possible_cpus`](super::possible_cpus)), in the order of their numbers.
    #[doc(alias = "BPF_MAP_TYPE_PERCPU_HASH")]
    #[doc(alias = "BPF_MAP_TYPE_LRU_PERCPU_HASH")]
    pub struct PerCpuHash<K, V> {}
}
typed_clone!(PerCpuHash<K, V>);

impl<K: Pod, V: Pod> PerCpuHash<K, V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::PERCPU_HASH, MapType::LRU_PERCPU_HASH])?;
        expect_key::<K>(map)?;
        expect_value::<V>(map)
    }

    /// The values of `key`, or `None` where there is no such key.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, key: &K) -> Result<Option<Vec<V>>> {
        Ok(self.lookup(bytes_of(key))?.and_then(|slots| split(&slots)))
    }

    /// Creates or replaces the element.
    ///
    /// # Errors
    /// Where there are not as many values as possible CPUs; E2BIG where the map is full (an LRU map never is).
    pub fn insert(&self, key: &K, values: &[V]) -> Result<()> {
        self.update(bytes_of(key), &join(self, values)?, flags::ANY)
    }

    /// Creates or replaces the element with the same value on every CPU.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_all(&self, key: &K, value: &V) -> Result<()> {
        self.insert(key, &vec![*value; self.cpus()?])
    }

    /// Creates the element; `false`, and nothing changed, where the key is there already.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    #[doc(alias = "BPF_NOEXIST")]
    pub fn insert_new(&self, key: &K, values: &[V]) -> Result<bool> {
        self.update_new(bytes_of(key), &join(self, values)?)
    }

    /// Replaces the element; `false`, and nothing changed, where the key is not there.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    #[doc(alias = "BPF_EXIST")]
    pub fn replace(&self, key: &K, values: &[V]) -> Result<bool> {
        self.update_existing(bytes_of(key), &join(self, values)?)
    }

    /// Deletes the element; `false` where there was none.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, key: &K) -> Result<bool> {
        self.delete(bytes_of(key))
    }

    /// Deletes the element and answers its values, in one step. Linux 5.14.
    ///
    /// # Errors
    /// Where the map can't be written, or the kernel is older.
    #[doc(alias = "BPF_MAP_LOOKUP_AND_DELETE_ELEM")]
    pub fn take(&self, key: &K) -> Result<Option<Vec<V>>> {
        Ok(self.lookup_and_delete(bytes_of(key))?.and_then(|slots| split(&slots)))
    }

    /// All elements: see [`Iter`].
    pub fn iter(&self) -> Iter<'_, (K, Vec<V>)> {
        Iter::new(self, |key, slots| Some((pod::read(key)?, split(slots)?)))
    }

    /// All keys: see [`Iter`].
    pub fn keys(&self) -> Iter<'_, K> {
        Iter::new(self, |key, _| pod::read(key))
    }

    /// All elements' values: see [`Iter`].
    pub fn values(&self) -> Iter<'_, Vec<V>> {
        Iter::new(self, |_, slots| split(slots))
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
