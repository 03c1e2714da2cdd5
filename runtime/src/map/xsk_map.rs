use std::os::fd::AsFd;

use super::Map;
use super::slots::expecting;
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use crate::Result;
use crate::uapi::MapType;

typed_map! {
    /// AF_XDP sockets for XDP programs to redirect packets to, most often by the number of the receive queue:
    /// `BPF_MAP_TYPE_XSKMAP`. Linux 4.18.
    ///
    /// The kernel takes a socket out when it is closed. It lets nobody read which sockets are in the map.
    #[doc(alias = "BPF_MAP_TYPE_XSKMAP")]
    #[doc(alias = "AF_XDP")]
    pub struct XskMap {}
}
typed_clone!(XskMap);

impl XskMap {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::XSKMAP])?;
        expect_key::<u32>(map)?;
        expect_value::<u32>(map)
    }

    /// How many slots there are.
    #[allow(clippy::len_without_is_empty, reason = "of slots, which an array always has")]
    pub fn len(&self) -> u32 {
        self.max_entries()
    }

    /// Puts a socket into the slot, in place of one before. It gets packets of the interface and queue that it is bound to.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the index is beyond the end or the descriptor is not one
    /// of an AF_XDP socket; ENOBUFS where it has no receive ring yet, which older kernels let pass.
    pub fn set(&self, index: u32, socket: &impl AsFd) -> Result<()> {
        self.set_slot(index, socket.as_fd()).map_err(|error| {
            if error.raw_os_error() == Some(libc::ENOBUFS) {
                error.with_hint("the socket needs its receive ring first (XDP_RX_RING)")
            } else {
                expecting(error, "it takes an AF_XDP socket")
            }
        })
    }

    /// Empties the slot, whether there was a socket or not.
    ///
    /// # Errors
    /// Where the index is beyond the end.
    pub fn clear(&self, index: u32) -> Result<()> {
        self.clear_slot(index).map(drop)
    }
}
