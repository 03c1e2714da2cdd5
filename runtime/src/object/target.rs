//! Kernel functions that programs are verified against: the BTF ids of fentry, LSM, iterator and raw-tracepoint
//! targets.

use std::os::fd::OwnedFd;

use super::OpenProgram;
use super::kernel_types::Found;
use crate::error::{Error, Frame, Result, Within};
use crate::feature::{self, Feature};
use crate::kernel_btf::{KernelBtf, Wanted};
use crate::section_name::AttachKind;
use crate::sys;

/// What a program is verified against.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// `attach_btf_id`, or 0 for a program that needs none.
    pub(crate) btf_id: u32,
    /// The module that has it; `None` for the kernel itself.
    pub(crate) module: Option<OwnedFd>,
}

/// A program that has a target, by its index.
pub(super) struct Asked<'p> {
    program: usize,
    pub(super) wanted: Wanted<'p>,
}

/// The targets of the programs that are to be loaded.
pub(super) fn asked(programs: &[OpenProgram]) -> Result<Vec<Asked<'_>>> {
    let mut asked = Vec::new();
    for (index, program) in programs.iter().enumerate().filter(|(_, program)| program.autoload) {
        if let Some(wanted) = wanted(program).within(|| program.frame())? {
            asked.push(Asked { program: index, wanted });
        }
    }
    Ok(asked)
}

/// What the program's target is called among the kernel's types; `None` for a program that has no such target.
fn wanted(program: &OpenProgram) -> Result<Option<Wanted<'_>>> {
    let name: for<'a> fn(&'a str) -> Wanted<'a> = match program.attach {
        AttachKind::TpBtf => |name| Wanted::tracepoint(name),
        AttachKind::Fentry | AttachKind::Fexit | AttachKind::FmodRet | AttachKind::Fsession => {
            |name| Wanted::function(name)
        }
        AttachKind::Lsm | AttachKind::LsmCgroup => |name| Wanted::lsm_hook(name),
        AttachKind::Iter => |name| Wanted::iterator(name),
        _ => return Ok(None),
    };
    match program.target() {
        Some(target) => Ok(Some(name(target))),
        None => Err(Error::invalid_input(
            "its section names no target, and the verifier must know it: set one with OpenProgram::set_target",
        )),
    }
}

/// The target of every program, where `found` answers what was asked.
pub(super) fn locate(
    programs: &[OpenProgram],
    asked: &[Asked<'_>],
    found: Option<Found<'_>>,
) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = programs.iter().map(|_| Target::default()).collect();
    let Some(found) = found else { return Ok(targets) };
    for (nth, Asked { program, wanted }) in asked.iter().enumerate() {
        targets[*program] = match found.of(nth).next() {
            Some(btf_id) => Target { btf_id, module: None },
            None => {
                let program = &programs[*program];
                let name = || Frame::Symbol(program.target().unwrap_or_default().to_owned());
                in_module(found.kernel, wanted.clone())
                    .and_then(|target| target.ok_or_else(|| absent(program)))
                    .within(name)
                    .within(|| program.frame())?
            }
        };
    }
    Ok(targets)
}

/// Modules are read only for what the kernel itself does not have.
fn in_module(kernel: &KernelBtf, wanted: Wanted<'_>) -> Result<Option<Target>> {
    let Some(found) = kernel.find_one(wanted)? else { return Ok(None) };
    let module = match found.module {
        Some(module) => {
            let fd = sys::try_clone(module.btf_fd()?)
                .map_err(|error| Error::system("fcntl(F_DUPFD)", error))?;
            Some(fd)
        }
        None => None,
    };
    Ok(Some(Target { btf_id: found.id, module }))
}

fn absent(program: &OpenProgram) -> Error {
    let error =
        Error::not_found("neither the running kernel nor its modules have this attach target");
    if program.attach == AttachKind::Iter {
        let feature = program.target().and_then(Feature::iterator);
        return match feature::why_absent(feature) {
            Some(why) => error.because_absent(why),
            None => error,
        };
    }
    match feature::why_not_in_module() {
        Some(why) => error.with_hint(why),
        None => error,
    }
}
