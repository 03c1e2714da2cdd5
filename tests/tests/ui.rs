//! Misuse of skeletons does not compile, and the compiler's words say why.
//!
//! After a change that is meant: `TRYBUILD=overwrite cargo test -p bpf-skel-tests --test ui`.
#![cfg(all(target_os = "linux", target_endian = "little"))]

#[test]
fn misuse() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*.rs");
}
