//! Which programs are loaded, with which instructions, and that what they do is right.

use std::num::NonZeroUsize;

use bpf_skel::insn::{CALL, PSEUDO_MAP_FD, PSEUDO_MAP_VALUE};
use bpf_skel::object::LogLevel;
use bpf_skel::program::TestRun;
use bpf_skel::spec::ObjectSpec;
use bpf_skel::uapi::ProgramType;
use bpf_skel::{ErrorKind, Object, OpenObject, Program};
use bpf_skel_tests::kernel::needs::{LOOP, SYSCALL, THROW};
use bpf_skel_tests::kernel::{Outcome, fixture, tests};

use crate::phases::{failing, fails, open, run, run_program};

tests! {
    []: several_in_a_section, not_loaded_by_default, a_section_without_type, threads_make_no_difference,
        the_first_refusal_is_told, logs_of_the_accepted;
    [SYSCALL]: subprograms, instructions_are_the_kernel_s;
    [LOOP]: callbacks;
    [THROW]: exceptions;
}

fn fixture_of(spec: ObjectSpec, without: &[&str]) -> OpenObject {
    let mut open = OpenObject::new(spec);
    for name in without {
        open.program_mut(name).unwrap().set_autoload(false);
    }
    open
}

fn several_in_a_section() -> Outcome {
    let object = fixture_of(fixture!("programs"), &["no_type"]).load()?;
    assert_eq!((run(&object, "pass"), run(&object, "drop"), run(&object, "by_length")), (2, 1, 1));
    let long = object.program("by_length")?.test_run(TestRun::new().data_in(&[0; 200]))?;
    assert_eq!(long.retval, 2);
    Ok(())
}

fn not_loaded_by_default() -> Outcome {
    let object = open().load()?;
    let always = object.program("always")?;
    assert!(!always.is_loaded());
    fails(always.test_run(TestRun::new()), &["program \"always\"", "not loaded"]);
    let mut open = open();
    open.program_mut("always")?.set_autoload(true);
    let object = open.load()?;
    assert_eq!(run(&object, "always"), 1);
    Ok(())
}

fn a_section_without_type() -> Outcome {
    let words = ["program \"no_type\"", "section \"something/else\" names no type of program"];
    fails(fixture_of(fixture!("programs"), &[]).load(), &words);
    let mut misspelt: ObjectSpec = fixture!("programs");
    misspelt.programs.to_mut()[4].section = "raw_pt/sched_switch".into();
    let words =
        "section \"raw_pt/sched_switch\" names no type of program: did you mean \"raw_tp\"?";
    fails(fixture_of(misspelt, &[]).load(), &["program \"no_type\"", words]);
    let mut open = fixture_of(fixture!("programs"), &[]);
    open.program_mut("no_type")?.set_type(ProgramType::SCHED_CLS);
    assert_eq!(run(&open.load()?, "no_type"), 0);
    Ok(())
}

fn subprograms() -> Outcome {
    // Each function of a circle calls the other. Newer kernels say that the call stack would be full, older ones that there
    // is a way back.
    let words = ["program \"circular\"", "the verifier refuses it: "];
    fails(fixture_of(fixture!("subprogs"), &[]).load(), &words);
    let object = fixture_of(fixture!("subprogs"), &["circular"]).load()?;
    // hidden(1) = 5 ^ 5, maybe(2) = 1, four_times(3) = 12, twice(4) = 8
    assert_eq!((run(&object, "alone"), run(&object, "deep")), (0, 21));
    let calls = object.map(".bss")?.lookup(&[0; 4])?.unwrap();
    assert_eq!(calls, 5_u64.to_ne_bytes());
    Ok(())
}

fn callbacks() -> Outcome {
    // A function that others may call is no callback for the verifier; older ones find its arguments wrong first.
    let words = ["program \"loops\"", "the verifier refuses it: "];
    fails(fixture_of(fixture!("callbacks"), &[]).load(), &words);
    let object = fixture_of(fixture!("callbacks"), &["loops"]).load()?;
    for key in 0..8_u32 {
        object.map("numbers")?.update(&key.to_ne_bytes(), &100_u64.to_ne_bytes(), 0)?;
    }
    let tid = {
        // SAFETY: takes nothing.
        unsafe { libc::gettid() as u32 }
    };
    let weigh = |x: u32| (x * 3).wrapping_add(tid);
    let sum = |to| (0..to).map(weigh).fold(0, u32::wrapping_add);
    let walks = object.program("walks")?.test_run(TestRun::new().ctx_in(&[0_u64; 2]))?.retval;
    assert_eq!(walks, weigh(1).wrapping_add(800).wrapping_add(sum(8)).wrapping_add(sum(5)));
    Ok(())
}

fn exceptions() -> Outcome {
    let object = fixture_of(fixture!("exceptions"), &[]).load()?;
    assert_eq!((run(&object, "throws"), run(&object, "uncaught")), (20 * 2 + 3, 8));
    Ok(())
}

/// What the kernel gives back is what it got, but for what it puts in itself: ids and addresses of maps, and helpers.
fn instructions_are_the_kernel_s() -> Outcome {
    for spec in [fixture!("subprogs"), fixture!("data"), fixture!("prog_array"), fixture!("phases")]
    {
        let name = spec.name.clone();
        let prepared =
            fixture_of(spec, if name.contains("subprogs") { &["circular"] } else { &[] })
                .prepare()?;
        let texts: Vec<_> = (0..prepared.spec().programs.len())
            .map(|index| prepared.program_insns(index).map(<[_]>::to_vec))
            .collect();
        let object = prepared.load()?;
        for (program, text) in object.programs().iter().zip(texts) {
            let Some(text) = text else { continue };
            let kernel = program.info()?.insns;
            // The verifier takes code away that nothing reaches, and inlines helpers.
            assert!(!kernel.is_empty(), "{name} {}", program.name());
            if kernel.len() != text.len() {
                continue;
            }
            for (at, (ours, theirs)) in text.iter().zip(&kernel).enumerate() {
                let is_map =
                    ours.is_ldimm64() && [PSEUDO_MAP_FD, PSEUDO_MAP_VALUE].contains(&ours.src());
                if is_map {
                    assert_eq!(
                        (ours.code, ours.dst()),
                        (theirs.code, theirs.dst()),
                        "{name} {} {at}",
                        program.name()
                    );
                } else if ours.code != CALL {
                    assert_eq!(
                        (ours.dst(), ours.off),
                        (theirs.dst(), theirs.off),
                        "{name} {} {at}",
                        program.name()
                    );
                }
            }
        }
    }
    Ok(())
}

fn with_threads(mut open: OpenObject, threads: usize) -> OpenObject {
    open.options.set_threads(NonZeroUsize::new(threads).unwrap());
    open
}

fn threads_make_no_difference() -> Outcome {
    let loaded = |threads| -> bpf_skel::Result<Vec<_>> {
        let object = with_threads(open(), threads).load()?;
        let results: Vec<u32> = object
            .programs()
            .iter()
            .filter(|program| program.is_loaded())
            .map(run_program)
            .collect();
        let tags = object.programs().iter().filter(|program| program.is_loaded());
        let tags: Vec<_> = tags
            .map(|program| program.info().map(|info| (info.name, info.tag)))
            .collect::<Result<_, _>>()?;
        Ok(results.into_iter().zip(tags).collect())
    };
    let one = loaded(1)?;
    assert_eq!(one.len(), 7);
    for threads in [2, 8] {
        assert_eq!(loaded(threads)?, one, "{threads} threads");
    }
    Ok(())
}

fn the_first_refusal_is_told() {
    for threads in [1, 2, 8] {
        for _ in 0..20 {
            let open = failing(&["accepted", "no_null_check", "outside", "long_story"]);
            let error = fails(with_threads(open, threads).load(), &["program \"no_null_check\""]);
            assert_eq!(error.kind(), ErrorKind::Rejected);
        }
    }
}

fn logs_of_the_accepted() -> Outcome {
    for (level, words) in [
        (LogLevel::OnFailure, None),
        (LogLevel::Stats, Some("processed ")),
        // The kernel throws its words on an accepted program away.
        (LogLevel::Verbose, Some("processed ")),
        (LogLevel::State, Some("exit")),
    ] {
        let mut open = failing(&["accepted", "attaches"]);
        open.options.set_log_level(level);
        let object = open.load()?;
        let index = |name: &str| object.spec().program_index(name).unwrap();
        let log = object.verifier_log(index("accepted"));
        assert_eq!(log.is_some(), words.is_some(), "{level:?}");
        assert!(words.is_none_or(|words| log.unwrap().contains(words)), "{level:?}: {log:?}");
        assert_eq!(object.verifier_log(index("outside")), None);
    }
    Ok(())
}

const _: fn() = || {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<OpenObject>();
    shared::<bpf_skel::PreparedObject>();
    shared::<Object>();
    shared::<Program>();
};
