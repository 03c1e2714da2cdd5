//! The fields of a struct as a tuple of references: what most generated structs print by. One bound for all of them takes
//! the compiler half as long as a trait object of each.

use std::fmt;

use super::types::{PodField, debug_methods, debug_plain};
use crate::pod::Pod;

/// References to as many fields as a tuple may have here.
pub trait Fields {
    /// `Name { field: value, … }`, with the names in one string.
    fn debug(&self, f: &mut fmt::Formatter<'_>, names: &str) -> fmt::Result;
}

/// What [`debug_fields`] is for plain data, for any.
#[inline]
pub fn debug_parts(f: &mut fmt::Formatter<'_>, names: &str, parts: impl Fields) -> fmt::Result {
    parts.debug(f, names)
}

fn debug_all(f: &mut fmt::Formatter<'_>, names: &str, values: &[&dyn fmt::Debug]) -> fmt::Result {
    // The compiler puts a long name on a line of its own.
    let (name, fields) = names.split_once(char::is_whitespace).unwrap_or((names, ""));
    debug_methods(f, name, &[], fields, values)
}

/// As [`Fields`], of plain data.
pub trait PlainFields {
    /// As [`debug_plain`] prints them.
    fn debug(&self, f: &mut fmt::Formatter<'_>, names: &str) -> fmt::Result;
}

/// `Name { field: value, … }` of fields that are proved to be plain data by their tuple. The names are one string, the
/// struct's before those of its fields; fields that have none are only proved.
#[inline]
pub fn debug_fields(
    f: &mut fmt::Formatter<'_>,
    names: &str,
    fields: impl PlainFields,
) -> fmt::Result {
    fields.debug(f, names)
}

macro_rules! fields {
    ($($field:ident)*) => {
        impl<$($field: fmt::Debug),*> Fields for ($(&$field,)*) {
            #[inline]
            fn debug(&self, f: &mut fmt::Formatter<'_>, names: &str) -> fmt::Result {
                #[allow(non_snake_case, reason = "the fields are named as their types")]
                let ($($field,)*) = *self;
                let values: &[&dyn fmt::Debug] = &[$($field),*];
                debug_all(f, names, values)
            }
        }

        impl<$($field: Pod + fmt::Debug),*> PlainFields for ($(&$field,)*) {
            #[inline]
            fn debug(&self, f: &mut fmt::Formatter<'_>, names: &str) -> fmt::Result {
                #[allow(non_snake_case, reason = "the fields are named as their types")]
                let ($($field,)*) = *self;
                let values: &[&dyn PodField] = &[$($field),*];
                debug_plain(f, names, values)
            }
        }
    };
}

fields!();
fields!(A);
fields!(A B);
fields!(A B C);
fields!(A B C D);
fields!(A B C D E);
fields!(A B C D E F);
fields!(A B C D E F G);
fields!(A B C D E F G H);
fields!(A B C D E F G H I);
fields!(A B C D E F G H I J);
fields!(A B C D E F G H I J K);
fields!(A B C D E F G H I J K L);

/// `printed!(NAME; field, …)`: `Debug` of a struct of any fields, no more than [`Fields`] takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_printed {
    ($name:ident; $($field:ident),*) => {
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::private::debug_parts(
                    f,
                    ::core::stringify!($name $($field)*),
                    ($(&self.$field,)*),
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
        #[allow(dead_code, reason = "printed")]
        struct Derived {
            a: &'static str,
            r#type: Option<u8>,
        }
        struct Printed {
            a: &'static str,
            r#type: Option<u8>,
        }
        __bpf_skel_printed!(Printed; a, r#type);
        let text = format!("{:?}", Printed { a: "x", r#type: Some(1) });
        let derived = format!("{:?}", Derived { a: "x", r#type: Some(1) });
        assert_eq!(text, derived.replace("Derived", "Printed"));
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
