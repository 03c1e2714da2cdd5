//! What a phase hands out, as one tuple: the compiler proves one bound and checks one return for all handles.

use super::Assembly;
use super::tuples::each_tuple;
use crate::error::{Error, Result};
use crate::live::LiveLayout;
use crate::map::{Frozen, Live, Map};
use crate::object::{Object, PreparedObject};
use crate::pod::Pod;
use crate::program::{Kind, Program};

/// Typed handles on what an `O` has: one, or a tuple of them, which may be tuples again.
pub trait Handles<O>: Sized {
    /// As many handles as this is of, on the next of `indices` each.
    fn next(object: &O, indices: &mut dyn Iterator<Item = usize>) -> Result<Self>;
}

/// A handle by the conversion of its type.
pub(crate) fn typed<M: TryFrom<Map, Error = Error>>(
    object: &PreparedObject,
    indices: &mut dyn Iterator<Item = usize>,
) -> Result<M> {
    Map::next(object, indices)
        .and_then(|map| M::try_from(map).map_err(|error| error.within(object.frame())))
}

fn index(indices: &mut dyn Iterator<Item = usize>) -> Result<usize> {
    indices.next().ok_or_else(|| Error::not_found("the skeleton has more handles than its object"))
}

impl Handles<PreparedObject> for Map {
    fn next(object: &PreparedObject, indices: &mut dyn Iterator<Item = usize>) -> Result<Self> {
        let index = index(indices)?;
        let map = object.maps().get(index);
        map.ok_or_else(|| Error::not_found(format!("no map {index}")))
            .and_then(Map::try_clone)
            .map_err(|error| error.within(object.frame()))
    }
}

impl<L: LiveLayout> Handles<PreparedObject> for Live<L> {
    fn next(object: &PreparedObject, indices: &mut dyn Iterator<Item = usize>) -> Result<Self> {
        typed(object, indices)
    }
}

impl<T: Pod> Handles<PreparedObject> for Frozen<T> {
    fn next(object: &PreparedObject, indices: &mut dyn Iterator<Item = usize>) -> Result<Self> {
        typed(object, indices)
    }
}

impl<K: Kind> Handles<Object> for Program<K> {
    fn next(object: &Object, indices: &mut dyn Iterator<Item = usize>) -> Result<Self> {
        let index = index(indices)?;
        let program = object.programs().get(index);
        program
            .ok_or_else(|| Error::not_found(format!("no program {index}")))
            .and_then(Program::try_clone)
            .and_then(Program::try_into_kind)
    }
}

macro_rules! handles {
    ($($handle:ident)*) => {
        impl<O, $($handle: Handles<O>),*> Handles<O> for ($($handle,)*) {
            fn next(_object: &O, _indices: &mut dyn Iterator<Item = usize>) -> Result<Self> {
                Ok(($($handle::next(_object, _indices)?,)*))
            }
        }
    };
}

each_tuple!(handles);

impl Assembly {
    /// The second phase: handles on all maps, then on those of `sections` once more, as their data.
    pub fn prepare<H: Handles<PreparedObject>>(
        self,
        sections: &[usize],
    ) -> Result<(PreparedObject, H)> {
        let object = self.0.prepare()?;
        let maps = 0..object.spec().maps.len();
        let handles = H::next(&object, &mut maps.chain(sections.iter().copied()))?;
        Ok((object, handles))
    }
}

/// The third phase of a skeleton: handles on all programs.
pub fn load<H: Handles<Object>>(object: PreparedObject) -> Result<(Object, H)> {
    object.load_with(|object| H::next(object, &mut (0..object.programs().len())))
}
