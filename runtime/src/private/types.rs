//! What makes a generated struct plain data: checks of its layout, and traits by hand where derives fall short.
//!
//! The macros are where generated modules have their unsafe code, so that a user may forbid it.
#![allow(unsafe_code, reason = "implements unsafe traits for all that has the one they stand for")]

use std::fmt;

use super::Place;
use crate::pod::Pod;

/// A field of plain data. Structs give their fields as such to [`debug_methods`], which proves that all of them are.
///
/// # Safety
/// The type is [`Pod`].
pub unsafe trait PodField: fmt::Debug {}

// SAFETY: as the bound says.
unsafe impl<T: Pod + fmt::Debug> PodField for T {}
// SAFETY: it stands for a T, which is.
unsafe impl<T: Pod + fmt::Debug> PodField for Place<'_, T> {}

/// `Name { field: value, … }` of plain data, with what methods say of the struct's other bytes. The names are one string, the
/// struct's before those of its fields; fields that have none are only proved. Each method's name stands behind the number
/// of fields that print before it: `"0 ihl 0 version 2 flags"`.
pub fn debug_methods(
    f: &mut fmt::Formatter<'_>,
    names: &str,
    values: &[&dyn PodField],
    methods: &str,
    results: &[&dyn fmt::Debug],
) -> fmt::Result {
    let values = values.iter().map(|value| value as &dyn fmt::Debug);
    debug_struct(f, names, values, methods, results)
}

/// As [`debug_methods`], of any values.
pub(super) fn debug_struct<'v>(
    f: &mut fmt::Formatter<'_>,
    names: &str,
    values: impl Iterator<Item = &'v dyn fmt::Debug>,
    methods: &str,
    results: &[&dyn fmt::Debug],
) -> fmt::Result {
    let mut names = names.split_ascii_whitespace().map(plain_name);
    let mut out = f.debug_struct(names.next().unwrap_or_default());
    let mut results = placed(methods).zip(results).peekable();
    for (nth, (name, value)) in names.zip(values).enumerate() {
        while let Some(((_, method), result)) = results.next_if(|((fields, _), _)| *fields <= nth) {
            out.field(method, result);
        }
        out.field(name, value);
    }
    for ((_, method), result) in results {
        out.field(method, result);
    }
    out.finish()
}

/// Methods, and how many fields go before each.
fn placed(methods: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut words = methods.split_ascii_whitespace();
    std::iter::from_fn(move || {
        let fields = words.next()?.parse().unwrap_or(usize::MAX);
        Some((fields, plain_name(words.next()?)))
    })
}

/// A name as C has it.
pub(super) fn plain_name(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The struct is [`Pod`], printable by its fields and methods, and zero by default. `layouts!` goes with it. Hidden fields
/// are those that do not print, but for padding, which is arrays of bytes.
///
/// * `plain!(NAME; field, …; hidden, …; "NAMED")`: also equal and hashed by its bytes, those that `NAMED` says, as
///   [`named`](crate::private::same) has it. Nearly every struct is of this form, but for those of more fields than
///   [`PlainFields`](crate::private::PlainFields) takes.
/// * `plain!(packed? NAME; field, …; hidden, …; N method, …)`: some members print by methods, each behind N fields, or
///   `equal!` or `total!` are for what is compared.
/// * `plain!(in_place NAME; field, …; hidden, …; N method, N method @ OFFSET, …)`: as that; no field is copied, and what
///   methods with an offset would return neither: there is not room on the stack for everything.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_plain {
    // What most types are: all in one, since each macro inside of another takes the compiler as long as an implementation.
    ($name:ident; $($field:ident),*; $($hidden:ident),*; $named:literal) => {
        impl ::core::marker::Copy for $name {}
        impl ::core::clone::Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        // SAFETY: as below.
        unsafe impl $crate::pod::Pod for $name {}
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_fields(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    ($(&self.$field,)* $(&self.$hidden,)*),
                )
            }
        }
        impl ::core::default::Default for $name {
            /// All bytes zero.
            #[inline]
            fn default() -> Self {
                $crate::pod::zeroed()
            }
        }
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, __bpf_skel_other: &Self) -> bool {
                $crate::private::same(self, __bpf_skel_other, $named)
            }
        }
        impl ::core::cmp::Eq for $name {}
        impl ::core::hash::Hash for $name {
            fn hash<H: ::core::hash::Hasher>(&self, __bpf_skel_state: &mut H) {
                $crate::private::hash(self, $named, __bpf_skel_state);
            }
        }
    };
    (@pod $name:ident) => {
        // By hand: a derive takes the compiler longer.
        impl ::core::marker::Copy for $name {}
        impl ::core::clone::Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        // SAFETY: the fields are plain data, which `Debug` beside this proves of each that is not an array of bytes; they
        // touch: the generator names every byte between them and after them, and `layouts!` holds it to its offsets.
        unsafe impl $crate::pod::Pod for $name {}
    };
    (@default $name:ident) => {
        impl ::core::default::Default for $name {
            /// All bytes zero.
            #[inline]
            fn default() -> Self {
                $crate::pod::zeroed()
            }
        }
    };
    (packed $name:ident; $($field:ident),*; $($hidden:ident),*; $($nth:literal $method:ident),*) => {
        $crate::__bpf_skel_plain!(@pod $name);
        $crate::__bpf_skel_plain!(@default $name);
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                // No references to fields of a packed struct: copies.
                $crate::private::debug_methods(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    &[$(&{ self.$field },)* $(&{ self.$hidden },)*],
                    ::core::stringify!($($nth $method)*),
                    &[$(&self.$method(),)*],
                )
            }
        }
    };
    ($name:ident; $($field:ident),*; $($hidden:ident),*; $($nth:literal $method:ident),*) => {
        $crate::__bpf_skel_plain!(@pod $name);
        $crate::__bpf_skel_plain!(@default $name);
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_methods(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    &[$(&self.$field,)* $(&self.$hidden,)*],
                    ::core::stringify!($($nth $method)*),
                    &[$(&self.$method(),)*],
                )
            }
        }
    };
    (in_place $name:ident; $($field:ident),*; $($hidden:ident),*; $($nth:literal $method:ident $(@ $at:literal)?),*) => {
        $crate::__bpf_skel_plain!(@pod $name);
        $crate::__bpf_skel_plain!(@default $name);
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_methods(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    &[
                        $(&$crate::private::field(self, &raw const self.$field),)*
                        $(&$crate::private::field(self, &raw const self.$hidden),)*
                    ],
                    ::core::stringify!($($nth $method)*),
                    &[$(&$crate::__bpf_skel_plain!(@member self $method $(@ $at)?),)*],
                )
            }
        }
    };
    (@member $this:ident $method:ident) => {
        $this.$method()
    };
    (@member $this:ident $method:ident @ $at:literal) => {
        $crate::private::place($this, $at, Self::$method)
    };
}

/// `section_struct!(NAME; field, …; hidden, …;)`: as `plain!` without the default, since that of a section of many megabytes
/// would be on the stack, and without equality. `section_struct!(each NAME; field, …; hidden, …; N method, …)`: some print by
/// methods, or they are more than a tuple of [`Fields`](crate::private::Fields) takes.
/// `section_struct!(large NAME; …)`: the struct derives `Clone` and `Copy`, since the standard library clones a box of one
/// that does not by way of the stack.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_section {
    ($name:ident; $($field:ident),*; $($hidden:ident),*;) => {
        $crate::__bpf_skel_plain!(@pod $name);
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_fields(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    ($(&self.$field,)* $(&self.$hidden,)*),
                )
            }
        }
    };
    (each $name:ident; $($field:ident),*; $($hidden:ident),*; $($nth:literal $method:ident),*) => {
        $crate::__bpf_skel_plain!(@pod $name);
        $crate::__bpf_skel_section!(@debug $name; $($field),*; $($hidden),*; $($nth $method),*);
    };
    (large $name:ident; $($field:ident),*; $($hidden:ident),*; $($nth:literal $method:ident),*) => {
        // SAFETY: as in `plain!`.
        unsafe impl $crate::pod::Pod for $name {}
        $crate::__bpf_skel_section!(@debug $name; $($field),*; $($hidden),*; $($nth $method),*);
    };
    (@debug $name:ident; $($field:ident),*; $($hidden:ident),*; $($nth:literal $method:ident),*) => {
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_methods(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    &[$(&self.$field,)* $(&self.$hidden,)*],
                    ::core::stringify!($($nth $method)*),
                    &[$(&self.$method(),)*],
                )
            }
        }
    };
}

/// `layouts! { NAME: SIZE, ALIGN, field: OFFSET, …; … }`: the structs are laid out as BTF says, each of their fields. One
/// constant for many of them: one for each took the compiler longer than anything else about a struct.
///
/// Fields that are not named have one place where they can be: they are numbers, or padding, which is bytes, behind one another,
/// and what they take adds up to what is between two fields that are named, or the start or the end of the struct. An
/// offset takes the compiler more than all else about a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_layouts {
    ($($name:ident: $size:literal, $align:literal $(, $field:ident: $offset:literal)*;)*) => {
        #[allow(long_running_const_eval)]
        const _: () = $crate::private::same_layouts(
            ::core::stringify!($($name $($field)*;)*),
            [$(
                ::core::mem::size_of::<$name>(),
                ::core::mem::align_of::<$name>(),
                $(::core::mem::offset_of!($name, $field),)*
            )*],
            [$($size, $align, $($offset,)*)*],
        );
    };
}

/// `equal!(packed? NAME; field, …; method, …)`: equality by what has a name in C. What the kernel leaves in padding is
/// nobody's business.
///
/// `equal!(in_place NAME; "NAMED"; field, …; method, method @ OFFSET, …)`: also by the bytes that `NAMED` says, and nothing
/// is copied, as `plain!` has it.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_equal {
    (packed $name:ident; $($field:ident),*; $($method:ident),*) => {
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, __bpf_skel_other: &Self) -> bool {
                true $(&& { self.$field } == { __bpf_skel_other.$field })*
                    $(&& self.$method() == __bpf_skel_other.$method())*
            }
        }
    };
    ($name:ident; $($field:ident),*; $($method:ident),*) => {
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, __bpf_skel_other: &Self) -> bool {
                true $(&& self.$field == __bpf_skel_other.$field)*
                    $(&& self.$method() == __bpf_skel_other.$method())*
            }
        }
    };
    (in_place $name:ident; $named:literal; $($field:ident),*; $($method:ident $(@ $at:literal)?),*) => {
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, __bpf_skel_other: &Self) -> bool {
                $crate::private::same(self, __bpf_skel_other, $named)
                    $(&& $crate::private::field(self, &raw const self.$field)
                        == $crate::private::field(__bpf_skel_other, &raw const __bpf_skel_other.$field))*
                    $(&& $crate::__bpf_skel_plain!(@member self $method $(@ $at)?)
                        == $crate::__bpf_skel_plain!(@member __bpf_skel_other $method $(@ $at)?))*
            }
        }
    };
}

/// `total!(packed? NAME; "NAMED"; field, …; method, …)`: as `equal!`, where equal is equal; also a hash, by the same. What
/// is of numbers and pointers alone is compared as bytes, those that `NAMED` says. `in_place` is as `equal!` has it.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_total {
    (packed $name:ident; $named:literal; $($field:ident),*; $($method:ident),*) => {
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, __bpf_skel_other: &Self) -> bool {
                $crate::private::same(self, __bpf_skel_other, $named)
                    $(&& { self.$field } == { __bpf_skel_other.$field })*
                    $(&& self.$method() == __bpf_skel_other.$method())*
            }
        }

        impl ::core::cmp::Eq for $name {}

        impl ::core::hash::Hash for $name {
            #[inline]
            fn hash<H: ::core::hash::Hasher>(&self, __bpf_skel_state: &mut H) {
                $crate::private::hash(self, $named, __bpf_skel_state);
                $(::core::hash::Hash::hash(&{ self.$field }, __bpf_skel_state);)*
                $(::core::hash::Hash::hash(&self.$method(), __bpf_skel_state);)*
            }
        }
    };
    ($name:ident; $named:literal; $($field:ident),*; $($method:ident),*) => {
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, __bpf_skel_other: &Self) -> bool {
                $crate::private::same(self, __bpf_skel_other, $named)
                    $(&& self.$field == __bpf_skel_other.$field)*
                    $(&& self.$method() == __bpf_skel_other.$method())*
            }
        }

        impl ::core::cmp::Eq for $name {}

        impl ::core::hash::Hash for $name {
            #[inline]
            fn hash<H: ::core::hash::Hasher>(&self, __bpf_skel_state: &mut H) {
                $crate::private::hash(self, $named, __bpf_skel_state);
                $(::core::hash::Hash::hash(&self.$field, __bpf_skel_state);)*
                $(::core::hash::Hash::hash(&self.$method(), __bpf_skel_state);)*
            }
        }
    };
    (in_place $name:ident; $named:literal; $($field:ident),*; $($method:ident $(@ $at:literal)?),*) => {
        $crate::__bpf_skel_equal!(in_place $name; $named; $($field),*; $($method $(@ $at)?),*);

        impl ::core::cmp::Eq for $name {}

        impl ::core::hash::Hash for $name {
            #[inline]
            fn hash<H: ::core::hash::Hasher>(&self, __bpf_skel_state: &mut H) {
                $crate::private::hash(self, $named, __bpf_skel_state);
                $(::core::hash::Hash::hash(&$crate::private::field(self, &raw const self.$field), __bpf_skel_state);)*
                $(::core::hash::Hash::hash(&$crate::__bpf_skel_plain!(@member self $method $(@ $at)?), __bpf_skel_state);)*
            }
        }
    };
}

/// `live_struct! { pub struct NAME of PLAIN { #[…] pub field: CELLS<…>, … } }`: defines the struct, which is the live twin of
/// `PLAIN`. Its methods are those of [`GlobalStruct`](crate::live::GlobalStruct), so that the compiler has none to check,
/// and `CELLS` are [`cells`](crate::private::cells) by what this macro writes, which costs less than a bound for each. Each
/// field has one attribute: of any number of them the compiler would copy all fields that it has read, for each field.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_live {
    ($(#[$meta:meta])* pub struct $name:ident of $plain:path {
        $(#[$field_meta:meta] pub $field:ident: $cells:ident<$of:ty $(, $len:literal)? $(,)?>,)*
    }) => {
        $(#[$meta])*
        pub struct $name {
            $(#[$field_meta] pub $field: $crate::private::cells::$cells<$of $(, $len)?>,)*
        }

        // SAFETY: every field is of the module `cells`, all of whose types are cells; they touch, as those of the
        // plain twin do: the generator gives each the cells of the twin's field. Size and alignment are compared by the
        // trait.
        unsafe impl $crate::live::LiveLayout for $name {
            type Plain = $plain;
        }
    };
}
