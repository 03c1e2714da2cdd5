//! What the programs need of the kernel's types, looked up together in one pass: the targets that they attach to, the
//! candidates of their CO-RE relocations, and the kernel's variables and functions that they name.

use std::sync::Arc;

use super::core::{Answers, Plan};
use super::externs::{self, Symbols};
use super::target::{self, Target};
use super::{OpenProgram, Options};
use crate::btf::Btf;
use crate::error::{Frame, Result, Within};
use crate::kernel_btf::{Candidates, KernelBtf, Wanted};
use crate::spec::ObjectSpec;

/// What was found, by program.
#[derive(Debug)]
pub(crate) struct KernelTypes {
    pub(crate) targets: Vec<Target>,
    /// What becomes of the CO-RE relocations.
    pub(crate) core: Answers,
    /// The kernel's variables and functions that have types.
    pub(crate) symbols: Symbols,
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

/// Looks up all that the programs which are to be loaded need. Most objects need nothing, and then nothing is read.
pub(crate) fn resolve(
    spec: &ObjectSpec,
    options: &Options,
    programs: &[OpenProgram],
    externs: &externs::Asked<'_>,
) -> Result<KernelTypes> {
    let local = local_types(spec, externs)?;
    let plan = Plan::of(spec, programs)?;
    let (roots, asked) = (plan.wanted(), target::asked(programs)?);
    let targets = asked.iter().map(|asked| asked.wanted.clone());
    let symbols_from = asked.len();
    let others = targets.chain(externs.wanted());

    if let Some(other) = options.kernel_btf.as_ref().filter(|_| !roots.is_empty()) {
        // Another kernel's types decide about CO-RE only: programs attach to the running one.
        let candidates = other.find_all(&roots)?;
        let core = plan.resolve(Found { kernel: other, candidates: &candidates, from: 0 })?;
        let wanted: Vec<Wanted<'_>> = others.collect();
        let (kernel, candidates) = ask_running(&wanted)?;
        let part =
            |from| kernel.as_deref().map(|kernel| Found { kernel, candidates: &candidates, from });
        let symbols = externs.resolve(local.as_ref(), part(symbols_from))?;
        let targets = target::locate(programs, &asked, part(0))?;
        return Ok(KernelTypes { targets, core, symbols });
    }
    let from = roots.len();
    let wanted: Vec<Wanted<'_>> = roots.into_iter().chain(others).collect();
    let (kernel, candidates) = ask_running(&wanted)?;
    let part =
        |from| kernel.as_deref().map(|kernel| Found { kernel, candidates: &candidates, from });
    let core = match part(0) {
        Some(found) => plan.resolve(found)?,
        None => plan.resolve_without_kernel()?,
    };
    let symbols = externs.resolve(local.as_ref(), part(from + symbols_from))?;
    Ok(KernelTypes { targets: target::locate(programs, &asked, part(from))?, core, symbols })
}

/// The object's own types, if those of the kernel's symbols are to be compared with them.
fn local_types<'s>(spec: &'s ObjectSpec, externs: &externs::Asked<'_>) -> Result<Option<Btf<'s>>> {
    match externs.needs_types() {
        true => {
            Btf::parse(&spec.btf, spec.endian).map(Some).within(|| Frame::Section(".BTF".into()))
        }
        false => Ok(None),
    }
}

/// Asks the running kernel's types, unless there is nothing to ask.
fn ask_running(wanted: &[Wanted<'_>]) -> Result<(Option<Arc<KernelBtf>>, Candidates)> {
    if wanted.is_empty() {
        return Ok((None, Candidates::default()));
    }
    let kernel = KernelBtf::shared()?;
    let candidates = kernel.find_all(wanted)?;
    Ok((Some(kernel), candidates))
}
