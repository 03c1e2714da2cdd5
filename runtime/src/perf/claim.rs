use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::map::Map;

/// The ids of all maps that have a reader in this process.
static CLAIMED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// That a map has this reader and no other: a second one would take the first one's slots, and empty them at its end. Not
/// to be kept for longer than a handle of the map, whose id could be another map's then.
#[derive(Debug)]
pub(super) struct Claim(u32);

impl Claim {
    pub(super) fn of(map: &Map) -> Result<Self> {
        let id = map.id()?;
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        if claimed.contains(&id) {
            return Err(map.misused("it has a reader in this process already"));
        }
        claimed.push(id);
        Ok(Self(id))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.retain(|&id| id != self.0);
    }
}
