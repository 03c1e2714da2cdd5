//! What is behind the last `___` of a name does not count.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn newer() {
    check(
        "flavours",
        "newer",
        &[
            ("one_flavour", Is(16)),
            ("last_flavour", Poison),
            ("no_flavour", Is(8)),
            ("flavour_of_the_kernel", Is(24)),
            ("enumerator", Is(2)),
        ],
    );
}

#[test]
fn other() {
    check(
        "flavours",
        "other",
        &[
            ("one_flavour", Poison),
            ("last_flavour", Is(8)),
            ("no_flavour", Poison),
            ("flavour_of_the_kernel", Poison),
            ("enumerator", Poison),
        ],
    );
}
