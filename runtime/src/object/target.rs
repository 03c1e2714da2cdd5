//! Kernel functions that programs are verified against: the BTF ids of fentry, LSM, iterator and raw-tracepoint
//! targets, looked up together in one pass over the kernel's types.

use std::os::fd::OwnedFd;

use super::OpenProgram;
use crate::error::{Error, Frame, Result, Within};
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

/// The targets of all programs, in their order.
pub(crate) fn resolve(programs: &[OpenProgram]) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = programs.iter().map(|_| Target::default()).collect();
    let mut wanted = Vec::new();
    let mut asking = Vec::new();
    for (program, target) in programs.iter().zip(&mut targets) {
        if !program.autoload {
            continue;
        }
        if let Some(want) = want(program).within(|| program.frame())? {
            wanted.push(want);
            asking.push((program, target));
        }
    }
    if wanted.is_empty() {
        return Ok(targets);
    }
    let kernel = KernelBtf::shared()?;
    let found = kernel.find_all(&wanted)?;
    for (nth, ((program, target), want)) in asking.into_iter().zip(wanted).enumerate() {
        *target = match found.of(nth).next() {
            Some(btf_id) => Target { btf_id, module: None },
            None => in_module(&kernel, want).within(|| program.frame())?,
        };
    }
    Ok(targets)
}

/// What the program's target is called among the kernel's types; `None` for a program that has no such target.
fn want(program: &OpenProgram) -> Result<Option<Wanted<'_>>> {
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

/// Modules are read only for what the kernel itself does not have.
fn in_module(kernel: &KernelBtf, want: Wanted<'_>) -> Result<Target> {
    let name = want.name.to_string();
    let Some(found) = kernel.find_one(want)? else {
        return Err(Error::not_found(
            "neither the running kernel nor its modules have this attach target",
        )
        .within(Frame::Symbol(name)));
    };
    let module = match found.module {
        Some(module) => {
            let fd = sys::try_clone(module.btf_fd()?)
                .map_err(|error| Error::system("fcntl(F_DUPFD)", error))?;
            Some(fd)
        }
        None => None,
    };
    Ok(Target { btf_id: found.id, module })
}
