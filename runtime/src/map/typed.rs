//! What the typed maps have in common.

use std::any::type_name;

use super::Map;
use crate::pod::Pod;
use crate::uapi::MapType;
use crate::{Error, Result};

/// Declares a typed map around [`Map`]; its `check(&Map) -> Result<()>` says what fits.
macro_rules! typed_map {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(< $($param:ident $(= $default:ty)?),+ >)? { $($field:ident: $ty:ty,)* }
    ) => {
        $(#[$meta])*
        pub struct $name $(< $($param $(= $default)?),+ >)? {
            map: $crate::map::Map,
            $($field: $ty,)*
            // As plain data is: Send and Sync whatever the parameters are.
            types: std::marker::PhantomData<fn() -> ($($($param,)+)?)>,
        }

        impl $(< $($param: $crate::pod::Pod),+ >)? $name $(< $($param),+ >)? {
            /// Opens the map that is pinned at `path` and checks that it is of these types.
            ///
            /// # Errors
            /// As [`Map::from_pin`](crate::map::Map::from_pin) and `try_from`.
            pub fn from_pin(path: impl AsRef<std::path::Path>) -> $crate::Result<Self> {
                let path = path.as_ref();
                $crate::error::Within::within(
                    Self::try_from($crate::map::Map::from_pin(path)?),
                    || $crate::Frame::Path(path.display().to_string()),
                )
            }

            /// Opens the map with this id and checks that it is of these types.
            ///
            /// # Errors
            /// As [`Map::from_id`](crate::map::Map::from_id) and `try_from`.
            pub fn from_id(id: u32) -> $crate::Result<Self> {
                Self::try_from($crate::map::Map::from_id(id)?)
            }

            /// The map without its types.
            pub fn into_map(self) -> $crate::map::Map {
                self.map
            }
        }

        impl $(< $($param: $crate::pod::Pod),+ >)? TryFrom<$crate::map::Map> for $name $(< $($param),+ >)? {
            type Error = $crate::Error;

            /// Checks that the map's type and sizes are those of this one.
            fn try_from(map: $crate::map::Map) -> $crate::Result<Self> {
                Self::check(&map)?;
                Ok(Self { map, $($field: Default::default(),)* types: std::marker::PhantomData })
            }
        }

        impl $(< $($param: $crate::pod::Pod),+ >)? $crate::private::Handles<$crate::object::PreparedObject>
            for $name $(< $($param),+ >)?
        {
            fn next(
                object: &$crate::object::PreparedObject,
                indices: &mut dyn Iterator<Item = usize>,
            ) -> $crate::Result<Self> {
                $crate::private::typed(object, indices)
            }
        }

        impl $(< $($param),+ >)? std::ops::Deref for $name $(< $($param),+ >)? {
            type Target = $crate::map::Map;

            fn deref(&self) -> &$crate::map::Map {
                &self.map
            }
        }

        impl $(< $($param),+ >)? std::os::fd::AsFd for $name $(< $($param),+ >)? {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.map.as_fd()
            }
        }

        impl $(< $($param),+ >)? From<$name $(< $($param),+ >)?> for $crate::map::Map {
            fn from(typed: $name $(< $($param),+ >)?) -> Self {
                typed.map
            }
        }

        impl $(< $($param),+ >)? std::fmt::Debug for $name $(< $($param),+ >)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.map, f)
            }
        }
    };
}

/// The plain form of `try_clone`, for types that share nothing but the map.
macro_rules! typed_clone {
    ($name:ident $(< $($param:ident),+ >)?) => {
        impl $(< $($param: $crate::pod::Pod),+ >)? $name $(< $($param),+ >)? {
            /// Another handle of the same map.
            ///
            /// # Errors
            /// Where the process has no file descriptor left.
            pub fn try_clone(&self) -> $crate::Result<Self> {
                Ok(Self { map: self.map.try_clone()?, types: std::marker::PhantomData })
            }
        }
    };
}

pub(crate) use {typed_clone, typed_map};

pub(crate) fn expect_type(map: &Map, expected: &[MapType]) -> Result<()> {
    if expected.contains(&map.map_type()) {
        return Ok(());
    }
    let names: Vec<String> = expected.iter().map(ToString::to_string).collect();
    Err(map.mismatch(format!("type: expected {}, found {}", names.join(" or "), map.map_type())))
}

pub(crate) fn expect_key<K: Pod>(map: &Map) -> Result<()> {
    expect_size::<K>("key size", map, map.key_size())
}

pub(crate) fn expect_value<V: Pod>(map: &Map) -> Result<()> {
    expect_size::<V>("value size", map, map.value_size())
}

/// Values of a number, or of that and something of 4 bytes more.
pub(crate) fn expect_value_of_4_or_8(map: &Map) -> Result<()> {
    match map.value_size() {
        4 | 8 => Ok(()),
        found => Err(map.mismatch(format!("value size: expected 4 or 8, found {found}"))),
    }
}

pub(super) fn expect_size<T>(what: &str, map: &Map, found: u32) -> Result<()> {
    let expected = size_of::<T>();
    if expected == found as usize {
        return Ok(());
    }
    Err(map.mismatch(format!("{what}: expected {expected} ({}), found {found}", type_name::<T>())))
}

/// The element of an array that must be there.
pub(super) fn missing_entry(map: &Map, index: u32) -> Error {
    Error::not_found(format!("index {index} holds nothing"))
        .within(super::untyped::map_frame(map.info()))
}
