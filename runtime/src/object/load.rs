//! The third phase: the verifier.

use std::ffi::{CStr, CString};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Mutex;
use std::{io, thread};

use super::parallel::in_parallel;
use super::pins::Pins;
use super::prepared::{PreparedObject, PreparedProgram};
use super::{Object, bind, log, prepare, refused, slots};
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::link::UsdtMaps;
use crate::program::Program;
use crate::section_name::AttachKind;
use crate::spec::SlotTarget;
use crate::sys;

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
    Err(refused::explain(prepared, program, source, refused, log))
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
