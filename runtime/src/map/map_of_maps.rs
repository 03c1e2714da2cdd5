use std::os::fd::{AsFd, AsRawFd};

use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use super::{Keys, Map};
use crate::pod::{self, Pod, bytes_of};
use crate::uapi::{MapType, flags};
use crate::{ErrorKind, Result};

typed_map! {
    /// A map whose values are maps: `BPF_MAP_TYPE_HASH_OF_MAPS`, and with a `u32` as key `BPF_MAP_TYPE_ARRAY_OF_MAPS`.
    ///
    /// All inner maps are like the one that it was created with: same type, sizes and flags; for most types the number of
    /// elements may differ.
    #[doc(alias = "BPF_MAP_TYPE_ARRAY_OF_MAPS")]
    #[doc(alias = "BPF_MAP_TYPE_HASH_OF_MAPS")]
    pub struct MapOfMaps<K = u32> {}
}
typed_clone!(MapOfMaps<K>);

impl<K: Pod> MapOfMaps<K> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::ARRAY_OF_MAPS, MapType::HASH_OF_MAPS])?;
        expect_key::<K>(map)?;
        expect_value::<u32>(map)
    }

    /// Puts a map under `key`, in place of one before.
    ///
    /// # Errors
    /// EINVAL where the map is not like those that this one was made for; E2BIG where an index is beyond the end or the
    /// map is full.
    pub fn insert(&self, key: &K, inner: &impl AsFd) -> Result<()> {
        let raw = inner.as_fd().as_raw_fd();
        self.update(bytes_of(key), bytes_of(&raw), flags::ANY).map_err(|error| {
            if error.raw_os_error() == Some(libc::EINVAL) {
                error.with_hint("an inner map must have the type, sizes and flags of the template")
            } else {
                error
            }
        })
    }

    /// Takes the map under `key` out; `false` where there was none.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, key: &K) -> Result<bool> {
        self.delete(bytes_of(key))
    }

    /// The id of the map under `key`, or `None` where there is none.
    ///
    /// # Errors
    /// Where the map can't be read.
    pub fn id_of(&self, key: &K) -> Result<Option<u32>> {
        Ok(self.lookup(bytes_of(key))?.and_then(|id| pod::read(&id)))
    }

    /// A handle of the map under `key`, or `None` where there is none. Needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// Where the map can't be read, or the capability is missing.
    pub fn get(&self, key: &K) -> Result<Option<Map>> {
        let Some(id) = self.id_of(key)? else { return Ok(None) };
        match Map::from_id(id) {
            Ok(map) => Ok(Some(map)),
            // It was replaced, and is gone by now.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All keys: see [`Keys`]. An array's are all of its indices, whether there is a map or not.
    pub fn keys(&self) -> impl Iterator<Item = Result<K>> + '_ {
        Keys::new(self).filter_map(|key| key.map(|key| pod::read(&key)).transpose())
    }
}
