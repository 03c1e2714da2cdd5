//! The third phase: the verifier.

use std::ffi::{CStr, CString};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{io, thread};

use super::pins::Pins;
use super::prepared::{PreparedObject, PreparedProgram};
use super::{Object, bind, core, externs, log, needs, prepare, slots, text};
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::feature;
use crate::link::UsdtMaps;
use crate::program::Program;
use crate::relocate;
use crate::section_name::AttachKind;
use crate::spec::{ProgramSpec, SlotTarget};
use crate::sys::{self, explain};
use crate::token::Creation;
use crate::uapi::ProgramType;

/// The first log buffer. Most refusals fit; the kernel says how much the others need.
const LOG_FIRST: usize = 64 << 10;
/// The largest log buffer that every kernel takes: `UINT_MAX >> 8` up to Linux 5.3, `>> 2` after.
const LOG_MOST: usize = (u32::MAX >> 8) as usize;

/// A program in the kernel.
struct Verified {
    fd: OwnedFd,
    /// The verifier's words, where they were asked for.
    log: Option<String>,
    /// What the kernel refused of it.
    note: Option<Error>,
}

/// Loads. The pins are removed with what is returned beside the object, unless it is told to keep them.
pub(crate) fn load(prepared: PreparedObject) -> Result<(Pins, Object)> {
    let mut verified = verify_all(&prepared)?;
    let PreparedObject {
        spec,
        maps,
        slots,
        operations,
        autoattach: map_autoattach,
        programs,
        pins,
        mut notes,
        ..
    } = prepared;

    slots::fill(&maps, &slots, |target| match target {
        SlotTarget::Program(program) => {
            verified.get(program as usize)?.as_ref().map(|one| one.fd.as_fd())
        }
        SlotTarget::Map(_) => None,
    })?;

    let fds: Vec<_> = verified.iter().map(|one| one.as_ref().map(|one| one.fd.as_fd())).collect();
    bind::bind(&spec, &maps, &programs, &fds, &mut notes)?;
    for (map, operations) in maps.iter().zip(operations) {
        let Some(operations) = operations else { continue };
        let value = operations.value(|program| *fds.get(program as usize)?);
        map.fill_operations(value.within(|| Frame::Map(map.name().to_owned()))?);
    }

    let has_usdt = programs.iter().any(|program| program.open.attach == AttachKind::Usdt);
    let usdt = if has_usdt { UsdtMaps::of(&maps)? } else { None };
    let mut loaded = Vec::with_capacity(programs.len());
    let mut logs = Vec::with_capacity(programs.len());
    let mut autoattach = Vec::with_capacity(programs.len());
    for (PreparedProgram { open, .. }, verified) in programs.into_iter().zip(&mut verified) {
        autoattach.push(open.autoload && open.autoattach);
        let frame = open.frame();
        let (program, log) = match verified.take() {
            Some(Verified { fd, log, note }) => {
                notes.extend(note.map(|note| note.within(frame)));
                (Program::new(fd, open.into_about(usdt.as_ref())), log)
            }
            None => (Program::absent(open.into_about(usdt.as_ref())).within(|| frame)?, None),
        };
        loaded.push(program);
        logs.push(log);
    }
    let object = Object {
        spec,
        maps,
        programs: loaded,
        autoattach,
        map_autoattach,
        logs,
        notes,
        pins: Mutex::default(),
    };
    Ok((pins, object))
}

/// Has every wanted program verified, several at a time: the verifier holds no global lock, so two programs on two
/// cores take as long as the longer one.
fn verify_all(prepared: &PreparedObject) -> Result<Vec<Option<Verified>>> {
    let wanted: Vec<&PreparedProgram> =
        prepared.programs.iter().filter(|program| program.open.autoload).collect();
    let license = CString::new(prepared.spec.license.as_bytes()).map_err(|_| {
        Error::malformed("the license has a NUL byte").within(Frame::Section("license".into()))
    })?;
    let one = |program: &PreparedProgram| {
        verify(prepared, program, &license).within(|| program.open.frame())
    };
    let results = in_parallel(&wanted, threads(prepared, wanted.len()), one);

    let mut verified: Vec<Option<Verified>> = prepared.programs.iter().map(|_| None).collect();
    let places =
        prepared.programs.iter().zip(&mut verified).filter(|(program, _)| program.open.autoload);
    for ((_, place), result) in places.zip(results) {
        *place = Some(match result {
            Some(result) => result?,
            // Given up because of a failure that stands before or behind it; before was returned already.
            None => continue,
        });
    }
    Ok(verified)
}

fn threads(prepared: &PreparedObject, programs: usize) -> usize {
    // Asking how many cores there are reads files, which takes longer than verifying a small program.
    if programs < 2 {
        return 1;
    }
    let most = prepared.options.threads.or_else(|| thread::available_parallelism().ok());
    most.map_or(1, NonZeroUsize::get).min(programs)
}

/// Runs `work` on all items by `threads` threads, the calling one among them. After a failure no new item is begun:
/// those have no result. Items are begun in order, so the first failure in order always has its result.
fn in_parallel<I: Copy + Sync, T: Send>(
    items: &[I],
    threads: usize,
    work: impl Fn(I) -> Result<T> + Sync,
) -> Vec<Option<Result<T>>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results: Vec<Mutex<Option<Result<T>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let run = || {
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(&item), Some(place)) = (items.get(at), results.get(at)) else { break };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // A thread that cannot be had is no failure: the others do its work.
            let _ = thread::Builder::new().name("bpf-verify".into()).spawn_scoped(scope, run);
        }
        run();
    });
    results
        .into_iter()
        .map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// Has one program verified.
fn verify(
    prepared: &PreparedObject,
    program: &PreparedProgram,
    license: &CStr,
) -> Result<Verified> {
    let spec = &*prepared.spec;
    let source = prepare::program_spec(spec, &program.open)?;
    let typed = prepared.btf.is_some();
    // Calls count modules from 1: entry 0 stands for the kernel itself, and is not looked at.
    let modules = prepared.modules.iter().map(AsFd::as_fd);
    let fd_array: Vec<_> = modules.clone().take(1).chain(modules).collect();
    let mut attributes = sys::ProgLoad {
        program_type: program.open.program_type,
        attach_type: program.open.attach_type,
        name: &program.open.name,
        insns: &program.text,
        license,
        kernel_version: spec.kernel_version,
        flags: program.open.flags,
        btf: prepared.btf.as_ref().map(AsFd::as_fd),
        func_info: if typed { &source.func_info } else { &[] },
        line_info: if typed { &source.line_info } else { &[] },
        attach_btf_id: program.target.btf_id,
        attach_to: program.target.module.as_ref().map(AsFd::as_fd),
        fd_array: &fd_array,
        token: prepared.token.get(),
        ..sys::ProgLoad::default()
    };
    let level = prepared.options.log.first_try();
    let mut tried = try_load(&attributes, level);
    if tried.is_err() && attributes.token.is_none() {
        // Whatever the reason: without privilege, the verifier says no in many ways.
        attributes.token = prepared.token.get_or_make();
        if attributes.token.is_some() {
            tried = try_load(&attributes, level);
        }
    }
    let (refused, log) = match tried {
        Ok((fd, log)) => return Ok(Verified { fd, log, note: None }),
        Err((refused, log)) => (refused, log.unwrap_or_default()),
    };
    // Tools and reports lose names and lines by it; that is no reason to do without the program.
    if log::is_about_source(&log) {
        let bare = sys::ProgLoad { btf: None, func_info: &[], line_info: &[], ..attributes };
        if let Ok(fd) = sys::prog_load(&bare, None) {
            let words = log::last_words(&log).unwrap_or_default();
            let note =
                format!("the kernel refuses the records of its functions and lines: {words}");
            let note = Error::new(ErrorKind::Rejected, note)
                .with_hint("loaded without them")
                .with_log(log.clone());
            return Ok(Verified { fd, log: level.map(|_| log), note: Some(note) });
        }
    }
    Err(explain_refusal(prepared, program, source, refused, log))
}

/// Loads, and where that fails once more for the verifier's words. A result with a log, where there is one.
fn try_load(
    attributes: &sys::ProgLoad<'_>,
    level: Option<u32>,
) -> Result<(OwnedFd, Option<String>), (io::Error, Option<String>)> {
    let Some(level) = level else {
        let first = match sys::prog_load(attributes, None) {
            Ok(fd) => return Ok((fd, None)),
            Err(error) if is_final(&error) => return Err((error, None)),
            Err(error) => error,
        };
        return match with_log(attributes, 1 | 4) {
            // It was refused a moment ago; memory was short, or a map was being changed.
            (Ok(fd), _) => Ok((fd, None)),
            // About the log, not about the program.
            (Err(error), log) if error.raw_os_error() == Some(libc::ENOSPC) => {
                Err((first, Some(log)))
            }
            (Err(error), log) => Err((error, Some(log))),
        };
    };
    let (result, log) = match with_log(attributes, level) {
        // Statistics do not say where it stopped.
        (Err(error), _) if level & (1 | 2) == 0 && !is_final(&error) => {
            with_log(attributes, level | 1)
        }
        answer => answer,
    };
    match result {
        Ok(fd) => Ok((fd, Some(log))),
        Err(error) => Err((error, Some(log))),
    }
}

/// Whether a log could not say more: the kernel did not come as far as the verifier. EPERM is not among them, since
/// the verifier says it too, of what a capability would allow.
fn is_final(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EBADF | libc::EFAULT))
}

/// Loads with a log, in a buffer that grows to what the kernel says it needs (Linux 6.4), or step by step.
fn with_log(attributes: &sys::ProgLoad<'_>, level: u32) -> (io::Result<OwnedFd>, String) {
    let mut size = LOG_FIRST;
    loop {
        let mut log = sys::Log::new(level, size);
        let result = sys::prog_load(attributes, Some(&mut log));
        // Since Linux 6.4 a log that does not fit keeps its end, and the error is the verifier's own.
        let cut = log.true_size as usize > size
            || result.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ENOSPC));
        if !cut || size == LOG_MOST {
            return (result, log.text());
        }
        size = (log.true_size as usize).max(size * 8).min(LOG_MOST);
    }
}

/// An error that says what the verifier said, and where that is in C.
fn explain_refusal(
    prepared: &PreparedObject,
    program: &PreparedProgram,
    source: &ProgramSpec,
    refused: io::Error,
    log: String,
) -> Error {
    let spec = &*prepared.spec;
    let errno = refused.raw_os_error().unwrap_or_default();
    let Some(words) = log::last_words(&log).map(str::to_owned) else {
        let unknown = feature::may_be_unknown(&refused);
        let error = Error::system("BPF_PROG_LOAD", refused);
        let needs = || needs::of_program(&program.open, &program.text);
        if unknown && let Some(why) = feature::why_absent(needs()) {
            return error.because_absent(why);
        }
        let error = unknown_use(error, program, source);
        let needs = explain::program_needs(program.open.program_type);
        let creation = Creation::Program(program.open.program_type, program.open.attach_type);
        return prepared.token.permission(error, creation, needs);
    };
    let insn = log::last_insn(&log);
    let stopped = insn.and_then(|at| Some((at, *program.text.get(at as usize)?)));
    let needs = match stopped {
        None => needs::of_refused_program(&program.open, &program.text, &words),
        Some((_, insn)) => needs::of_insn(insn),
    };
    let location = insn.and_then(|insn| log::location(spec, source, insn));
    if let Some(why) = feature::why_absent(needs) {
        let error = Error::new(ErrorKind::NotSupportedByKernel, why)
            .with_hint(format!("the verifier: {words}"))
            .with_raw_os_error(errno)
            .with_log(log);
        return match location {
            Some(location) => error.with_location(location),
            None => error,
        };
    }
    let absent = stopped.and_then(|(_, insn)| text::absent_map_of_call(insn.imm, spec.maps.len()));
    let poisoned = stopped
        .filter(|(_, insn)| insn.imm == relocate::POISON)
        .and_then(|(at, _)| core::missing(spec, source, at));
    let no_function =
        stopped.and_then(|(_, insn)| externs::absent_of_call(insn, spec.externs.len()));
    let mut error = Error::new(ErrorKind::Rejected, format!("the verifier refuses it: {words}"));
    if let Some(missing) = poisoned {
        error = Error::new(
            ErrorKind::Rejected,
            format!("it needs {missing}, which the kernel has not got"),
        )
        .with_hint("guard the access with bpf_core_field_exists() or the like");
    } else if let Some(function) = no_function {
        error = Error::new(
            ErrorKind::Rejected,
            format!(
                "it calls {:?}, which the kernel has not got, or with another prototype",
                spec.externs[function].name
            ),
        )
        .with_hint("ask bpf_ksym_exists() before the call");
    } else if let Some(map) = absent {
        error = error.with_hint(format!(
            "it uses map {:?}, which is absent: autocreate is off",
            spec.maps[map].name
        ));
    } else if let Some(helper) = stopped.and_then(|(_, insn)| needs::helper(insn))
        && (words.contains("unknown func") || words.contains("cannot use helper"))
    {
        error = error.with_hint(format!(
            "this kernel has bpf_{helper}(), but not for programs of type {}",
            program.open.program_type
        ));
    } else if let Some(refused) =
        prepared.types_refused().filter(|_| words.to_lowercase().contains("btf"))
    {
        error = error.with_hint(refused.to_string());
    } else if log.contains("failed to find the address for kernel symbol") {
        error = error.with_hint(
            "a kernel without CONFIG_KALLSYMS_ALL knows the types of its variables, but not where they are",
        );
    } else if log.contains("no jump tables found") || log.contains("expected PTR_TO_INSN") {
        error = error.with_hint(
            "clang makes a table in .jumptables of a `switch`, but not of the labels that a computed goto goes to",
        );
    } else if spec.license.is_empty() && log.contains("GPL") {
        error = error.with_hint(
            "the object has no license section: add `char LICENSE[] SEC(\"license\") = \"GPL\";`",
        );
    }
    if let Some(location) = location {
        error = error.with_location(location);
    }
    unknown_use(error.with_raw_os_error(errno).with_log(log), program, source)
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
    error.with_hint(format!(
        "section {:?} names no type of program: set one with OpenProgram::set_type",
        source.section
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_in_its_place() {
        for threads in [1, 2, 8] {
            let items: Vec<u32> = (0..100).collect();
            let results = in_parallel(&items, threads, |item| Ok(item * 2));
            let doubled: Vec<u32> = results
                .into_iter()
                .map(|result| result.expect("begun").expect("no failure"))
                .collect();
            assert_eq!(doubled, (0..200).step_by(2).collect::<Vec<_>>(), "{threads} threads");
        }
    }

    #[test]
    fn the_first_failure_in_order_is_always_there() {
        for threads in [1, 4] {
            let items: Vec<u32> = (0..100).collect();
            let results = in_parallel(&items, threads, |item| match item {
                5 | 6 => Err(Error::invalid_input(item.to_string())),
                _ => Ok(()),
            });
            let first = results.iter().flatten().find_map(|result| result.as_ref().err());
            assert_eq!(first.map(Error::message), Some("5"), "{threads} threads");
            assert!(results[99].is_none(), "nothing new is begun after a failure");
        }
    }
}
