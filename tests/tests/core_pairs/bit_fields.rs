//! Where to load, how much, and how far to shift: by the byte order, too.

use crate::pair::Outcome::{ByEndian, Is, Moves, Poison};
use crate::pair::check;

#[test]
fn moved() {
    check(
        "bit_fields",
        "moved",
        &[
            ("first_offset", Is(8)),
            ("first_size", Is(4)),
            ("first_left", ByEndian(33, 61)),
            ("first_right", Is(62)),
            ("second_signed", Is(1)),
            ("second_size", Is(4)),
            ("second_left", ByEndian(35, 52)),
            ("second_right", Is(55)),
            ("plain_offset", Is(16)),
            ("plain_left", Is(0)),
            ("plain_right", Is(0)),
            ("wide_offset", Is(24)),
            ("wide_right", Is(14)),
            ("load", Moves(8, 16)),
        ],
    );
}

#[test]
fn swapped() {
    check(
        "bit_fields",
        "swapped",
        &[
            ("first_offset", Is(0)),
            ("first_size", Is(2)),
            ("first_left", Is(48)),
            ("first_right", Is(48)),
            ("second_signed", Is(1)),
            ("second_size", Is(1)),
            ("second_left", Is(56)),
            ("second_right", Is(56)),
            ("plain_offset", Is(4)),
            ("plain_left", ByEndian(53, 32)),
            ("plain_right", Is(53)),
            ("wide_offset", Is(8)),
            ("wide_right", Is(0)),
            ("load", Poison),
        ],
    );
}
