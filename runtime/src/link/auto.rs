use super::{
    Link, iter, kprobe, kprobe_multi, ksyscall, raw_tracepoint, tracepoint, tracing, tracing_multi,
    uprobe, uprobe_multi, usdt,
};
use crate::error::Within;
use crate::program::{Handle, Kind, Program};
use crate::section_name::AttachKind as K;
use crate::{Error, Result};

/// A program that may be attached by what its section says alone. What a skeleton's `attach()` goes by.
pub trait AutoAttach: Sync {
    /// The program's name.
    fn program_name(&self) -> &str;

    /// Whether its section says all that is needed, and it is loaded.
    fn attaches_itself(&self) -> bool;

    /// Attaches it as its section says.
    ///
    /// # Errors
    ///
    /// It cannot be: not loaded, a section that does not say enough, no such target, a refusal of the kernel.
    fn attach_auto(&self) -> Result<Link>;
}

impl<T: Kind> AutoAttach for Program<T> {
    fn program_name(&self) -> &str {
        self.name()
    }

    fn attaches_itself(&self) -> bool {
        let about = self.handle().about();
        // `SEC("kprobe")` alone is for a program whose user says later what it goes to.
        about.loaded
            && about.kind.is_auto()
            && (about.target.is_some() || target_is_loaded(about.kind))
    }

    fn attach_auto(&self) -> Result<Link> {
        attach(self.handle())
    }
}

/// Whether the kernel knows the target since the program was loaded.
fn target_is_loaded(kind: K) -> bool {
    matches!(
        kind,
        K::TpBtf | K::Fentry | K::Fexit | K::FmodRet | K::Fsession | K::Lsm | K::Freplace | K::Iter
    )
}

pub(super) fn attach(program: &Handle) -> Result<Link> {
    match program.about().kind {
        K::Tracepoint => tracepoint::attach(program, &Default::default()),
        K::RawTracepoint => raw_tracepoint::attach(program, &Default::default()),
        K::TpBtf | K::Fentry | K::Fexit | K::FmodRet | K::Fsession | K::Lsm | K::Freplace => {
            tracing::attach(program, &Default::default())
        }
        K::FentryMulti | K::FexitMulti | K::FsessionMulti => {
            tracing_multi::attach(program, &Default::default())
        }
        K::Iter => iter::attach(program, &Default::default()),
        K::Kprobe | K::Kretprobe => kprobe::attach(program, &Default::default()),
        K::Ksyscall | K::Kretsyscall => ksyscall::attach(program, &Default::default()),
        K::KprobeMulti | K::KretprobeMulti | K::KprobeSession => {
            kprobe_multi::attach(program, &Default::default())
        }
        K::Uprobe | K::Uretprobe => uprobe::attach(program, &Default::default()),
        K::UprobeMulti | K::UretprobeMulti | K::UprobeSession => {
            uprobe_multi::attach(program, &Default::default())
        }
        K::Usdt => usdt::attach(program, &Default::default()),
        K::StructOps => Err(Error::invalid_input(
            "the kernel calls it by the map that has it as a function: StructOps::attach",
        ))
        .within(|| program.frame()),
        K::None => Err(Error::invalid_input(
            "the program's section does not say how it is attached",
        ))
        .within(|| program.frame()),
        kind => Err(Error::invalid_input(format!(
            "a program of kind {kind:?} does not attach itself: its attach method wants to know where"
        )))
        .within(|| program.frame()),
    }
}
