use super::per_cpu::{join, split};
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use super::{Keys, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::MapType;

typed_map! {
    /// A value of each cgroup that a program is attached to: `BPF_MAP_TYPE_CGROUP_STORAGE`. Linux 4.19; since 6.2
    /// [`CgrpStorage`](super::CgrpStorage) is preferred.
    ///
    /// The value is made when a program that uses the map is attached, and goes with the cgroup; it can be replaced, but
    /// neither created nor deleted. `K` is C's `struct bpf_cgroup_storage_key`: the inode's number of the cgroup's directory
    /// and the attach type; or since Linux 5.9 the number alone, a `u64`, for one value that all programs of the cgroup share.
    #[doc(alias = "BPF_MAP_TYPE_CGROUP_STORAGE")]
    #[doc(alias = "bpf_cgroup_storage_key")]
    pub struct CgroupStorage<K, V> {}
}
typed_clone!(CgroupStorage<K, V>);

typed_map! {
    /// As [`CgroupStorage`], with a value on every CPU: `BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE`. Linux 4.20.
    ///
    /// An element is all of its values, one a *possible* CPU ([`possible_cpus`](super::possible_cpus)), in the order of
    /// their numbers.
    #[doc(alias = "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE")]
    #[doc(alias = "bpf_cgroup_storage_key")]
    pub struct PerCpuCgroupStorage<K, V> {}
}
typed_clone!(PerCpuCgroupStorage<K, V>);

impl<K: Pod, V: Pod> CgroupStorage<K, V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::CGROUP_STORAGE])?;
        expect_key::<K>(map)?;
        expect_value::<V>(map)
    }

    /// The value of `key`, or `None` where no program is attached there.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        let mut value = pod::zeroed::<V>();
        Ok(self.lookup_into(bytes_of(key), bytes_of_mut(&mut value))?.then_some(value))
    }

    /// Replaces the value; `false` where no program is attached there.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn replace(&self, key: &K, value: &V) -> Result<bool> {
        self.update_existing(bytes_of(key), bytes_of(value))
    }

    /// All keys: see [`Keys`].
    pub fn keys(&self) -> impl Iterator<Item = Result<K>> + '_ {
        keys(self)
    }
}

impl<K: Pod, V: Pod> PerCpuCgroupStorage<K, V> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::PERCPU_CGROUP_STORAGE])?;
        expect_key::<K>(map)?;
        expect_value::<V>(map)
    }

    /// The values of `key`, or `None` where no program is attached there.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn get(&self, key: &K) -> Result<Option<Vec<V>>> {
        Ok(self.lookup(bytes_of(key))?.and_then(|slots| split(&slots)))
    }

    /// Replaces the values; `false` where no program is attached there.
    ///
    /// # Errors
    /// Where there are not as many values as possible CPUs.
    pub fn replace(&self, key: &K, values: &[V]) -> Result<bool> {
        self.update_existing(bytes_of(key), &join(self, values)?)
    }

    /// All keys: see [`Keys`].
    pub fn keys(&self) -> impl Iterator<Item = Result<K>> + '_ {
        keys(self)
    }
}

/// The keys that there are: older kernels answer one that never was after the last.
fn keys<K: Pod>(map: &Map) -> impl Iterator<Item = Result<K>> + '_ {
    Keys::new(map).filter_map(|key| {
        let there = key.and_then(|key| Ok(map.lookup(&key)?.and_then(|_| pod::read(&key))));
        there.transpose()
    })
}
