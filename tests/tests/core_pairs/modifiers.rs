//! Qualifiers and typedefs do not count, on either side; but a typedef that a path begins at is looked for as one.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn plain() {
    check(
        "modifiers",
        "plain",
        &[
            ("constant", Is(12)),
            ("number", Is(8)),
            ("text", Is(16)),
            ("in_a_typedef", Is(32)),
            ("through_a_typedef", Poison),
            ("of_a_typedef", Is(4)),
        ],
    );
}

#[test]
fn typedefs() {
    check(
        "modifiers",
        "typedefs",
        &[
            ("constant", Is(16)),
            ("number", Is(20)),
            ("text", Is(0)),
            ("in_a_typedef", Is(12)),
            ("through_a_typedef", Is(20)),
            ("of_a_typedef", Is(4)),
        ],
    );
}
