//! Elements by index, through several dimensions, and arrays without an end.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn longer() {
    check(
        "arrays",
        "longer",
        &[
            ("whole", Is(64)),
            ("element", Is(28)),
            ("element_size", Is(4)),
            ("line", Is(92)),
            ("cell", Is(100)),
            ("member_of_element", Is(208)),
            ("flexible", Is(296)),
        ],
    );
}

#[test]
fn shorter() {
    check(
        "arrays",
        "shorter",
        &[
            ("whole", Is(16)),
            ("element", Poison),
            ("element_size", Poison),
            ("line", Poison),
            ("cell", Poison),
            ("member_of_element", Poison),
            ("flexible", Poison),
        ],
    );
}

#[test]
fn scalars() {
    check(
        "arrays",
        "scalars",
        &[
            ("whole", Poison),
            ("element", Poison),
            ("element_size", Poison),
            ("line", Poison),
            ("cell", Poison),
            ("member_of_element", Poison),
            ("flexible", Is(32)),
        ],
    );
}
