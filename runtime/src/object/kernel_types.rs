//! What an object needs of the kernel's types, looked up together in one pass: its operations, the targets that its
//! programs attach to, the candidates of their CO-RE relocations, and the kernel's variables and functions that they
//! name.

use std::sync::Arc;

use super::core::{Answers, Plan};
use super::externs::{self, Symbols};
use super::struct_ops::{self, Called, Resolved};
use super::target::{self, Target};
use super::{OpenMap, OpenProgram, Options};
use crate::btf::Btf;
use crate::error::{Error, Frame, Result, Within};
use crate::kernel_btf::{Candidates, KernelBtf, Wanted};
use crate::spec::ObjectSpec;
use crate::token::LazyToken;
use crate::uapi::AttachType;

/// What was found.
#[derive(Debug)]
pub(crate) struct KernelTypes<'s> {
    /// By program.
    pub(crate) targets: Vec<Target>,
    /// What becomes of the CO-RE relocations.
    pub(crate) core: Answers,
    /// What the loaded programs name of the kernel.
    pub(crate) externs: externs::Asked<'s>,
    /// The kernel's variables and functions that have types.
    pub(crate) symbols: Symbols,
    /// What the load goes on without.
    pub(crate) notes: Vec<Error>,
}

/// The answer to a part of what was asked in a pass.
#[derive(Clone, Copy)]
pub(super) struct Found<'k> {
    pub(super) kernel: &'k KernelBtf,
    candidates: &'k Candidates,
    /// Where the part begins in what was asked.
    from: usize,
}

impl<'k> Found<'k> {
    /// Ids of the kernel's own types for the `nth` of the part.
    pub(super) fn of(self, nth: usize) -> impl ExactSizeIterator<Item = u32> + 'k {
        self.candidates.of(self.from + nth)
    }
}

/// Looks up all that the programs which are to be loaded need, and settles which those are where maps decide about it.
/// Most objects need nothing, and then nothing is read.
pub(crate) fn resolve<'s>(
    spec: &'s ObjectSpec,
    options: &Options,
    token: &LazyToken,
    maps: &mut [OpenMap],
    programs: &mut [OpenProgram],
) -> Result<KernelTypes<'s>> {
    resolve_in(&KernelBtf::shared, spec, options, token, maps, programs)
}

fn resolve_in<'s>(
    running: &dyn Fn() -> Result<Arc<KernelBtf>>,
    spec: &'s ObjectSpec,
    options: &Options,
    token: &LazyToken,
    maps: &mut [OpenMap],
    programs: &mut [OpenProgram],
) -> Result<KernelTypes<'s>> {
    let operations = struct_ops::Plan::of(spec, maps, programs)?;
    let externs = externs::Asked::of(spec, programs)?;
    let plan = Plan::of(spec, programs)?;
    let (roots, asked) = (plan.wanted(), target::asked(programs)?);
    // Another kernel's types decide about CO-RE only: programs attach to the running one.
    let other = options.kernel_btf.as_ref().filter(|_| !roots.is_empty());

    let mut wanted: Vec<Wanted<'_>> = operations.wanted().collect();
    let targets_from = wanted.len();
    wanted.extend(asked.iter().map(|asked| asked.wanted.clone()));
    let externs_from = wanted.len();
    wanted.extend(externs.wanted());
    let roots_from = wanted.len();
    wanted.extend(roots.iter().filter(|_| other.is_none()).cloned());

    let again = |mut notes: Vec<Error>, maps: &mut [OpenMap], programs: &mut [OpenProgram]| {
        // What only these maps call is not loaded any more, and what it names need not be there.
        let types = resolve_in(running, spec, options, token, maps, programs)?;
        notes.extend(types.notes);
        Ok(KernelTypes { notes, ..types })
    };
    let (kernel, candidates) = match ask(running, &wanted) {
        Ok(answer) => answer,
        Err(error) => {
            let given_up = operations.without_types(error, maps)?;
            return again(vec![given_up], maps, programs);
        }
    };
    let part =
        |from| kernel.as_deref().map(|kernel| Found { kernel, candidates: &candidates, from });
    let Resolved { called, given_up } = operations.resolve(part(0), maps, programs)?;
    if !given_up.is_empty() {
        return again(given_up, maps, programs);
    }
    let core = match (other, part(roots_from)) {
        (Some(other), _) => {
            let candidates = other.find_all(&roots)?;
            plan.resolve(Found { kernel: other, candidates: &candidates, from: 0 })?
        }
        (None, Some(found)) => plan.resolve(found)?,
        (None, None) => plan.resolve_without_kernel()?,
    };
    let parsed = match operations.local_types() {
        None if externs.needs_types() => Some(local_types(spec)?),
        _ => None,
    };
    let local = operations.local_types().or(parsed.as_ref());
    let symbols = externs.resolve(local, part(externs_from))?;
    let mut targets = target::locate(programs, token, &asked, part(targets_from))?;
    for Called { program, target, member } in called {
        programs[program].attach_type = AttachType(member);
        targets[program] = target;
    }
    Ok(KernelTypes { targets, core, externs, symbols, notes: Vec::new() })
}

/// The object's own types, for those of the kernel's symbols to be compared with them.
fn local_types(spec: &ObjectSpec) -> Result<Btf<'_>> {
    Btf::parse(&spec.btf, spec.endian).within(|| Frame::Section(".BTF".into()))
}

/// Asks the running kernel's types, unless there is nothing to ask.
fn ask(
    running: &dyn Fn() -> Result<Arc<KernelBtf>>,
    wanted: &[Wanted<'_>],
) -> Result<(Option<Arc<KernelBtf>>, Candidates)> {
    if wanted.is_empty() {
        return Ok((None, Candidates::default()));
    }
    let kernel = running()?;
    let candidates = kernel.find_all(wanted)?;
    Ok((Some(kernel), candidates))
}

#[cfg(feature = "elf")]
#[cfg(test)]
mod tests;
