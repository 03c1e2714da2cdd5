//! What it means that the kernel refuses a program.

use std::io;

use super::prepared::{PreparedObject, PreparedProgram};
use super::{core, externs, log, needs, text};
use crate::error::{Error, ErrorKind};
use crate::feature::{self, Feature};
use crate::insn::Insn;
use crate::relocate;
use crate::section_name;
use crate::spec::{ObjectSpec, ProgramSpec};
use crate::sys::explain;
use crate::token::Creation;
use crate::uapi::ProgramType;

/// An error that says what the verifier said, and where that is in C; or what is missing, where it was not asked.
pub(super) fn explain(
    prepared: &PreparedObject,
    program: &PreparedProgram,
    source: &ProgramSpec,
    refused: io::Error,
    log: String,
) -> Error {
    let Some(words) = log::last_words(&log) else {
        return unasked(prepared, program, source, refused);
    };
    let insn = log::last_insn(&log);
    let stopped = insn.and_then(|at| Some((at, *program.text.get(at as usize)?)));
    let refusal = Refusal { prepared, program, source, log: &log, words, stopped };
    let absent = feature::why_absent(refusal.needs());
    let is_absent = absent.is_some();
    let mut error = match absent {
        Some(why) => Error::new(ErrorKind::NotSupportedByKernel, why)
            .with_hint(format!("the verifier: {words}")),
        None => refusal.error(),
    };
    if let Some(location) = insn.and_then(|insn| log::location(&prepared.spec, source, insn)) {
        error = error.with_location(location);
    }
    error = error.with_raw_os_error(refused.raw_os_error().unwrap_or_default()).with_log(log);
    if is_absent { error } else { unknown_use(error, program, source) }
}

/// The kernel did not come as far as the verifier.
fn unasked(
    prepared: &PreparedObject,
    program: &PreparedProgram,
    source: &ProgramSpec,
    refused: io::Error,
) -> Error {
    let unknown = feature::may_be_unknown(&refused);
    let error = Error::system("BPF_PROG_LOAD", refused);
    let needs = || needs::of_program(&program.open, &program.text);
    if unknown && let Some(why) = feature::why_absent(needs()) {
        return error.because_absent(why);
    }
    let error = unknown_use(error, program, source);
    let needs = explain::program_needs(program.open.program_type);
    let creation = Creation::Program(program.open.program_type, program.open.attach_type);
    prepared.token.permission(error, creation, needs)
}

/// What the verifier said.
struct Refusal<'r> {
    prepared: &'r PreparedObject,
    program: &'r PreparedProgram,
    source: &'r ProgramSpec,
    log: &'r str,
    /// The last of it that says something.
    words: &'r str,
    /// Where it stopped, if it says so.
    stopped: Option<(u32, Insn)>,
}

impl Refusal<'_> {
    fn spec(&self) -> &ObjectSpec {
        &self.prepared.spec
    }

    /// What the kernel may be too old for.
    fn needs(&self) -> Vec<Feature> {
        match self.stopped {
            None => needs::of_refused_program(&self.program.open, &self.program.text, self.words),
            Some((_, insn)) => needs::of_insn(insn),
        }
    }

    fn error(&self) -> Error {
        let rejected = |text: String| Error::new(ErrorKind::Rejected, text);
        if let Some((at, insn)) = self.stopped {
            let poisoned = insn.imm == relocate::POISON;
            if poisoned && let Some(missing) = core::missing(self.spec(), self.source, at) {
                return rejected(format!("it needs {missing}, which the kernel has not got"))
                    .with_hint("guard the access with bpf_core_field_exists() or the like");
            }
            if let Some(function) = externs::absent_of_call(insn, self.spec().externs.len()) {
                let name = &self.spec().externs[function].name;
                return rejected(format!(
                    "it calls {name:?}, which the kernel has not got, or with another prototype"
                ))
                .with_hint("ask bpf_ksym_exists() before the call");
            }
        }
        let error = rejected(format!("the verifier refuses it: {}", self.words));
        match self.hint() {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn hint(&self) -> Option<String> {
        let (spec, words, log) = (self.spec(), self.words, self.log);
        if let Some((_, insn)) = self.stopped {
            if let Some(map) = text::absent_map_of_call(insn.imm, spec.maps.len()) {
                let name = &spec.maps[map].name;
                return Some(format!("it uses map {name:?}, which is absent: autocreate is off"));
            }
            let unusable = words.contains("unknown func") || words.contains("cannot use helper");
            if unusable && let Some(helper) = needs::helper(insn) {
                return Some(format!(
                    "this kernel has bpf_{helper}(), but not for programs of type {}",
                    self.program.open.program_type
                ));
            }
        }
        if words.to_lowercase().contains("btf")
            && let Some(refused) = self.prepared.types_refused()
        {
            return Some(refused.to_string());
        }
        let hint = if log.contains("failed to find the address for kernel symbol") {
            "a kernel without CONFIG_KALLSYMS_ALL knows the types of its variables, but not where they are"
        } else if log.contains("no jump tables found") || log.contains("expected PTR_TO_INSN") {
            "clang makes a table in .jumptables of a `switch`, but not of the labels that a computed goto goes to"
        } else if spec.license.is_empty() && log.contains("GPL") {
            "the object has no license section: add `char LICENSE[] SEC(\"license\") = \"GPL\";`"
        } else {
            return None;
        };
        Some(hint.to_owned())
    }
}

/// Nobody has said what the program is for; say so instead of "invalid argument". A section that says nothing gives no
/// type, and what calls operations is their map.
fn unknown_use(error: Error, program: &PreparedProgram, source: &ProgramSpec) -> Error {
    if program.open.program_type == ProgramType::STRUCT_OPS && program.target.btf_id == 0 {
        return error.with_hint("no struct_ops map that is created calls it");
    }
    if program.open.program_type != ProgramType::UNSPEC {
        return error;
    }
    let section = &source.section;
    let near = section_name::nearest(section);
    let near = near.map(|near| format!("did you mean {near:?}? Else ")).unwrap_or_default();
    error.with_hint(format!(
        "section {section:?} names no type of program: {near}set one with OpenProgram::set_type"
    ))
}
