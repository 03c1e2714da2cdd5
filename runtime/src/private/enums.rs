//! C's enums: numbers, some of which have names.

use std::fmt;

use super::types::{PodField, plain_name};
use crate::error::{Error, Result};

/// The first name of a value.
pub fn name_of<T: Copy + PartialEq>(
    variants: &[(&'static str, T)],
    value: T,
) -> Option<&'static str> {
    variants.iter().find(|(_, known)| *known == value).map(|(name, _)| *name)
}

/// The value, if it has a name.
pub fn known<T: Copy + PartialEq, N: fmt::Display>(
    variants: &[(&'static str, T)],
    ty: &str,
    value: T,
    number: N,
) -> Result<T> {
    match name_of(variants, value) {
        Some(_) => Ok(value),
        None => Err(Error::invalid_input(format!("enum {} has no value {number}", plain_name(ty)))),
    }
}

/// `NAME` where the value has one, else `color(7)`.
pub fn debug_number(
    f: &mut fmt::Formatter<'_>,
    ty: &str,
    name: Option<&str>,
    number: &dyn PodField,
) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => f.debug_tuple(plain_name(ty)).field(number).finish(),
    }
}

/// `enumeration!(NAME, u32; VALUE, VALUE = "name in C", …)`: the number is plain data, knows its names and prints by them.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_enumeration {
    (@name $value:ident) => { ::core::stringify!($value) };
    (@name $value:ident $c:literal) => { $c };
    ($name:ident, $repr:ident; $($value:ident $(= $c:literal)?),*) => {
        // SAFETY: transparent over a number, of which `Debug` below proves that it is plain data.
        unsafe impl $crate::pod::Pod for $name {}

        impl $name {
            /// The names of the C source with their values, in its order; several names may have the same value.
            pub const VARIANTS: &'static [(&'static str, Self)] =
                &[$(($crate::__bpf_skel_enumeration!(@name $value $($c)?), Self::$value),)*];

            /// The name of the value, the first one where there are several; `None` where there is none.
            #[inline]
            pub fn name(self) -> ::core::option::Option<&'static str> {
                $crate::private::name_of(Self::VARIANTS, self)
            }
        }

        impl ::core::convert::TryFrom<$repr> for $name {
            type Error = $crate::Error;

            /// The value, if it has a name. Without the check it is the constructor.
            #[inline]
            fn try_from(__bpf_skel_value: $repr) -> $crate::Result<Self> {
                $crate::private::known(
                    Self::VARIANTS,
                    ::core::stringify!($name),
                    Self(__bpf_skel_value),
                    __bpf_skel_value,
                )
            }
        }

        impl ::core::convert::From<$name> for $repr {
            #[inline]
            fn from(__bpf_skel_value: $name) -> $repr {
                __bpf_skel_value.0
            }
        }

        impl $crate::private::BitInt for $name {
            #[inline]
            fn from_bits(__bpf_skel_value: u128, __bpf_skel_bits: u8) -> Self {
                Self($crate::private::BitInt::from_bits(__bpf_skel_value, __bpf_skel_bits))
            }

            #[inline]
            fn to_bits(self) -> u128 {
                $crate::private::BitInt::to_bits(self.0)
            }
        }

        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_number(
                    __bpf_skel_f,
                    ::core::stringify!($name),
                    self.name(),
                    &self.0,
                )
            }
        }
    };
}
