//! Loads and stores of another size, where that is harmless.

use crate::pair::Outcome::{Is, Moves, Poison};
use crate::pair::check;

#[test]
fn wider() {
    check(
        "sizes",
        "wider",
        &[
            ("number", Is(8)),
            ("numbers", Is(32)),
            ("pair", Is(12)),
            ("all", Is(72)),
            ("load_number", Moves(8, 8)),
            ("load_negative", Poison),
            ("load_pointer", Moves(8, 0)),
            ("load_element", Moves(8, 40)),
            ("store_number", Moves(8, 8)),
        ],
    );
}

#[test]
fn narrower() {
    check(
        "sizes",
        "narrower",
        &[
            ("number", Is(1)),
            ("numbers", Is(8)),
            ("pair", Is(1)),
            ("all", Is(32)),
            ("load_number", Moves(1, 0)),
            ("load_negative", Poison),
            ("load_pointer", Moves(8, 8)),
            ("load_element", Moves(2, 20)),
            ("store_number", Moves(1, 0)),
        ],
    );
}

#[test]
fn signed() {
    check(
        "sizes",
        "signed",
        &[
            ("number", Is(4)),
            ("numbers", Is(16)),
            ("pair", Is(8)),
            ("all", Is(40)),
            ("load_number", Moves(4, 0)),
            ("load_negative", Moves(4, 4)),
            ("load_pointer", Moves(8, 8)),
            ("load_element", Moves(4, 24)),
            ("store_number", Moves(4, 0)),
        ],
    );
}
