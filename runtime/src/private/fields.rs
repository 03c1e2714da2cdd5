//! The fields of a struct as a tuple of references: what most generated structs print by.

use std::fmt;

use super::types::{PodField, debug_plain};
use crate::pod::Pod;

/// References to as many fields of plain data as a tuple may have here. One bound for all of them takes the compiler half
/// as long as a trait object of each.
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

macro_rules! plain_fields {
    ($($field:ident)*) => {
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

plain_fields!();
plain_fields!(A);
plain_fields!(A B);
plain_fields!(A B C);
plain_fields!(A B C D);
plain_fields!(A B C D E);
plain_fields!(A B C D E F);
plain_fields!(A B C D E F G);
plain_fields!(A B C D E F G H);
plain_fields!(A B C D E F G H I);
plain_fields!(A B C D E F G H I J);
plain_fields!(A B C D E F G H I J K);
plain_fields!(A B C D E F G H I J K L);
