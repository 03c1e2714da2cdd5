use super::Map;
use crate::{Error, ErrorKind, Result};

/// The keys of a map, as bytes, one system call each.
///
/// The key after the current one is asked for before the current one is given out, so that this may be deleted at once.
/// Where somebody else deletes the one after it at the wrong moment, a hash starts anew from its first key: keys can
/// then come twice. So that this ends, the walk gives up with an error after twice as many keys as the map can have. The
/// typed maps' `iter` and `keys` read in batches, which has neither weakness.
#[derive(Debug)]
pub struct Keys<'m> {
    map: &'m Map,
    state: State,
    /// How many more keys may come.
    left: u64,
}

#[derive(Debug)]
enum State {
    Start,
    Next(Vec<u8>),
    Failed(Error),
    End,
}

impl<'m> Keys<'m> {
    pub(super) fn new(map: &'m Map) -> Self {
        // A map that lists its elements by their owners (cgroups) has no such number.
        let left = match map.max_entries() {
            0 => u64::MAX,
            entries => u64::from(entries) * 2,
        };
        Self { map, state: State::Start, left }
    }

    fn state_after(&self, key: Option<&[u8]>) -> State {
        match self.map.next_key(key) {
            Ok(Some(key)) => State::Next(key),
            Ok(None) => State::End,
            Err(error) => State::Failed(error),
        }
    }
}

impl Iterator for Keys<'_> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Start) {
            self.state = self.state_after(None);
        }
        match std::mem::replace(&mut self.state, State::End) {
            State::Start | State::End => None,
            State::Failed(error) => Some(Err(error)),
            State::Next(_) if self.left == 0 => Some(Err(restarted(self.map))),
            State::Next(key) => {
                self.left -= 1;
                self.state = self.state_after(Some(&key));
                Some(Ok(key))
            }
        }
    }
}

impl std::iter::FusedIterator for Keys<'_> {}

fn restarted(map: &Map) -> Error {
    map.misused("the keys change faster than they can be walked").with_kind(ErrorKind::System)
}
