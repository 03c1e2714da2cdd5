//! Whether a type is there, how large it is, whether it matches, and its id.

use crate::pair::Outcome::{Is, KernelType, OwnType};
use crate::pair::check;

#[test]
fn same() {
    check(
        "types",
        "same",
        &[
            ("a_struct", Is(1)),
            ("a_union", Is(16)),
            ("an_enum", Is(4)),
            ("a_prototype", Is(1)),
            ("a_pointer", Is(1)),
            ("an_array", Is(1)),
            ("a_typedef", Is(1)),
            ("a_number", Is(1)),
            ("matches", Is(1)),
            ("matches_less", Is(1)),
            ("matches_other", Is(0)),
            ("matches_enum", Is(1)),
            ("matches_prototype", Is(1)),
            ("id_there", KernelType("shape")),
            ("id_here", OwnType("shape")),
        ],
    );
}

#[test]
fn changed() {
    check(
        "types",
        "changed",
        &[
            ("a_struct", Is(1)),
            ("a_union", Is(0)),
            ("an_enum", Is(4)),
            ("a_prototype", Is(0)),
            ("a_pointer", Is(0)),
            ("an_array", Is(0)),
            ("a_typedef", Is(0)),
            ("a_number", Is(0)),
            ("matches", Is(0)),
            ("matches_less", Is(0)),
            ("matches_other", Is(0)),
            ("matches_enum", Is(0)),
            ("matches_prototype", Is(0)),
            ("id_there", KernelType("shape")),
            ("id_here", OwnType("shape")),
        ],
    );
}
