//! Kernel functions that programs are verified against: the BTF ids of fentry, LSM, iterator and raw-tracepoint
//! targets.

use std::os::fd::{AsFd, OwnedFd};

use super::OpenProgram;
use super::kernel_types::Found;
use crate::error::{Error, Frame, Result, Within};
use crate::feature::{self, Feature};
use crate::kernel_btf::{KernelBtf, Module, Wanted};
use crate::program::program_btf;
use crate::section_name::AttachKind;
use crate::sys;
use crate::token::LazyToken;
use crate::uapi::ProgramType;

/// What a program is verified against.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// `attach_btf_id`, or 0 for a program that needs none.
    pub(crate) btf_id: u32,
    /// The module or the program that has it; `None` for the kernel itself.
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
    // What is a function of a program is not among the kernel's.
    let of_kernel = |program: &OpenProgram| program.autoload && program.target_program.is_none();
    for (index, program) in programs.iter().enumerate().filter(|(_, program)| of_kernel(program)) {
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
    token: &LazyToken,
    asked: &[Asked<'_>],
    found: Option<Found<'_>>,
) -> Result<Vec<Target>> {
    let of_program = |program: &OpenProgram| match program.autoload {
        true => match program.attach {
            AttachKind::FentryMulti | AttachKind::FexitMulti | AttachKind::FsessionMulti => {
                in_named_module(program)
            }
            _ => in_program(program, token),
        }
        .within(|| program.frame()),
        false => Ok(Target::default()),
    };
    let mut targets: Vec<Target> = programs.iter().map(of_program).collect::<Result<_>>()?;
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

/// Many functions are named when the program is attached. Whose they are, the kernel wants to know before: its own, or
/// those of the module in `MODULE:PATTERN`.
fn in_named_module(program: &OpenProgram) -> Result<Target> {
    let Some((name, _)) = program.target().and_then(|target| target.split_once(':')) else {
        return Ok(Target::default());
    };
    let kernel = KernelBtf::shared()?;
    let module = kernel.module(name)?.clone_btf_fd()?;
    Ok(Target { btf_id: 0, module: Some(module) })
}

/// A function of another program, by that one's own types.
fn in_program(program: &OpenProgram, token: &LazyToken) -> Result<Target> {
    let Some(target_program) = &program.target_program else {
        if program.program_type == ProgramType::EXT {
            return Err(Error::invalid_input(
                "the program that it replaces a function of is not given: OpenProgram::set_target_program",
            ));
        }
        return Ok(Target::default());
    };
    let function = program.target().ok_or_else(|| {
        Error::invalid_input(
            "its section names no function of the other program: set one with OpenProgram::set_target",
        )
    })?;
    let btf_id = program_btf::function(target_program.as_fd(), function, token)
        .within(|| Frame::Symbol(function.to_owned()))?;
    let module = sys::try_clone(target_program.as_fd())
        .map_err(|error| Error::system("fcntl(F_DUPFD)", error))?;
    Ok(Target { btf_id, module: Some(module) })
}

/// Modules are read only for what the kernel itself does not have.
fn in_module(kernel: &KernelBtf, wanted: Wanted<'_>) -> Result<Option<Target>> {
    let Some(found) = kernel.find_in_modules(wanted)? else { return Ok(None) };
    let module = found.module.map(Module::clone_btf_fd).transpose()?;
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
