use std::fmt;

use super::Place;
use crate::Result;
use crate::spec::{MapSpec, ObjectSpec};

/// What to do where a map is pinned already that differs from the definition, or in the place of constants (`.rodata`,
/// `.kconfig`) has others or is not frozen: see [`Difference`](crate::Difference). Variables that may change are no
/// difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnMismatch {
    /// Fail, and name every difference. Nothing is changed.
    #[default]
    Fail,
    /// Use it where the differences cannot matter to a program that was compiled for the definition: see
    /// [`Difference::is_safe`](crate::Difference::is_safe). Fail otherwise.
    Reuse,
    /// Create a new map, with no more in it than the object gives, that takes the name over once the object's programs are
    /// attached: at the end of [`Object::attach`](crate::Object::attach), or by
    /// [`Object::replace_pins`](crate::Object::replace_pins). Until then the old pin stays; programs that use the old map
    /// keep it.
    Replace,
}

/// Says where the maps of an object are pinned. What a map was told itself
/// ([`OpenMap::set_pin_path`](crate::object::OpenMap::set_pin_path) and the like) goes before.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Where `map`, as it is defined by now, is pinned; `None`: it is not.
    ///
    /// # Errors
    /// The policy cannot place the map. The load fails then, before anything exists.
    fn place(&self, object: &ObjectSpec, map: &MapSpec) -> Result<Option<Place>>;

    /// What is done where another map is pinned there.
    fn on_mismatch(&self) -> OnMismatch {
        OnMismatch::Fail
    }
}
