use super::per_cpu::{join, split};
use super::typed::{expect_key, expect_type, expect_value, missing_entry, typed_clone, typed_map};
use super::{Iter, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of};
use crate::uapi::{MapType, flags};

typed_map! {
    /// An array with a `V` on every CPU: `BPF_MAP_TYPE_PERCPU_ARRAY`.
    ///
    /// Programs see the value of the CPU that they run on. Here an element is all of them, one a *possible* CPU
    /// ([`possible_cpus`](super::possible_cpus)), in the order of their numbers.
    #[doc(alias = "BPF_MAP_TYPE_PERCPU_ARRAY")]
    pub struct PerCpuArray<V> {}
}
typed_clone!(PerCpuArray<V>);

impl<V: Pod> PerCpuArray<V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::PERCPU_ARRAY])?;
        expect_key::<u32>(map)?;
        expect_value::<V>(map)
    }

    /// How many elements there are.
    #[allow(clippy::len_without_is_empty, reason = "an array is never empty")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// The values at `index`.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end.
    pub fn get(&self, index: u32) -> Result<Vec<V>> {
        self.check_index(index)?;
        let slots = self.lookup(bytes_of(&index))?;
        slots.and_then(|slots| split(&slots)).ok_or_else(|| missing_entry(self, index))
    }

    /// Overwrites the values at `index`.
    ///
    /// # Errors
    /// As [`get`](Self::get), and where there are not as many values as possible CPUs.
    pub fn set(&self, index: u32, values: &[V]) -> Result<()> {
        self.check_index(index)?;
        self.update(bytes_of(&index), &join(self, values)?, flags::ANY)
    }

    /// Overwrites the value at `index` on every CPU.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn set_all(&self, index: u32, value: &V) -> Result<()> {
        self.set(index, &vec![*value; self.cpus()?])
    }

    /// All indices and their values, ascending.
    pub fn iter(&self) -> Iter<'_, (u32, Vec<V>)> {
        Iter::new(self, |index, slots| Some((pod::read(index)?, split(slots)?)))
    }
}
