//! What `.BTF.ext` says about instructions, cut out for each function.

use std::collections::HashMap;

use super::budget::Budget;
use super::file::File;
use super::function::Function;
use super::section::Role;
use crate::btf::{Btf, BtfExt, CoreRelo, FuncInfo, InfoSection, LineInfo};
use crate::error::Within as _;
use crate::insn::INSN_SIZE;
use crate::spec::{CoreKind, CoreRelocation, Endian};
use crate::{Error, Frame, Result};

/// All records, by the section's name and ascending.
#[derive(Debug)]
pub(super) struct Info<'a> {
    endian: Endian,
    funcs: HashMap<&'a str, Vec<FuncInfo>>,
    lines: HashMap<&'a str, Vec<LineInfo>>,
    core: HashMap<&'a str, Vec<CoreRelo>>,
}

impl<'a> Info<'a> {
    /// Reads `.BTF.ext`; without BTF it has no meaning.
    pub(super) fn read(file: &File<'a>, btf: Option<&Btf<'a>>) -> Result<Self> {
        let mut info = Self {
            endian: file.endian,
            funcs: HashMap::new(),
            lines: HashMap::new(),
            core: HashMap::new(),
        };
        let section = file.section_with(Role::BtfExt);
        let Some((section, btf)) = section.filter(|s| !s.bytes.is_empty()).zip(btf) else {
            return Ok(info);
        };
        info.fill(section.bytes, btf).within(|| Frame::Section(section.name.to_owned()))?;
        Ok(info)
    }

    fn fill(&mut self, bytes: &'a [u8], btf: &Btf<'a>) -> Result<()> {
        let ext = BtfExt::parse(bytes, self.endian)?;
        for section in ext.func_info() {
            self.funcs.entry(section_name(btf, &section)?).or_default().extend(section.records());
        }
        for section in ext.line_info() {
            self.lines.entry(section_name(btf, &section)?).or_default().extend(section.records());
        }
        for section in ext.core_relos() {
            self.core.entry(section_name(btf, &section)?).or_default().extend(section.records());
        }
        self.funcs.values_mut().for_each(|records| records.sort_by_key(|r| r.insn_off));
        self.lines.values_mut().for_each(|records| records.sort_by_key(|r| r.insn_off));
        self.core.values_mut().for_each(|records| records.sort_by_key(|r| r.insn_off));
        self.core.values().flatten().try_for_each(|relocation| check_core(btf, relocation))
    }
}

fn section_name<'a, T>(btf: &Btf<'a>, section: &InfoSection<'_, T>) -> Result<&'a str> {
    btf.string(section.section_name_off).ok_or_else(|| {
        Error::malformed(format!("no string at {} for a section's name", section.section_name_off))
    })
}

fn check_core(btf: &Btf<'_>, relocation: &CoreRelo) -> Result<()> {
    if CoreKind::from_raw(relocation.kind).is_none() {
        return Err(Error::not_supported_yet(format!(
            "a CO-RE relocation of kind {}",
            relocation.kind
        )));
    }
    if btf.type_by_id(relocation.type_id).is_none() {
        return Err(Error::malformed(format!(
            "a CO-RE relocation of type {} of {}",
            relocation.type_id,
            btf.len()
        )));
    }
    if btf.string(relocation.access_str_off).is_none() {
        return Err(Error::malformed(format!(
            "no string at {} for the access of a CO-RE relocation",
            relocation.access_str_off
        )));
    }
    Ok(())
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

/// The records of a function's instructions.
fn slice<'r, T: AtInsn>(
    records: &'r HashMap<&str, Vec<T>>,
    section: &str,
    function: &Function<'_>,
) -> &'r [T] {
    let Some(records) = records.get(section) else { return &[] };
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
        info: &Info<'_>,
        function: &Function<'_>,
        section: &str,
        base: usize,
        budget: &mut Budget,
    ) -> Result<()> {
        let funcs = slice(&info.funcs, section, function);
        let lines = slice(&info.lines, section, function);
        let core = slice(&info.core, section, function);
        budget.take(size_of_val(funcs) + size_of_val(lines) + size_of_val(core))?;

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
        for record in core {
            let insn = moved(*record, function, base)?;
            let Some(kind) = CoreKind::from_raw(record.kind) else { continue };
            let (type_id, access) = (record.type_id, record.access_str_off);
            self.core.push(CoreRelocation { insn, type_id, access, kind });
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
