//! Asking is never wrong: where something is not there, the answer is 0.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn all() {
    check(
        "existence",
        "all",
        &[
            ("field", Is(1)),
            ("field_gone", Is(1)),
            ("field_within", Is(1)),
            ("field_of_no_type", Is(1)),
            ("type", Is(1)),
            ("type_gone", Is(1)),
            ("type_name", Is(1)),
            ("value", Is(1)),
            ("value_of_no_type", Is(1)),
            ("offset_of_gone", Is(0)),
            ("size_of_gone", Is(4)),
            ("sign_of_gone", Is(1)),
            ("size_of_no_type", Is(4)),
        ],
    );
}

#[test]
fn some() {
    check(
        "existence",
        "some",
        &[
            ("field", Is(1)),
            ("field_gone", Is(0)),
            ("field_within", Is(0)),
            ("field_of_no_type", Is(0)),
            ("type", Is(1)),
            ("type_gone", Is(0)),
            ("type_name", Is(0)),
            ("value", Is(0)),
            ("value_of_no_type", Is(0)),
            ("offset_of_gone", Poison),
            ("size_of_gone", Poison),
            ("sign_of_gone", Poison),
            ("size_of_no_type", Is(0)),
        ],
    );
}
