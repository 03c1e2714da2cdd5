//! What errors of a load tell: the program, the verifier's words, the C source, what is missing.

use bpf_skel::object::OpenObject;
use bpf_skel::section_name::AttachKind;
use bpf_skel::spec::Endian;
use bpf_skel::{Error, ErrorKind};
use bpf_skel_tests::kernel::{Outcome, child, tests};

use crate::phases::{failing, fails, failures};

tests![
    the_verifier_s_words,
    a_log_of_many_pages,
    no_license,
    a_member_that_is_not_there,
    an_attach_target_that_is_not_there,
    no_attach_target,
    another_byte_order,
    missing_capabilities,
];

fn refusal(program: &str, words: &[&str]) -> Error {
    let error = fails(failing(&["accepted", program]).load(), words);
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    error
}

fn the_verifier_s_words() {
    let words =
        ["failures", "program \"no_null_check\": the verifier refuses it", "invalid mem access"];
    let error = refusal("no_null_check", &words);
    let location = error.location().expect("the object has lines");
    assert!(location.file.ends_with("failures.bpf.c"), "{location:?}");
    assert!(location.text.contains("the line of the report"), "{location:?}");
    let source = include_str!("../../fixtures/failures.bpf.c");
    let line = source.lines().position(|line| line.contains("the line of the report")).unwrap() + 1;
    assert_eq!(location.line as usize, line);
    let report = error.report().to_string();
    for words in
        [format!("failures.bpf.c:{line}"), "verifier log".into(), "invalid mem access".into()]
    {
        assert!(report.contains(&words), "{words:?} is not in: {report}");
    }
    // One line, and the whole log.
    assert!(!error.to_string().contains('\n'));
    let log = error.verifier_log().unwrap();
    assert!(log.contains("\n0: ") && log.contains("processed "), "{log}");
}

/// The first buffer holds 64 KiB.
fn a_log_of_many_pages() {
    let error = refusal("long_story", &["program \"long_story\"", "invalid mem access"]);
    let log = error.verifier_log().unwrap();
    assert!(log.len() > 200 << 10, "{} bytes", log.len());
    let first = log.lines().find(|line| line.contains(": (")).unwrap();
    assert!(first.starts_with("0: ("), "{first}");
    assert!(log.trim_end().lines().last().unwrap().starts_with("processed "));
    assert!(error.report().to_string().lines().count() < 40);
}

fn no_license() {
    let mut spec = failures::SPEC.clone();
    spec.license = "".into();
    let open = |spec| {
        let mut open = OpenObject::new(spec);
        open.program_mut("gpl_only").unwrap().set_autoload(true);
        open.load()
    };
    let error = fails(open(spec.clone()), &["program \"gpl_only\"", "no license section"]);
    assert_eq!(error.kind(), ErrorKind::Rejected);
    // One that is not compatible is no missing one.
    spec.license = "Proprietary".into();
    let error = fails(open(spec.clone()), &["program \"gpl_only\"", "GPL"]);
    assert!(!error.to_string().contains("no license section"), "{error}");
    spec.license = "Dual BSD/GPL".into();
    open(spec).expect("this one is");
}

fn a_member_that_is_not_there() {
    let error = refusal(
        "no_member",
        &["program \"no_member\"", "it needs struct task_struct.no_such_member"],
    );
    let location = error.location().expect("the object has lines");
    assert!(location.text.contains("no_such_member"), "{location:?}");
}

fn an_attach_target_that_is_not_there() {
    let words = [
        "program \"no_target\": symbol \"no_such_tracepoint\"",
        "neither the running kernel nor its modules",
    ];
    let error = fails(failing(&["no_target"]).load(), &words);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let mut open = failing(&["no_target"]);
    open.program_mut("no_target").unwrap().set_target("sched_switch");
    let object = open.load().expect("this one is there");
    assert_eq!(object.program("no_target").unwrap().target(), Some("sched_switch"));
}

fn no_attach_target() {
    let mut spec = failures::SPEC.clone();
    let programs = spec.programs.to_mut();
    programs.iter_mut().for_each(|program| program.target = None);
    let mut open = OpenObject::new(spec);
    let program = open.program_mut("no_target").unwrap().set_autoload(true);
    assert_eq!(program.attach_kind(), AttachKind::TpBtf);
    fails(open.load(), &["program \"no_target\"", "its section names no target", "set_target"]);
}

fn another_byte_order() {
    let mut spec = failures::SPEC.clone();
    let (other, own) = match Endian::NATIVE {
        Endian::Little => (Endian::Big, "little-endian"),
        Endian::Big => (Endian::Little, "big-endian"),
    };
    spec.endian = other;
    let error = fails(OpenObject::new(spec).load(), &["failures", &other.to_string(), own]);
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

/// Bits of `linux/capability.h`.
const NET_ADMIN: u64 = 1 << 12;
const PERFMON: u64 = 1 << 38;
const BPF: u64 = 1 << 39;

fn missing_capabilities() -> Outcome {
    if !bpf_skel_tests::kernel::kernel_is(5, 8) {
        return Err(bpf_skel_tests::kernel::Skip("needs CAP_BPF (Linux 5.8)".into()).into());
    }
    for (program, held, expected) in [
        ("attaches", 0, "CAP_BPF and CAP_PERFMON are missing"),
        ("attaches", PERFMON, "CAP_BPF is missing"),
        ("attaches", BPF, "CAP_PERFMON is missing"),
        ("accepted", 0, "CAP_BPF and CAP_NET_ADMIN are missing"),
        ("accepted", BPF, "CAP_NET_ADMIN is missing"),
        ("accepted", BPF | NET_ADMIN, "loaded"),
        ("attaches", BPF | PERFMON, "loaded"),
    ] {
        let output = child("load_with_capabilities", &[program, &held.to_string()]).output()?;
        let (text, log) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{text}{log}");
        assert!(text.contains(expected), "{program} with {held:#x}: {text}");
        assert!(!text.contains('\u{0}') && text.trim_end().ends_with("left: []"), "{text}");
    }
    Ok(())
}
