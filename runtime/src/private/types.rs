//! What makes a generated struct plain data: checks of its layout, and traits by hand where derives fall short.
//!
//! The macros are where generated modules have their unsafe code, so that a user may forbid it.

use std::fmt;

use crate::live::LiveLayout;
use crate::pod::{self, Pod};

/// Compiles for plain data only: the proof that a field is.
#[inline]
pub fn is_pod<T: Pod>(_: T) {}

/// Compiles for cells only: the proof that a field is.
#[inline]
pub fn is_live<L: LiveLayout>(_: &L) {}

/// The first bytes of a union as a value. Not more than it has: generated code takes care.
pub fn view<U: Pod, T: Pod>(union: &U) -> T {
    const { assert!(size_of::<T>() <= size_of::<U>()) };
    pod::read(pod::bytes_of(union)).unwrap_or_else(pod::zeroed)
}

/// Overwrites the first bytes of a union.
pub fn set_view<U: Pod, T: Pod>(union: &mut U, value: T) {
    const { assert!(size_of::<T>() <= size_of::<U>()) };
    pod::bytes_of_mut(union)[..size_of::<T>()].copy_from_slice(pod::bytes_of(&value));
}

/// `Name { field: value, … }`, for one function instead of one a type.
pub fn debug_fields(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, &dyn fmt::Debug)],
) -> fmt::Result {
    let mut out = f.debug_struct(plain_name(name));
    for (name, value) in fields {
        out.field(plain_name(name), value);
    }
    out.finish()
}

/// `NAME` where the value has one, else `color(7)`.
pub fn debug_number<T: fmt::Debug + PartialEq>(
    f: &mut fmt::Formatter<'_>,
    ty: &str,
    value: T,
    names: &[(T, &str)],
) -> fmt::Result {
    match names.iter().find(|(known, _)| *known == value) {
        Some((_, name)) => f.write_str(plain_name(name)),
        None => f.debug_tuple(plain_name(ty)).field(&value).finish(),
    }
}

fn plain_name(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// `plain!(NAME, SIZE, ALIGN; field: OFFSET, …; hidden: OFFSET, …)`: the struct is [`Pod`], laid out as BTF says,
/// printable, and zero by default.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_plain {
    (packed $name:ident, $($rest:tt)*) => {
        $crate::__bpf_skel_section!(packed $name, $($rest)*);
        $crate::__bpf_skel_plain!(@default $name);
    };
    (@default $name:ident) => {
        impl ::core::default::Default for $name {
            /// All bytes zero.
            fn default() -> Self {
                $crate::pod::zeroed()
            }
        }
    };
    ($name:ident, $($rest:tt)*) => {
        $crate::__bpf_skel_section!($name, $($rest)*);
        $crate::__bpf_skel_plain!(@default $name);
    };
}

/// As `plain!` without the default: that of a section of many megabytes would be on the stack.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_section {
    (packed $name:ident, $size:literal, $align:literal;
        $($field:ident: $offset:literal),*; $($hidden:ident: $hidden_offset:literal),*) => {
        $crate::__bpf_skel_section!(@pod $name, $size, $align;
            $($field: $offset,)* $($hidden: $hidden_offset,)*);
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                // No references to fields of a packed struct: copies.
                $crate::private::debug_fields(f, ::core::stringify!($name), &[
                    $((::core::stringify!($field), &{ self.$field }),)*
                ])
            }
        }
    };
    (@pod $name:ident, $size:literal, $align:literal; $($field:ident: $offset:literal,)*) => {
        const _: () = {
            ::core::assert!(
                ::core::mem::size_of::<$name>() == $size,
                ::core::concat!("size of ", ::core::stringify!($name), " differs from the object's"),
            );
            ::core::assert!(
                ::core::mem::align_of::<$name>() == $align,
                ::core::concat!("alignment of ", ::core::stringify!($name), " differs from the object's"),
            );
            $(::core::assert!(
                ::core::mem::offset_of!($name, $field) == $offset,
                ::core::concat!(
                    "offset of ", ::core::stringify!($name), ".", ::core::stringify!($field),
                    " differs from the object's",
                ),
            );)*
        };
        const _: fn($name) = |_value| {
            $($crate::private::is_pod(_value.$field);)*
        };
        // SAFETY: the fields are plain data as the function above proves, and they touch: the generator names every
        // byte between them and after them, and the assertions hold it to its offsets.
        unsafe impl $crate::pod::Pod for $name {}
    };
    ($name:ident, $size:literal, $align:literal;
        $($field:ident: $offset:literal),*; $($hidden:ident: $hidden_offset:literal),*) => {
        $crate::__bpf_skel_section!(@pod $name, $size, $align;
            $($field: $offset,)* $($hidden: $hidden_offset,)*);
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_fields(f, ::core::stringify!($name), &[
                    $((::core::stringify!($field), &self.$field),)*
                ])
            }
        }
    };
}

/// `equal!(NAME; field, …)`: equality and hash by the fields that have a name in C. What the kernel leaves in padding is
/// nobody's business.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_equal {
    (packed $name:ident; $($field:ident),*) => {
        $crate::__bpf_skel_equal!($name; $($field),*);
    };
    ($name:ident; $($field:ident),*) => {
        impl ::core::cmp::PartialEq for $name {
            fn eq(&self, _other: &Self) -> bool {
                true $(&& { self.$field } == { _other.$field })*
            }
        }

        impl ::core::cmp::Eq for $name {}

        impl ::core::hash::Hash for $name {
            fn hash<H: ::core::hash::Hasher>(&self, _state: &mut H) {
                $(::core::hash::Hash::hash(&{ self.$field }, _state);)*
            }
        }
    };
}

/// `enumeration!(NAME, u32; VALUE, …)`: the number is plain data and prints by name.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_enumeration {
    ($name:ident, $repr:ident; $($value:ident),*) => {
        // SAFETY: transparent over an integer.
        unsafe impl $crate::pod::Pod for $name {}

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_number(f, ::core::stringify!($name), self.0, &[
                    $(($name::$value.0, ::core::stringify!($value)),)*
                ])
            }
        }
    };
}

/// `live!(NAME, PLAIN; field, …; hidden, …)`: the struct of cells is the live twin of `PLAIN`.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_live {
    ($name:ident, $plain:path; $($field:ident),*; $($hidden:ident),*) => {
        const _: () = {
            $(::core::assert!(
                ::core::mem::offset_of!($name, $field) == ::core::mem::offset_of!($plain, $field)
            );)*
            $(::core::assert!(
                ::core::mem::offset_of!($name, $hidden) == ::core::mem::offset_of!($plain, $hidden)
            );)*
        };
        const _: fn(&$name) = |_value| {
            $($crate::private::is_live(&_value.$field);)*
            $($crate::private::is_live(&_value.$hidden);)*
        };
        // SAFETY: every field is cells as the function above proves; they touch, as those of the plain twin do, which
        // has the same offsets; size and alignment are compared by the trait.
        unsafe impl $crate::live::LiveLayout for $name {
            type Plain = $plain;
        }

        impl $name {
            /// A copy of the whole.
            pub fn get(&self) -> $plain {
                $crate::live::LiveLayout::get(self)
            }

            /// Overwrites the whole.
            pub fn set(&self, value: $plain) {
                $crate::live::LiveLayout::set(self, value);
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_fields(f, ::core::stringify!($name), &[
                    $((::core::stringify!($field), &self.$field),)*
                ])
            }
        }
    };
}
