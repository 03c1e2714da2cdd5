//! The CO-RE relocations of an object's programs: what they ask, and the answers of a kernel.

use super::kernel_types::Found;
use super::{OpenProgram, log};
use crate::btf::{Btf, essential_name};
use crate::error::{Error, Frame, Result, Within};
use crate::kernel_btf::Wanted;
use crate::relocate::{self, Access, Candidate, Resolution};
use crate::spec::{CoreRelocation, ObjectSpec, ProgramSpec};

/// All relocations of the programs that are to be loaded, and the distinct types that they begin at.
#[derive(Default)]
pub(super) struct Plan<'b> {
    spec: Option<&'b ObjectSpec>,
    /// For each program, its relocations in their order.
    asked: Vec<Vec<Asked<'b>>>,
    /// Ids of the root types in the object, ascending.
    roots: Vec<u32>,
    wanted: Vec<Wanted<'b>>,
}

struct Asked<'b> {
    relocation: CoreRelocation,
    access: Access<'b>,
}

impl<'b> Plan<'b> {
    /// The object's own types, if a program that is to be loaded has CO-RE relocations, or if they are `needed` anyway.
    pub(super) fn local_types(
        spec: &'b ObjectSpec,
        programs: &[OpenProgram],
        needed: bool,
    ) -> Result<Option<Btf<'b>>> {
        let any = programs
            .iter()
            .filter(|program| program.autoload)
            .filter_map(|program| spec.programs.get(program.index as usize))
            .any(|program| !program.core_relocations.is_empty());
        match any || needed {
            true => Btf::parse(&spec.btf, spec.endian)
                .map(Some)
                .within(|| Frame::Section(".BTF".into())),
            false => Ok(None),
        }
    }

    /// Of programs without CO-RE relocations.
    pub(super) fn empty(programs: &[OpenProgram]) -> Self {
        Self { asked: programs.iter().map(|_| Vec::new()).collect(), ..Self::default() }
    }

    pub(super) fn read(
        spec: &'b ObjectSpec,
        programs: &[OpenProgram],
        local: &'b Btf<'b>,
    ) -> Result<Self> {
        let mut plan = Self { spec: Some(spec), ..Self::default() };
        let mut named = Vec::new();
        for open in programs {
            let mut asked = Vec::new();
            let program = spec.programs.get(open.index as usize).filter(|_| open.autoload);
            for &relocation in program.iter().flat_map(|program| program.core_relocations.iter()) {
                let access = read(local, relocation).within(|| open.frame())?;
                if access.needs_kernel() {
                    named.push((relocation.type_id, access.root().within(|| open.frame())?));
                }
                asked.push(Asked { relocation, access });
            }
            plan.asked.push(asked);
        }
        named.sort_by_key(|(id, _)| *id);
        named.dedup_by_key(|(id, _)| *id);
        for (id, (name, kind)) in named {
            plan.roots.push(id);
            plan.wanted.push(Wanted::core(essential_name(name), kind));
        }
        Ok(plan)
    }

    /// What the kernel is asked: the root types.
    pub(super) fn wanted(&self) -> Vec<Wanted<'b>> {
        self.wanted.clone()
    }

    /// The answers: the same candidates for all relocations of a root type, narrowed from one to the next.
    pub(super) fn resolve(&self, found: Found<'_>) -> Result<Vec<Vec<Resolution>>> {
        let kernel = found.kernel.btf()?;
        let missing: Vec<usize> =
            (0..self.roots.len()).filter(|&nth| found.of(nth).len() == 0).collect();
        // Modules are read only for what the kernel itself does not have.
        let modules = if missing.is_empty() { &[][..] } else { found.kernel.modules()? };
        let module_types =
            modules.iter().map(|module| module.btf(&kernel)).collect::<Result<Vec<_>>>()?;

        let mut candidates: Vec<Vec<Candidate<'_>>> = (0..self.roots.len())
            .map(|nth| found.of(nth).map(|id| Candidate { btf: &kernel, id }).collect())
            .collect();
        let wanted: Vec<Wanted<'_>> = missing.iter().map(|&nth| self.wanted[nth].clone()).collect();
        for (module, btf) in modules.iter().zip(&module_types) {
            let found = module.find_all(found.kernel, &wanted)?;
            for (nth, &root) in missing.iter().enumerate() {
                candidates[root].extend(found.of(nth).map(|id| Candidate { btf, id }));
            }
        }
        self.answer(|root| self.roots.binary_search(&root).ok(), &mut candidates)
    }

    /// The answers where nothing asks for the kernel's types.
    pub(super) fn resolve_without_kernel(&self) -> Result<Vec<Vec<Resolution>>> {
        self.answer(|_| None, &mut [])
    }

    fn answer(
        &self,
        place: impl Fn(u32) -> Option<usize>,
        candidates: &mut [Vec<Candidate<'_>>],
    ) -> Result<Vec<Vec<Resolution>>> {
        let mut answers = Vec::with_capacity(self.asked.len());
        for (program, asked) in self.asked.iter().enumerate() {
            let mut resolutions = Vec::with_capacity(asked.len());
            for Asked { relocation, access } in asked {
                let mut none = Vec::new();
                let list = place(relocation.type_id).and_then(|nth| candidates.get_mut(nth));
                let resolution = relocate::resolve(access, list.unwrap_or(&mut none))
                    .map_err(|error| self.explain(program, relocation.insn, error))?;
                resolutions.push(resolution);
            }
            answers.push(resolutions);
        }
        Ok(answers)
    }

    fn explain(&self, program: usize, insn: u32, error: Error) -> Error {
        let Some((spec, program)) =
            self.spec.and_then(|spec| Some((spec, spec.programs.get(program)?)))
        else {
            return error;
        };
        let error = match log::location(spec, program, insn) {
            Some(location) => error.with_location(location),
            None => error,
        };
        error.within(Frame::Program(program.name.to_string()))
    }
}

fn read<'b>(local: &'b Btf<'b>, relocation: CoreRelocation) -> Result<Access<'b>> {
    let access = local.string(relocation.access).ok_or_else(|| {
        Error::malformed(format!(
            "CO-RE relocation of instruction {}: no access string",
            relocation.insn
        ))
    })?;
    Access::parse(local, relocation.kind, relocation.type_id, access)
}

/// What the poisoned instruction `insn` of a program was to have, in the words of C.
pub(super) fn missing(spec: &ObjectSpec, program: &ProgramSpec, insn: u32) -> Option<String> {
    let local = Btf::parse(&spec.btf, spec.endian).ok()?;
    let relocation = program.core_relocations.iter().find(|relocation| relocation.insn == insn)?;
    Some(read(&local, *relocation).ok()?.to_string())
}
