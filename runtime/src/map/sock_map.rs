use std::os::fd::AsFd;

use super::Map;
use super::slots::expecting;
use super::typed::{expect_key, expect_type, expect_value_of_4_or_8, typed_clone, typed_map};
use crate::Result;
use crate::pod::bytes_of;
use crate::uapi::MapType;

/// What maps of sockets take: see `sock_map_sk_is_suitable()` in the kernel.
pub(super) const SOCKET: &str = "it takes a socket that the kernel can redirect, such as one of TCP that is connected or listens";

typed_map! {
    /// Sockets, by index: `BPF_MAP_TYPE_SOCKMAP`. Linux 4.14.
    ///
    /// Programs that are attached to the map ([`SkSkb`](crate::program::kind::SkSkb),
    /// [`SkMsg`](crate::program::kind::SkMsg)) see what its sockets receive and send, and redirect it to others in it. The
    /// kernel takes a socket out when it is closed.
    #[doc(alias = "BPF_MAP_TYPE_SOCKMAP")]
    pub struct SockMap {}
}
typed_clone!(SockMap);

impl SockMap {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::SOCKMAP])?;
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
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end or the descriptor is not one
    /// of such a socket.
    pub fn set(&self, index: u32, socket: &impl AsFd) -> Result<()> {
        self.set_slot(index, socket.as_fd()).map_err(|error| expecting(error, SOCKET))
    }

    /// Empties the slot; `false` where it was empty.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<bool> {
        match self.clear_slot(index) {
            // The kernel's answer for an empty slot: the index itself was checked.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(false),
            cleared => cleared,
        }
    }

    /// The cookie of the socket in the slot (`SO_COOKIE`), or `None` where it is empty. Linux 5.7, for maps whose value
    /// has 8 bytes.
    ///
    /// # Errors
    /// Where the index is beyond the end, or the map's value has 4 bytes.
    #[doc(alias = "SO_COOKIE")]
    pub fn cookie(&self, index: u32) -> Result<Option<u64>> {
        self.check_index(index)?;
        self.socket_cookie(bytes_of(&index))
    }
}
