//! The fixtures `phases` and `failures`, and what their tests share.

use bpf_skel::program::TestRun;
use bpf_skel::{Error, Map, Object, OpenObject, Program};

bpf_skel_macros::bpf_skel!(pub mod phases = "fixtures/phases-el.o", "fixtures/phases-eb.o");
bpf_skel_macros::bpf_skel!(pub mod failures = "fixtures/failures-el.o", "fixtures/failures-eb.o");

/// `phases.bpf.c`, untyped.
pub(crate) fn open() -> OpenObject {
    OpenObject::from_static(phases::SPEC)
}

/// `failures.bpf.c` with these programs only.
pub(crate) fn failing(programs: &[&str]) -> OpenObject {
    let mut open = OpenObject::from_static(failures::SPEC);
    for name in programs {
        open.program_mut(name).expect("the fixture has it").set_autoload(true);
    }
    open
}

/// What a program of `object` answers.
pub(crate) fn run(object: &Object, program: &str) -> u32 {
    run_program(object.program(program).expect("the fixture has it"))
}

/// What a program answers to a packet.
pub(crate) fn run_program(program: &Program) -> u32 {
    program.test_run(TestRun::new().data_in(&[0; 64])).expect("it runs").retval
}

/// The value of `key` in a map of numbers.
pub(crate) fn number(map: &Map, key: u32) -> Option<u64> {
    let value = map.lookup(&key.to_ne_bytes()).expect("the map can be read")?;
    let mut bytes = [0; 8];
    bytes[..value.len().min(8)].copy_from_slice(&value[..value.len().min(8)]);
    Some(u64::from_ne_bytes(bytes))
}

/// The error of what must fail, which says all of `words`.
#[track_caller]
pub(crate) fn fails<T>(result: bpf_skel::Result<T>, words: &[&str]) -> Error {
    let error = result.err().expect("it fails");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    error
}
