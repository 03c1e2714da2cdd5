//! The CO-RE relocations of an object's programs: what they ask, and the answers of a kernel.

use super::kernel_types::Found;
use super::{OpenProgram, log};
use crate::error::{Error, Frame, Result, Within};
use crate::kernel_btf::Wanted;
use crate::relocate::{Candidate, Questions, Resolution, Resolver};
use crate::spec::{ObjectSpec, ProgramSpec};

/// What becomes of each CO-RE access of the object that a program to be loaded has; the others are left out.
pub(crate) type Answers = Vec<Option<Resolution>>;

/// What the programs that are to be loaded ask.
pub(super) struct Plan<'s> {
    spec: &'s ObjectSpec,
    questions: Questions<'s>,
    programs: Vec<&'s ProgramSpec>,
    /// The root types of all that is asked, ascending: their indices.
    roots: Vec<usize>,
}

impl<'s> Plan<'s> {
    pub(super) fn of(spec: &'s ObjectSpec, programs: &[OpenProgram]) -> Result<Self> {
        let questions = Questions::of(spec)?;
        let programs: Vec<&ProgramSpec> = programs
            .iter()
            .filter(|program| program.autoload)
            .filter_map(|program| spec.programs.get(program.index as usize))
            .filter(|program| !program.core_relocations.is_empty())
            .collect();
        let mut used = vec![false; questions.roots().len()];
        for program in &programs {
            for relocation in program.core_relocations.iter() {
                let root = questions.access(relocation.access).and_then(|access| access.needs());
                let root = root.within(|| Frame::Program(program.name.to_string()))?;
                root.into_iter().for_each(|root| used[root] = true);
            }
        }
        let roots = (0..used.len()).filter(|&root| used[root]).collect();
        Ok(Self { spec, questions, programs, roots })
    }

    /// What the kernel is asked: the root types.
    pub(super) fn wanted(&self) -> Vec<Wanted<'s>> {
        let roots = self.questions.roots();
        let core = |&root: &usize| Wanted::core(&roots[root].name, roots[root].kind);
        self.roots.iter().map(core).collect()
    }

    /// The answers: the same candidates for all accesses of a root type, narrowed from one to the next.
    pub(super) fn resolve(&self, found: Found<'_>) -> Result<Answers> {
        let kernel = found.kernel.btf()?;
        let missing: Vec<usize> =
            (0..self.roots.len()).filter(|&nth| found.of(nth).len() == 0).collect();
        // Modules are read only for what the kernel itself does not have.
        let modules = if missing.is_empty() { &[][..] } else { found.kernel.modules()? };
        let module_types =
            modules.iter().map(|module| module.btf(&kernel)).collect::<Result<Vec<_>>>()?;

        let mut candidates = vec![Vec::new(); self.questions.roots().len()];
        for (nth, &root) in self.roots.iter().enumerate() {
            candidates[root].extend(found.of(nth).map(|id| Candidate { btf: &kernel, id }));
        }
        let all = self.wanted();
        let wanted: Vec<Wanted<'_>> = missing.iter().map(|&nth| all[nth].clone()).collect();
        for (module, btf) in modules.iter().zip(&module_types) {
            let found = module.find_all(found.kernel, &wanted)?;
            for (place, &nth) in missing.iter().enumerate() {
                let of_module = found.of(place).map(|id| Candidate { btf, id });
                candidates[self.roots[nth]].extend(of_module);
            }
        }
        self.answer(candidates)
    }

    /// The answers where nothing asks for the kernel's types.
    pub(super) fn resolve_without_kernel(&self) -> Result<Answers> {
        self.answer(Vec::new())
    }

    fn answer(&self, candidates: Vec<Vec<Candidate<'_>>>) -> Result<Answers> {
        let mut resolver = Resolver::new(&self.questions, candidates);
        for program in &self.programs {
            for relocation in program.core_relocations.iter() {
                resolver
                    .answer(relocation.access)
                    .map_err(|error| self.explain(program, relocation.insn, error))?;
            }
        }
        Ok(resolver.into_answers())
    }

    fn explain(&self, program: &ProgramSpec, insn: u32, error: Error) -> Error {
        let error = match log::location(self.spec, program, insn) {
            Some(location) => error.with_location(location),
            None => error,
        };
        error.within(Frame::Program(program.name.to_string()))
    }
}

/// What the poisoned instruction `insn` of a program was to have, in the words of C.
pub(super) fn missing(spec: &ObjectSpec, program: &ProgramSpec, insn: u32) -> Option<String> {
    let relocation = program.core_relocations.iter().find(|relocation| relocation.insn == insn)?;
    Some(Questions::of(spec).ok()?.access(relocation.access).ok()?.to_string())
}
