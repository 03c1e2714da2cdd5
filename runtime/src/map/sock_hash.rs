use std::os::fd::AsFd;

use super::slots::expecting;
use super::sock_map::SOCKET;
use super::typed::{expect_key, expect_type, expect_value_of_4_or_8, typed_clone, typed_map};
use super::{Keys, Map};
use crate::Result;
use crate::pod::{self, Pod, bytes_of};
use crate::uapi::{MapType, flags};

typed_map! {
    /// Sockets, by key: `BPF_MAP_TYPE_SOCKHASH`, which is to [`SockMap`](super::SockMap) what a hash is to an array.
    /// Linux 4.18.
    #[doc(alias = "BPF_MAP_TYPE_SOCKHASH")]
    pub struct SockHash<K> {}
}
typed_clone!(SockHash<K>);

impl<K: Pod> SockHash<K> {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::SOCKHASH])?;
        expect_key::<K>(map)?;
        expect_value_of_4_or_8(map)
    }

    /// Puts a socket under `key`, in place of one before.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the descriptor is not one of such a socket; E2BIG where
    /// the map is full.
    pub fn insert(&self, key: &K, socket: &impl AsFd) -> Result<()> {
        self.update(bytes_of(key), &self.descriptor(socket.as_fd())?, flags::ANY)
            .map_err(|error| expecting(error, SOCKET))
    }

    /// Puts a socket under `key`; `false`, and nothing changed, where there is one already.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    #[doc(alias = "BPF_NOEXIST")]
    pub fn insert_new(&self, key: &K, socket: &impl AsFd) -> Result<bool> {
        self.update_new(bytes_of(key), &self.descriptor(socket.as_fd())?)
            .map_err(|error| expecting(error, SOCKET))
    }

    /// Puts a socket under `key` in place of one that is there; `false`, and nothing changed, where there is none.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    #[doc(alias = "BPF_EXIST")]
    pub fn replace(&self, key: &K, socket: &impl AsFd) -> Result<bool> {
        self.update_existing(bytes_of(key), &self.descriptor(socket.as_fd())?)
            .map_err(|error| expecting(error, SOCKET))
    }

    /// Takes the socket under `key` out; `false` where there was none.
    ///
    /// # Errors
    /// Where the map can't be written.
    pub fn remove(&self, key: &K) -> Result<bool> {
        self.delete(bytes_of(key))
    }

    /// The cookie of the socket under `key` (`SO_COOKIE`), or `None` where there is none. Linux 5.7, for maps whose value
    /// has 8 bytes.
    ///
    /// # Errors
    /// Where the map's value has 4 bytes.
    #[doc(alias = "SO_COOKIE")]
    pub fn cookie(&self, key: &K) -> Result<Option<u64>> {
        self.socket_cookie(bytes_of(key))
    }

    /// All keys: see [`Keys`].
    pub fn keys(&self) -> impl Iterator<Item = Result<K>> + '_ {
        Keys::new(self).filter_map(|key| key.map(|key| pod::read(&key)).transpose())
    }
}
