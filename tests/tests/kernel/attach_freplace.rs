//! Programs that take the place of a function of another.

use bpf_skel::program::{Program, TestRun, kind};
use bpf_skel::{ErrorKind, Object, OpenObject, Result};
use bpf_skel_tests::kernel::fixture;
use bpf_skel_tests::kernel::needs::FENTRY;

bpf_skel_tests::kernel::tests! {
    // They are trampolines, too.
    [FENTRY]: replaced, replaced_in_another, no_such_function;
    []: without_a_program;
}

fn original() -> Object {
    OpenObject::new(fixture!("freplace")).load().unwrap()
}

fn answer(object: &Object) -> u32 {
    let program = object.program("original").unwrap();
    program.test_run(TestRun::new().data_in(&[0; 64])).unwrap().retval
}

fn replacement(target: &Program, function: &str) -> Result<Object> {
    let mut open = OpenObject::new(fixture!("freplace"));
    open.program_mut("original")?.set_autoload(false);
    let program = open.program_mut("replacement")?;
    program.set_autoload(true).set_target(function).set_target_program(target)?;
    open.load()
}

fn replaced() {
    let target = original();
    assert_eq!(answer(&target), 42);
    let object = replacement(target.program("original").unwrap(), "replaced").unwrap();
    let links = object.attach().unwrap();
    assert_eq!(links.len(), 1);
    assert_eq!(answer(&target), 141);
    drop(links);
    assert_eq!(answer(&target), 42);
}

fn replaced_in_another() {
    let (first, second) = (original(), original());
    let object = replacement(first.program("original").unwrap(), "replaced").unwrap();
    let program = object.program("replacement").unwrap().try_clone().unwrap();
    let program = program.try_into_kind::<kind::Freplace>().unwrap();
    let other = second.program("original").unwrap();
    let _link = program.attach_to(other, "replaced").unwrap();
    assert_eq!((answer(&first), answer(&second)), (42, 141));
    let error = program.attach_to(other, "no_such").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"program "replacement": attach to freplace "no_such" of program "original": the other program has no such function"#
    );
}

fn no_such_function() {
    let target = original();
    let error = replacement(target.program("original").unwrap(), "no_such").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let expected =
        r#"program "replacement": symbol "no_such": the other program has no such function"#;
    assert!(error.to_string().ends_with(expected), "{error}");
}

fn without_a_program() {
    let mut open = OpenObject::new(fixture!("freplace"));
    open.program_mut("replacement").unwrap().set_autoload(true);
    let error = open.load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("OpenProgram::set_target_program"), "{error}");
}
