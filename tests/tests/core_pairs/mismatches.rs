//! A field of the right name that is something else is no field.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn sorts() {
    check(
        "mismatches",
        "sorts",
        &[
            ("number", Poison),
            ("pointer", Poison),
            ("pair", Poison),
            ("list", Poison),
            ("element", Poison),
            ("hue", Poison),
            ("call", Poison),
            ("root_of_another_kind", Poison),
            ("number_exists", Is(0)),
        ],
    );
}

#[test]
fn names() {
    check(
        "mismatches",
        "names",
        &[
            ("number", Is(0)),
            ("pointer", Is(8)),
            ("pair", Is(16)),
            ("list", Is(24)),
            ("element", Is(32)),
            ("hue", Poison),
            ("call", Is(48)),
            ("root_of_another_kind", Is(0)),
            ("number_exists", Is(1)),
        ],
    );
}
