//! What `.BTF.ext` says about instructions, cut out for each function.

use std::collections::HashMap;

use super::budget::Budget;
use super::file::File;
use super::function::Function;
use super::section::Role;
use crate::btf::{Btf, BtfExt, CoreRelo, FuncInfo, LineInfo};
use crate::error::Within as _;
use crate::insn::INSN_SIZE;
use crate::relocate::Table;
use crate::spec::{CoreKind, CoreRelocation, Endian};
use crate::{Error, Frame, Result};

/// All records, by section and ascending.
#[derive(Debug)]
pub(super) struct Info {
    endian: Endian,
    records: Vec<Records>,
    /// Index in `records` of each section, by its ELF index.
    of_section: Vec<Option<usize>>,
}

/// The records of one section.
#[derive(Debug, Default)]
struct Records {
    funcs: Vec<FuncInfo>,
    lines: Vec<LineInfo>,
    core: Vec<CoreRelo>,
}

impl Info {
    /// Reads `.BTF.ext`; without BTF it has no meaning.
    pub(super) fn read<'a>(
        file: &File<'a>,
        btf: Option<&Btf<'a>>,
        budget: &mut Budget,
    ) -> Result<Self> {
        let mut info = Self { endian: file.endian, records: Vec::new(), of_section: Vec::new() };
        let section = file.section_with(Role::BtfExt);
        if let Some((section, btf)) = section.filter(|s| !s.bytes.is_empty()).zip(btf) {
            info.fill(section.bytes, file, btf, budget)
                .within(|| Frame::Section(section.name.to_owned()))?;
        }
        Ok(info)
    }

    fn fill(
        &mut self,
        bytes: &[u8],
        file: &File<'_>,
        btf: &Btf<'_>,
        budget: &mut Budget,
    ) -> Result<()> {
        let ext = BtfExt::parse(bytes, self.endian)?;
        let mut names = HashMap::new();
        let mut of = |records: &mut Vec<Records>, name| -> Result<usize> {
            let name = section_name(btf, name)?;
            budget.take(name.len() + size_of::<Records>())?;
            Ok(*names.entry(name).or_insert_with(|| {
                records.push(Records::default());
                records.len() - 1
            }))
        };
        for section in ext.func_info() {
            let index = of(&mut self.records, section.section_name_off)?;
            self.records[index].funcs.extend(section.records());
        }
        for section in ext.line_info() {
            let index = of(&mut self.records, section.section_name_off)?;
            self.records[index].lines.extend(section.records());
        }
        for section in ext.core_relos() {
            let index = of(&mut self.records, section.section_name_off)?;
            self.records[index].core.extend(section.records());
        }
        for records in &mut self.records {
            records.funcs.sort_by_key(|record| record.insn_off);
            records.lines.sort_by_key(|record| record.insn_off);
            records.core.sort_by_key(|record| record.insn_off);
        }
        let sections = file.sections.iter();
        self.of_section = sections.map(|section| names.get(section.name).copied()).collect();
        Ok(())
    }

    /// The records of a function's section.
    fn of(&self, function: &Function<'_>) -> Option<&Records> {
        self.records.get(self.of_section.get(function.section).copied().flatten()?)
    }
}

fn section_name<'a>(btf: &Btf<'a>, offset: u32) -> Result<&'a str> {
    btf.string(offset)
        .ok_or_else(|| Error::malformed(format!("no string at {offset} for a section's name")))
}

fn core_kind(relocation: &CoreRelo) -> Result<CoreKind> {
    CoreKind::from_raw(relocation.kind).ok_or_else(|| {
        Error::not_supported_yet(format!("a CO-RE relocation of kind {}", relocation.kind))
    })
}

/// A record that belongs to an instruction.
trait AtInsn: Copy {
    fn offset(self) -> u32;
}

impl AtInsn for FuncInfo {
    fn offset(self) -> u32 {
        self.insn_off
    }
}

impl AtInsn for LineInfo {
    fn offset(self) -> u32 {
        self.insn_off
    }
}

impl AtInsn for CoreRelo {
    fn offset(self) -> u32 {
        self.insn_off
    }
}

/// Those records that are of a function's instructions.
fn slice<'r, T: AtInsn>(records: &'r [T], function: &Function<'_>) -> &'r [T] {
    let first = records.partition_point(|r| (r.offset() as usize) < function.start);
    let end = records.partition_point(|r| (r.offset() as usize) < function.end());
    &records[first..end]
}

/// Where a record's instruction is once its function is placed at `base` (in instructions).
fn moved<T: AtInsn>(record: T, function: &Function<'_>, base: usize) -> Result<u32> {
    let offset = record.offset() as usize - function.start;
    if !offset.is_multiple_of(INSN_SIZE) {
        return Err(Error::malformed(format!(
            "a record of section \".BTF.ext\" at offset {}, which is not of an instruction",
            record.offset()
        )));
    }
    u32::try_from(base + offset / INSN_SIZE)
        .map_err(|_| Error::malformed("more instructions than a program can have"))
}

/// The records of a linked program.
#[derive(Debug, Default)]
pub(super) struct LinkedInfo {
    pub(super) func_info: Vec<u8>,
    pub(super) line_info: Vec<u8>,
    pub(super) core: Vec<CoreRelocation>,
    /// Names of appended functions that have none, where the program itself has some.
    no_funcs: Option<String>,
    no_lines: Option<String>,
    appended: usize,
}

impl LinkedInfo {
    /// Adds the records of a function that is placed at `base`.
    pub(super) fn append(
        &mut self,
        info: &Info,
        function: &Function<'_>,
        base: usize,
        core: Option<&mut Table<'_>>,
        budget: &mut Budget,
    ) -> Result<()> {
        let records = info.of(function);
        let funcs = records.map_or(&[][..], |records| slice(&records.funcs, function));
        let lines = records.map_or(&[][..], |records| slice(&records.lines, function));
        let relos = records.map_or(&[][..], |records| slice(&records.core, function));
        budget.take(size_of_val(funcs) + size_of_val(lines) + size_of_val(relos))?;

        let main = self.appended == 0;
        self.appended += 1;
        // Where the program itself has no records, those of its subprograms are of no use to the kernel.
        if main || !self.func_info.is_empty() {
            if funcs.is_empty() && !main {
                self.no_funcs.get_or_insert_with(|| function.name.to_owned());
            }
            for record in funcs {
                let words = [moved(*record, function, base)?, record.type_id];
                put(&mut self.func_info, words, info.endian);
            }
        }
        if main || !self.line_info.is_empty() {
            if lines.is_empty() && !main {
                self.no_lines.get_or_insert_with(|| function.name.to_owned());
            }
            for record in lines {
                let insn = moved(*record, function, base)?;
                let line_col = record.line << 10 | record.col;
                let words = [insn, record.file_name_off, record.line_off, line_col];
                put(&mut self.line_info, words, info.endian);
            }
        }
        if let Some(table) = core {
            self.ask(relos, function, base, table, budget)
                .within(|| Frame::Section(".BTF.ext".to_owned()))?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        relos: &[CoreRelo],
        function: &Function<'_>,
        base: usize,
        table: &mut Table<'_>,
        budget: &mut Budget,
    ) -> Result<()> {
        for record in relos {
            let insn = moved(*record, function, base)?;
            let before = table.cost();
            let access = table.add(core_kind(record)?, record.type_id, record.access_str_off)?;
            budget.take(table.cost() - before)?;
            self.core.push(CoreRelocation { insn, access });
        }
        Ok(())
    }

    /// Refuses what the kernel would refuse: records for some functions of a program only.
    pub(super) fn check(&self) -> Result<()> {
        let missing = [("function", &self.no_funcs), ("line", &self.no_lines)];
        for (what, name) in missing {
            if let Some(name) = name {
                return Err(Error::malformed(format!(
                    "section \".BTF.ext\" has {what} information for the program, but none for its subprogram {name:?}"
                ))
                .with_hint("compile all of it with -g"));
            }
        }
        Ok(())
    }
}

fn put<const N: usize>(bytes: &mut Vec<u8>, words: [u32; N], endian: Endian) {
    bytes.extend(words.iter().flat_map(|word| endian.u32_bytes(*word)));
}
