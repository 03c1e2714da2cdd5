//! The root itself is an element of an array.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn larger() {
    check(
        "pointers_as_arrays",
        "larger",
        &[("first", Is(12)), ("third", Is(44)), ("before_a_pointer", Is(8))],
    );
}

#[test]
fn inline() {
    check(
        "pointers_as_arrays",
        "inline",
        &[("first", Is(0)), ("third", Is(8)), ("before_a_pointer", Poison)],
    );
}
