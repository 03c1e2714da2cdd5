use std::collections::HashMap;

use super::budget::Budget;
use super::externs::Externs;
use super::file::File;
use super::function::{Function, Functions};
use super::info::Info;
use super::jump_table;
use super::maps::Maps;
use super::reference::{self, Reference, Target, patch, with_imm};
use crate::error::Within as _;
use crate::insn::{INSN_SIZE, PSEUDO_FUNC};
use crate::relocate::Table;
use crate::section_name;
use crate::spec::{Endian, JumpTable, ProgramSpec, Relocation, RelocationTarget};
use crate::{Error, Frame, Result};

/// What the code of an object comes to.
pub(super) struct Linkage {
    pub(super) programs: Vec<ProgramSpec>,
    pub(super) jump_tables: Vec<JumpTable>,
}

/// Every program, with the subprograms it needs appended.
pub(super) fn programs(
    file: &File<'_>,
    functions: &Functions<'_>,
    maps: &Maps<'_>,
    externs: &Externs<'_>,
    info: &Info,
    mut core: Option<&mut Table<'_>>,
    budget: &mut Budget,
) -> Result<Linkage> {
    let mut references = Vec::new();
    for function in functions.iter() {
        let found = reference::read(function, file, functions, maps, externs)
            .within(|| Frame::Section(section_of(file, function).to_owned()))?;
        references.push(found);
    }
    let mut linker = Linker {
        file,
        functions,
        references,
        info,
        endian: file.endian,
        placed: vec![None; functions.iter().len()],
        order: Vec::new(),
    };
    let mut jump_tables = Vec::new();
    let mut programs = Vec::new();
    for (index, function) in functions.iter().enumerate().filter(|(_, f)| !f.subprogram) {
        let section = section_of(file, function);
        let program = linker
            .link(index, section, core.as_deref_mut(), &mut jump_tables, budget)
            .within(|| Frame::Program(function.name.to_owned()))
            .within(|| Frame::Section(section.to_owned()))?;
        programs.push(program);
    }
    Ok(Linkage { programs, jump_tables })
}

fn section_of<'a>(file: &File<'a>, function: &Function<'_>) -> &'a str {
    file.section(function.section).map_or("", |section| section.name)
}

struct Linker<'l, 'a> {
    file: &'l File<'a>,
    functions: &'l Functions<'a>,
    /// Of each function.
    references: Vec<Vec<Reference>>,
    info: &'l Info,
    endian: Endian,
    /// Where each function starts in the program that is being linked, in instructions.
    placed: Vec<Option<usize>>,
    /// The functions of that program in the order of their code.
    order: Vec<usize>,
}

impl Linker<'_, '_> {
    fn link(
        &mut self,
        main: usize,
        section: &str,
        mut core: Option<&mut Table<'_>>,
        jump_tables: &mut Vec<JumpTable>,
        budget: &mut Budget,
    ) -> Result<ProgramSpec> {
        for function in self.order.drain(..) {
            self.placed[function] = None;
        }
        let insns = self.place(main);
        budget.take(insns.saturating_mul(INSN_SIZE).saturating_add(size_of::<ProgramSpec>()))?;

        let mut linked = Linked::with_capacity(insns);
        for &index in &self.order {
            let Some(function) = self.functions.get(index) else { continue };
            self.append(index, function, &mut linked, jump_tables, budget)?;
            let core = core.as_deref_mut();
            linked.info.append(self.info, function, linked.start, core, budget)?;
        }
        linked.info.check()?;

        let name = section_name::parse(section);
        let function = self.functions.get(main);
        Ok(ProgramSpec {
            name: budget.text(function.map_or("", |function| function.name))?,
            section: budget.text(section)?,
            program_type: name.program_type,
            attach_type: name.attach_type,
            attach: name.kind,
            target: name.target.map(|target| budget.text(target)).transpose()?,
            flags: name.flags,
            autoload: name.autoload,
            insns: linked.insns.into(),
            func_info: linked.info.func_info.into(),
            line_info: linked.info.line_info.into(),
            relocations: linked.relocations.into(),
            core_relocations: linked.info.core.into(),
        })
    }

    /// Gives each function that `main` reaches its place, in the order in which the code first refers to them and
    /// depth first, as libbpf does. Returns the number of instructions.
    fn place(&mut self, main: usize) -> usize {
        let mut end = 0;
        let mut put = |index: usize, placed: &mut [Option<usize>], order: &mut Vec<usize>| {
            placed[index] = Some(end);
            order.push(index);
            end += self.functions.get(index).map_or(0, |f| f.bytes.len() / INSN_SIZE);
        };
        put(main, &mut self.placed, &mut self.order);
        // Not recursive: the depth is the input's to choose.
        let mut stack = vec![(main, 0)];
        let mut callback = self.functions.get(main).and_then(|main| main.exception_callback);
        loop {
            while let Some((function, next)) = stack.last_mut() {
                let Some(reference) = self.references[*function].get(*next) else {
                    stack.pop();
                    continue;
                };
                *next += 1;
                if let Target::Call(to) | Target::Address(to) = reference.to
                    && self.placed[to].is_none()
                {
                    put(to, &mut self.placed, &mut self.order);
                    stack.push((to, 0));
                }
            }
            // After all that the code refers to.
            let Some(to) = callback.take().filter(|to| self.placed[*to].is_none()) else {
                return end;
            };
            put(to, &mut self.placed, &mut self.order);
            stack.push((to, 0));
        }
    }

    /// Appends the code of a function, with its references resolved.
    fn append(
        &self,
        index: usize,
        function: &Function<'_>,
        linked: &mut Linked,
        jump_tables: &mut Vec<JumpTable>,
        budget: &mut Budget,
    ) -> Result<()> {
        let start = linked.insns.len() / INSN_SIZE;
        linked.start = start;
        linked.insns.extend_from_slice(function.bytes);
        let references = &self.references[index];
        budget.take(references.len().saturating_mul(size_of::<Relocation>()))?;
        // Code that was copied by the compiler names a table more than once.
        let mut known: HashMap<u32, u32> = HashMap::new();
        for reference in references {
            let at = start + reference.insn;
            let relocation = match reference.to {
                Target::Call(to) => {
                    let distance = self.distance(at, to)?;
                    patch(&mut linked.insns, at, self.endian, |insn| with_imm(insn, distance));
                    continue;
                }
                Target::Address(to) => {
                    let distance = self.distance(at, to)?;
                    patch(&mut linked.insns, at, self.endian, |insn| {
                        with_imm(insn.with_src(PSEUDO_FUNC), distance)
                    });
                    continue;
                }
                Target::Map(map) => RelocationTarget::Map(map),
                Target::MapValue { map, offset } => RelocationTarget::MapValue { map, offset },
                Target::JumpTable(symbol) => {
                    let index = match known.get(&symbol) {
                        Some(&index) => index,
                        None => {
                            let table =
                                jump_table::read(self.file, symbol, function, start, budget);
                            let here =
                                || format!("{}+{}", function.name, reference.insn * INSN_SIZE);
                            jump_tables.push(table.within(|| Frame::Symbol(here()))?);
                            let index =
                                u32::try_from(jump_tables.len() - 1).map_err(|_| too_long())?;
                            known.insert(symbol, index);
                            index
                        }
                    };
                    RelocationTarget::JumpTable(index)
                }
                Target::Ksym(index) => RelocationTarget::Ksym(index),
                Target::Kfunc(index) => RelocationTarget::Kfunc(index),
            };
            // The offset is in the relocation now; what the loader will overwrite is left empty.
            patch(&mut linked.insns, at, self.endian, |insn| with_imm(insn.with_src(0), 0));
            if !matches!(relocation, RelocationTarget::Kfunc(_)) {
                patch(&mut linked.insns, at + 1, self.endian, |insn| with_imm(insn, 0));
            }
            let insn = u32::try_from(at).map_err(|_| too_long())?;
            linked.relocations.push(Relocation { insn, target: relocation });
        }
        Ok(())
    }

    /// From the instruction after `at` to the start of a function, in instructions.
    fn distance(&self, at: usize, to: usize) -> Result<i32> {
        let start = self.placed[to].unwrap_or_default();
        i32::try_from(start as i64 - at as i64 - 1).map_err(|_| too_long())
    }
}

fn too_long() -> Error {
    Error::malformed("more instructions than a program can have")
}

/// A program in the making.
struct Linked {
    insns: Vec<u8>,
    /// Where the function appended last starts, in instructions.
    start: usize,
    relocations: Vec<Relocation>,
    info: super::info::LinkedInfo,
}

impl Linked {
    fn with_capacity(insns: usize) -> Self {
        Self {
            insns: Vec::with_capacity(insns * INSN_SIZE),
            start: 0,
            relocations: Vec::new(),
            info: super::info::LinkedInfo::default(),
        }
    }
}
