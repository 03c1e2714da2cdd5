use std::os::fd::AsFd;

use super::Map;
use super::slots::expecting;
use super::typed::{expect_key, expect_type, expect_value_of_4_or_8, typed_clone, typed_map};
use crate::Result;
use crate::pod::bytes_of;
use crate::uapi::MapType;

typed_map! {
    /// Sockets that share a port, by index: `BPF_MAP_TYPE_REUSEPORT_SOCKARRAY`. Linux 4.19.
    ///
    /// Programs choose from it who gets a packet or a connection (`bpf_sk_select_reuseport`). A socket is in one such map
    /// at most, and the kernel takes it out when it is closed.
    #[doc(alias = "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY")]
    pub struct ReuseportSockArray {}
}
typed_clone!(ReuseportSockArray);

impl ReuseportSockArray {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::REUSEPORT_SOCKARRAY])?;
        expect_key::<u32>(map)?;
        expect_value_of_4_or_8(map)
    }

    /// How many slots there are.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Puts a socket into the slot, in place of one before.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end, or the descriptor is not one
    /// of a TCP or UDP socket that was bound, and for TCP listens, with `SO_REUSEPORT`; EBUSY where the socket is in a
    /// map already.
    pub fn set(&self, index: u32, socket: &impl AsFd) -> Result<()> {
        let expected = "it takes a UDP socket that was bound with SO_REUSEPORT, or a TCP one that listens with it";
        self.set_slot(index, socket.as_fd()).map_err(|error| {
            if error.raw_os_error() == Some(libc::EBUSY) {
                error.with_hint("the socket is in such a map already, or is used otherwise")
            } else {
                expecting(error, expected)
            }
        })
    }

    /// Empties the slot; `false` where it was empty.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<bool> {
        self.clear_slot(index)
    }

    /// The cookie of the socket in the slot (`SO_COOKIE`), or `None` where it is empty. Only of maps whose value has 8
    /// bytes.
    ///
    /// # Errors
    /// Where the index is beyond the end, or the map's value has 4 bytes.
    #[doc(alias = "SO_COOKIE")]
    pub fn cookie(&self, index: u32) -> Result<Option<u64>> {
        self.check_index(index)?;
        self.socket_cookie(bytes_of(&index))
    }
}
