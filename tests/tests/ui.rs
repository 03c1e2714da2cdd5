//! Misuse does not compile, and the compiler's words say why; what needs no `unsafe` compiles where that is forbidden.
//!
//! After a change that is meant: `TRYBUILD=overwrite cargo test -p bpf-skel-tests --test ui`.
#![cfg(all(target_os = "linux", target_endian = "little"))]

use std::path::Path;

use bpf_skel::spec::Endian;
use bpf_skel_tests::fixtures;

/// Cases are compiled in `tests/trybuild/CRATE` of the target's folder, of which they know that this is nearby.
const OBJECT: &str = "maps.bpf.o";

#[test]
fn cases() {
    let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join(OBJECT);
    std::fs::write(object, fixtures::bytes("maps", Endian::Little)).expect("it can be written");
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*.rs");
    cases.pass("ui/pass/*.rs");
}
