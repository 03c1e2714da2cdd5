use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::Result;
use crate::map::Map;

/// What each ring has one of in this process, however many handles it has: by the id of its map, since handles by clone,
/// pin and id must come to the same.
#[derive(Debug)]
pub(super) struct Registry<T>(Mutex<Vec<(u32, Weak<T>)>>);

impl<T> Registry<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The one of this map, made now if it is the first. `make` maps the ring.
    pub(super) fn of(&self, map: &Map, make: impl FnOnce(&Map) -> io::Result<T>) -> Result<Arc<T>> {
        let id = map.id()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An id is not used again while its map lives, and a mapping keeps the map alive.
        let known = all.iter().find(|(known, _)| *known == id);
        if let Some(one) = known.and_then(|(_, one)| one.upgrade()) {
            return Ok(one);
        }
        let made = Arc::new(make(map).map_err(|error| map.failed("mmap", error))?);
        all.retain(|(known, one)| *known != id && one.strong_count() > 0);
        all.push((id, Arc::downgrade(&made)));
        Ok(made)
    }
}
