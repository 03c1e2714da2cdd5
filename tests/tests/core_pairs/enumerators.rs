//! The value that an enumerator has there, of whatever size and sign.

use crate::pair::Outcome::{Is, Poison};
use crate::pair::check;

#[test]
fn grown() {
    check(
        "enumerators",
        "grown",
        &[
            ("some", Is(2)),
            ("has_some", Is(1)),
            ("gone", Poison),
            ("has_gone", Is(0)),
            ("minus", Is(-7_i64 as u64)),
            ("huge", Is(3 << 40)),
            ("flavoured", Is(9)),
        ],
    );
}

#[test]
fn flavoured() {
    check(
        "enumerators",
        "flavoured",
        &[
            ("some", Is(77)),
            ("has_some", Is(1)),
            ("gone", Poison),
            ("has_gone", Is(0)),
            ("minus", Is((-1_i64 << 35) as u64)),
            ("huge", Is(2)),
            ("flavoured", Poison),
        ],
    );
}
