//! The fields of a struct as a tuple of references: what most generated structs print by. One bound for all of them takes
//! the compiler half as long as a trait object of each.

use std::fmt;

use super::tuples::each_tuple;
use super::types::debug_struct;
use crate::pod::Pod;

/// References to as many fields as a tuple may have here.
pub trait Fields {
    /// As [`debug_all`] prints them.
    fn debug(&self, f: &mut fmt::Formatter<'_>, names: &str) -> fmt::Result;
}

/// [`Fields`] that are plain data, as their tuple proves.
pub trait PlainFields: Fields {}

/// `Name { field: value, … }`. The names are one string, the struct's before those of its fields.
#[inline]
pub fn debug_parts(f: &mut fmt::Formatter<'_>, names: &str, parts: impl Fields) -> fmt::Result {
    parts.debug(f, names)
}

/// As [`debug_parts`], of plain data; fields that have no name are only proved to be.
#[inline]
pub fn debug_fields(
    f: &mut fmt::Formatter<'_>,
    names: &str,
    fields: impl PlainFields,
) -> fmt::Result {
    fields.debug(f, names)
}

/// As [`debug_parts`], of any number.
pub fn debug_all(
    f: &mut fmt::Formatter<'_>,
    names: &str,
    values: &[&dyn fmt::Debug],
) -> fmt::Result {
    debug_struct(f, names, values.iter().copied(), "", &[])
}

macro_rules! fields {
    ($($field:ident)*) => {
        impl<$($field: fmt::Debug),*> Fields for ($(&$field,)*) {
            #[inline]
            fn debug(&self, f: &mut fmt::Formatter<'_>, names: &str) -> fmt::Result {
                #[allow(non_snake_case, reason = "the fields are named as their types")]
                let ($($field,)*) = *self;
                debug_all(f, names, &[$($field),*])
            }
        }

        impl<$($field: Pod + fmt::Debug),*> PlainFields for ($(&$field,)*) {}
    };
}

each_tuple!(fields);

/// `printed!(NAME; field, …)`: `Debug` of a struct of any fields. `printed!(each NAME; field, …)`: of more than [`Fields`] takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_printed {
    ($name:ident; $($field:ident),*) => {
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_parts(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    ($(&self.$field,)*),
                )
            }
        }
    };
    (each $name:ident; $($field:ident),*) => {
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, __bpf_skel_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_all(
                    __bpf_skel_f,
                    ::core::stringify!($name $($field)*),
                    &[$(&self.$field),*],
                )
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_struct_prints_as_if_derived() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "a derive's Debug is no use to the compiler")]
        struct Derived {
            a: &'static str,
            r#type: Option<u8>,
        }
        struct Printed {
            a: &'static str,
            r#type: Option<u8>,
        }
        struct Each {
            a: &'static str,
            r#type: Option<u8>,
        }
        __bpf_skel_printed!(Printed; a, r#type);
        __bpf_skel_printed!(each Each; a, r#type);
        let text = format!("{:?}", Printed { a: "x", r#type: Some(1) });
        let derived = format!("{:?}", Derived { a: "x", r#type: Some(1) });
        assert_eq!(text, derived.replace("Derived", "Printed"));
        let each = format!("{:?}", Each { a: "x", r#type: Some(1) });
        assert_eq!(each, derived.replace("Derived", "Each"));
    }

    #[test]
    fn a_struct_without_fields_is_its_name() {
        struct Nothing {}
        __bpf_skel_printed!(Nothing;);
        assert_eq!(format!("{:?}", Nothing {}), "Nothing");
    }

    #[test]
    fn a_name_may_be_long() {
        struct Maps {
            a_map_whose_name_is_longer_than_a_line_that_the_compiler_writes_of_its_own_accord: u8,
        }
        __bpf_skel_printed!(Maps; a_map_whose_name_is_longer_than_a_line_that_the_compiler_writes_of_its_own_accord);
        let maps = Maps {
            a_map_whose_name_is_longer_than_a_line_that_the_compiler_writes_of_its_own_accord: 1,
        };
        let text = format!("{maps:?}");
        assert!(text.starts_with("Maps { a_map") && text.ends_with("accord: 1 }"), "{text}");
    }
}
