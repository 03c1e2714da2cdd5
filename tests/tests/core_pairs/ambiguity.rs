//! Several types of the kernel with one name: they must agree about all that is asked.

use crate::pair::Outcome::{Is, Refused};
use crate::pair::check;

const DISAGREE: &str = "do not agree";

#[test]
fn three() {
    check(
        "ambiguity",
        "three",
        &[
            ("same", Is(8)),
            ("same_exists", Is(1)),
            ("rare", Is(4)),
            ("other", Refused(DISAGREE)),
            ("size", Refused(DISAGREE)),
            ("id", Refused(DISAGREE)),
            ("value", Refused(DISAGREE)),
            ("has_value_", Is(1)),
        ],
    );
}

#[test]
fn agreed() {
    check(
        "ambiguity",
        "agreed",
        &[
            ("same", Is(8)),
            ("same_exists", Is(1)),
            ("rare", Is(16)),
            ("other", Is(12)),
            ("size", Is(24)),
            ("id", Refused(DISAGREE)),
            ("value", Is(4)),
            ("has_value_", Is(1)),
        ],
    );
}
