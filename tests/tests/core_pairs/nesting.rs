//! Structs in structs, with and without names.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn anonymous() {
    check(
        "nesting",
        "anonymous",
        &[
            ("through_a_name", Is(36)),
            ("of_a_union", Is(20)),
            ("flat", Is(8)),
            ("deep", Is(44)),
            ("a_whole_struct", Is(16)),
        ],
    );
}

#[test]
fn named() {
    check(
        "nesting",
        "named",
        &[
            ("through_a_name", Is(8)),
            ("of_a_union", Poison),
            ("flat", Poison),
            ("deep", Poison),
            ("a_whole_struct", Is(8)),
        ],
    );
}
