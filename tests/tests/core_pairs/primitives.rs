//! Integers stand for each other whatever their size and sign; pointers, floats and enums for their own sort.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn resized() {
    check(
        "primitives",
        "resized",
        &[
            ("character", Is(8)),
            ("number", Is(8)),
            ("number_signed", Is(0)),
            ("wide", Is(1)),
            ("truth", Is(1)),
            ("real", Is(1)),
            ("colour", Is(1)),
            ("pointer", Is(1)),
            ("function", Is(1)),
        ],
    );
}

#[test]
fn others() {
    check(
        "primitives",
        "others",
        &[
            ("character", Poison),
            ("number", Poison),
            ("number_signed", Poison),
            ("wide", Poison),
            ("truth", Is(0)),
            ("real", Is(0)),
            ("colour", Is(0)),
            ("pointer", Is(0)),
            ("function", Is(0)),
        ],
    );
}
