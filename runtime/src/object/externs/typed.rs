//! Variables and functions of the kernel that have a type: what is asked of the kernel's BTF, and the answers.

use super::symbols::{Symbol, Symbols, is_typed};
use super::unresolved;
use crate::btf::{Btf, BtfKind, Kind, essential_name};
use crate::error::{Error, Frame, Result};
use crate::kernel_btf::{KernelBtf, Wanted};
use crate::object::OpenProgram;
use crate::object::kernel_types::Found;
use crate::relocate;
use crate::spec::{ExternKind, ObjectSpec, RelocationTarget};

/// The external symbols that programs which are to be loaded name.
#[derive(Debug)]
pub(crate) struct Asked<'s> {
    spec: &'s ObjectSpec,
    /// By external symbol: the first program that names it.
    users: Vec<Option<usize>>,
    /// Those that kernel types are asked for.
    typed: Vec<usize>,
}

impl<'s> Asked<'s> {
    pub(crate) fn of(spec: &'s ObjectSpec, programs: &[OpenProgram]) -> Result<Self> {
        let mut users = vec![None; spec.externs.len()];
        for program in programs.iter().filter(|program| program.autoload) {
            let index = program.index as usize;
            let relocations = spec.programs.get(index).map(|program| &*program.relocations);
            for relocation in relocations.unwrap_or_default() {
                let (RelocationTarget::Ksym(number) | RelocationTarget::Kfunc(number)) =
                    relocation.target
                else {
                    continue;
                };
                let user = users.get_mut(number as usize).ok_or_else(|| {
                    Error::malformed(format!(
                        "instruction {} refers to external symbol {number} of {}",
                        relocation.insn,
                        spec.externs.len()
                    ))
                    .within(program.frame())
                })?;
                user.get_or_insert(index);
            }
        }
        let typed = |&index: &usize| users[index].is_some() && is_typed(spec.externs[index].kind);
        let typed = (0..spec.externs.len()).filter(typed).collect();
        Ok(Self { spec, users, typed })
    }

    /// Those that are looked for by name alone.
    pub(super) fn untyped(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.users.len())
            .filter(|&index| self.users[index].is_some())
            .filter(|&index| !is_typed(self.spec.externs[index].kind))
    }

    /// Whether the object's own types must be known.
    pub(crate) fn needs_types(&self) -> bool {
        !self.typed.is_empty()
    }

    /// What the kernel's types are asked.
    pub(crate) fn wanted(&self) -> Vec<Wanted<'s>> {
        let wanted = |&index: &usize| {
            let symbol = &self.spec.externs[index];
            match symbol.kind {
                ExternKind::Kfunc { .. } => Wanted::function(essential_name(&symbol.name)),
                _ => Wanted::exact(&*symbol.name, BtfKind::Var),
            }
        };
        self.typed.iter().map(wanted).collect()
    }

    /// The error with the symbol and the program it is about.
    pub(super) fn within(&self, index: usize, error: Error) -> Error {
        let error = error.within(Frame::Symbol(self.spec.externs[index].name.to_string()));
        match self.users[index].and_then(|program| self.spec.programs.get(program)) {
            Some(program) => error.within(Frame::Program(program.name.to_string())),
            None => error,
        }
    }

    /// The answers. `local` is the object's own types.
    pub(crate) fn resolve(
        &self,
        local: Option<&Btf<'_>>,
        found: Option<Found<'_>>,
    ) -> Result<Symbols> {
        let mut symbols =
            Symbols { of: vec![Symbol::Absent; self.spec.externs.len()], modules: Vec::new() };
        let Some((local, found)) = local.zip(found).filter(|_| self.needs_types()) else {
            return Ok(symbols);
        };
        let kernel = found.kernel.btf()?;
        let mut missing = Vec::new();
        for (nth, &index) in self.typed.iter().enumerate() {
            match self.choose(index, local, &kernel, found.of(nth))? {
                Choice::One(btf_id) => {
                    symbols.of[index] = Symbol::Typed { btf_id, module: None };
                }
                Choice::NotThere => missing.push(nth),
                Choice::Without => {}
            }
        }
        if !missing.is_empty() {
            self.resolve_in_modules(&missing, local, (found.kernel, &kernel), &mut symbols)?;
        }
        Ok(symbols)
    }

    /// Modules are read only for what the kernel itself does not have.
    fn resolve_in_modules(
        &self,
        missing: &[usize],
        local: &Btf<'_>,
        (kernel, base): (&KernelBtf, &Btf<'_>),
        symbols: &mut Symbols,
    ) -> Result<()> {
        let all = self.wanted();
        let mut missing: Vec<usize> = missing.to_vec();
        for module in kernel.modules()? {
            if missing.is_empty() {
                break;
            }
            let wanted: Vec<Wanted<'_>> = missing.iter().map(|&nth| all[nth].clone()).collect();
            let candidates = module.find_all(kernel, &wanted)?;
            if candidates.is_empty() {
                continue;
            }
            let types = module.btf(base)?;
            let mut number = None;
            let mut left = Vec::new();
            for (place, &nth) in missing.iter().enumerate() {
                let index = self.typed[nth];
                match self.choose(index, local, &types, candidates.of(place))? {
                    Choice::One(btf_id) => {
                        let at = match number {
                            Some(at) => at,
                            None => {
                                let fd = module.clone_btf_fd();
                                symbols.modules.push(fd.map_err(|e| self.within(index, e))?);
                                symbols.modules.len() - 1
                            }
                        };
                        number = Some(at);
                        symbols.of[index] = Symbol::Typed { btf_id, module: Some(at) };
                    }
                    Choice::NotThere => left.push(nth),
                    Choice::Without => {}
                }
            }
            missing = left;
        }
        let strong = missing
            .iter()
            .map(|&nth| self.typed[nth])
            .find(|&index| !self.spec.externs[index].weak);
        match strong {
            None => Ok(()),
            Some(index) => {
                let function = matches!(self.spec.externs[index].kind, ExternKind::Kfunc { .. });
                Err(self.within(index, unresolved::not_in_btf(function)))
            }
        }
    }

    /// The first of the candidates whose type goes with the object's.
    fn choose(
        &self,
        index: usize,
        local: &Btf<'_>,
        kernel: &Btf<'_>,
        candidates: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Choice> {
        if candidates.len() == 0 {
            return Ok(Choice::NotThere);
        }
        let symbol = &self.spec.externs[index];
        let (ExternKind::Ksym { type_id } | ExternKind::Kfunc { type_id }) = symbol.kind else {
            return Ok(Choice::Without);
        };
        let mut other = None;
        for id in candidates {
            let ty = match kernel.kind_by_id(id) {
                Some(Kind::Var { ty, .. }) => kernel.resolve(ty).map_or(0, |(id, _)| id),
                Some(Kind::Func { proto, .. }) => proto,
                _ => continue,
            };
            if relocate::compatible((local, type_id), (kernel, ty)) {
                return Ok(Choice::One(id));
            }
            other = Some(ty);
        }
        // A function whose prototype has changed is another function, and the object can do without it.
        if symbol.weak && matches!(symbol.kind, ExternKind::Kfunc { .. }) {
            return Ok(Choice::Without);
        }
        let error = unresolved::incompatible(local, type_id, kernel, other.unwrap_or_default());
        Err(self.within(index, error))
    }
}

enum Choice {
    One(u32),
    NotThere,
    /// It is there, but not as the object has it, which can do without.
    Without,
}
