use super::externs::{Externs, Place};
use super::file::File;
use super::function::{Function, Functions};
use super::maps::Maps;
use super::section::{RawRelocation, Role, Section};
use super::symbol::{Symbol, SymbolKind};
use crate::error::Within as _;
use crate::insn::{CALL, INSN_SIZE, Insn, PSEUDO_CALL};
use crate::spec::Endian;
use crate::{Error, Frame, Result};

/// What an instruction of a function refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// Index of the instruction in the function.
    pub(super) insn: usize,
    pub(super) to: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A call of a function, by its index.
    Call(usize),
    /// The address of a function, by its index.
    Address(usize),
    /// A map, by its index in the spec.
    Map(u32),
    /// An address in the value of a data section's map.
    MapValue { map: u32, offset: u32 },
    /// The address of a table of jumps, by its symbol.
    JumpTable(u32),
    /// The address of an external symbol, by its index in the spec.
    Ksym(u32),
    /// A call of an external function, by its index in the spec.
    Kfunc(u32),
}

/// All that the instructions of a function refer to, ascending.
pub(super) fn read(
    function: &Function<'_>,
    file: &File<'_>,
    functions: &Functions<'_>,
    maps: &Maps<'_>,
    externs: &Externs<'_>,
) -> Result<Vec<Reference>> {
    let Some(section) = file.section(function.section) else {
        return Ok(Vec::new());
    };
    let all = &section.relocations;
    let first = all.partition_point(|r| r.offset < function.start as u64);
    let mut relocations = all[first..].iter().peekable();
    let mut references = Vec::new();
    let mut second_half = false;
    for (index, chunk) in function.bytes.as_chunks::<INSN_SIZE>().0.iter().enumerate() {
        let at = (function.start + index * INSN_SIZE) as u64;
        let insn = Insn::from_bytes(*chunk, file.endian);
        let relocation =
            relocations.next_if(|relocation| relocation.offset < at + INSN_SIZE as u64);
        let cx = Context { function, file, functions, maps, externs, index, insn };
        let to = match relocation {
            Some(relocation) if relocation.offset != at || second_half => {
                Err(Error::malformed("a relocation that is not of a whole instruction"))
            }
            Some(relocation) => cx.relocated(relocation).map(Some),
            None if insn.is_subprog_call() && !second_half => cx.call_within_section().map(Some),
            None => Ok(None),
        };
        let to = to.within(|| Frame::Symbol(format!("{}+{}", function.name, index * INSN_SIZE)))?;
        references.extend(to.map(|to| Reference { insn: index, to }));
        second_half = insn.is_ldimm64() && !second_half;
    }
    Ok(references)
}

/// An instruction and all that is needed to tell what it refers to.
struct Context<'c, 'a> {
    function: &'c Function<'a>,
    file: &'c File<'a>,
    functions: &'c Functions<'a>,
    maps: &'c Maps<'a>,
    externs: &'c Externs<'a>,
    index: usize,
    insn: Insn,
}

impl Context<'_, '_> {
    fn relocated(&self, relocation: &RawRelocation) -> Result<Target> {
        let Some(symbol) = self.file.symbols.get(relocation.symbol as usize) else {
            return Err(Error::malformed(format!(
                "a relocation against symbol {} of {}",
                relocation.symbol,
                self.file.symbols.len()
            )));
        };
        let external = self.externs.find(relocation.symbol);
        let resolved = match (self.insn.code, external) {
            (CALL, Some(place)) if self.insn.src() == PSEUDO_CALL => match place {
                Place::Kfunc(index) => Ok(Target::Kfunc(index)),
                _ => Err(Error::malformed("expected a function, found an external variable")),
            },
            (CALL, None) if self.insn.src() == PSEUDO_CALL => self.call(symbol),
            (_, Some(place)) if self.is_load() => self.load_external(place),
            (_, None) if self.is_load() => self.load(relocation.symbol, symbol),
            (code, _) => Err(Error::malformed(format!(
                "expected a call of a function or a 64-bit immediate load, found opcode {code:#04x}"
            ))),
        };
        resolved.within(|| Frame::Symbol(self.label(symbol)))
    }

    /// Whether it is a 64-bit immediate load with its second half.
    fn is_load(&self) -> bool {
        let next = (self.index + 1) * INSN_SIZE;
        self.insn.is_ldimm64()
            && self.function.bytes.get(next) == Some(&0)
            && self.function.bytes.len() >= next + INSN_SIZE
    }

    fn call(&self, symbol: &Symbol<'_>) -> Result<Target> {
        let section = self.section_of(symbol)?;
        // Calls of a global function have its symbol and -1; those of a static one have the section's symbol and
        // the instruction's distance from its start, less one.
        let offset = i64::from(self.insn.imm)
            .checked_add(1)
            .and_then(|n| n.checked_mul(INSN_SIZE as i64))
            .and_then(|n| n.checked_add_unsigned(symbol.value));
        self.function_at(section, offset).map(Target::Call)
    }

    fn call_within_section(&self) -> Result<Target> {
        let here = (self.function.start + self.index * INSN_SIZE) as i64;
        let offset = here + (i64::from(self.insn.imm) + 1) * INSN_SIZE as i64;
        self.function_at(self.function.section, Some(offset)).map(Target::Call)
    }

    fn load(&self, number: u32, symbol: &Symbol<'_>) -> Result<Target> {
        let index = self.section_of(symbol)?;
        let offset = i64::from(self.insn.imm).checked_add_unsigned(symbol.value);
        let section = self.file.section(index);
        match section.map_or(Role::Ignored, |section| section.role) {
            Role::Text => self.function_at(index, offset).map(Target::Address),
            Role::Maps | Role::LegacyMaps => {
                let offset = offset.and_then(|offset| u64::try_from(offset).ok());
                match offset.and_then(|offset| self.maps.defined_at(index, offset)) {
                    Some(map) => Ok(Target::Map(map)),
                    None => Err(Error::malformed(format!(
                        "no map of section {:?} starts there",
                        section.map_or("", |section| section.name)
                    ))),
                }
            }
            Role::Data | Role::Rodata | Role::Bss | Role::Arena => {
                let map = self.maps.of_section(index);
                let offset = offset.and_then(|offset| u32::try_from(offset).ok());
                match map.zip(offset) {
                    Some((map, offset)) => Ok(Target::MapValue { map, offset }),
                    None => Err(Error::malformed("an address outside its section")),
                }
            }
            // The kernel adds to the address what the program jumps by; nothing else is of use.
            Role::JumpTables if self.insn.imm != 0 => Err(Error::malformed(format!(
                "expected the start of a jump table, found byte {} of it",
                self.insn.imm
            ))),
            Role::JumpTables => Ok(Target::JumpTable(number)),
            _ => Err(Error::malformed(format!(
                "expected a map, data or a function, found something in section {:?}",
                section.map_or("", |section: &Section<'_>| section.name)
            ))),
        }
    }

    fn load_external(&self, place: Place) -> Result<Target> {
        let outside = || Error::malformed("an address outside the external symbol");
        match place {
            Place::Kconfig { map, offset } => {
                let offset = i64::from(offset).checked_add(i64::from(self.insn.imm));
                let offset = offset.and_then(|offset| u32::try_from(offset).ok());
                Ok(Target::MapValue { map, offset: offset.ok_or_else(outside)? })
            }
            Place::Ksym(_) | Place::Kfunc(_) if self.insn.imm != 0 => Err(outside()),
            Place::Ksym(index) | Place::Kfunc(index) => Ok(Target::Ksym(index)),
        }
    }

    fn section_of(&self, symbol: &Symbol<'_>) -> Result<usize> {
        symbol.section.ok_or_else(|| {
            Error::malformed("it is not defined in this object")
                .with_hint("link the object that has it, or declare it __ksym or __kconfig")
        })
    }

    fn function_at(&self, section: usize, offset: Option<i64>) -> Result<usize> {
        let found = offset
            .and_then(|offset| usize::try_from(offset).ok())
            .and_then(|offset| self.functions.at(section, offset));
        found.ok_or_else(|| {
            let name = self.file.section(section).map_or("", |section| section.name);
            Error::malformed(match offset {
                Some(offset) => format!("no function starts at {offset} in section {name:?}"),
                None => format!("an address outside section {name:?}"),
            })
        })
    }

    /// What to call a symbol in an error.
    fn label(&self, symbol: &Symbol<'_>) -> String {
        match symbol.section.and_then(|index| self.file.section(index)) {
            Some(section) if symbol.kind == SymbolKind::Section => section.name.to_owned(),
            _ => symbol.name.to_owned(),
        }
    }
}

/// The same instruction with another immediate.
pub(super) fn with_imm(insn: Insn, imm: i32) -> Insn {
    Insn { imm, ..insn }
}

/// Rewrites the instruction at `index` of a program's bytes.
pub(super) fn patch(bytes: &mut [u8], index: usize, endian: Endian, f: impl FnOnce(Insn) -> Insn) {
    if let Some(chunk) = bytes.as_chunks_mut::<INSN_SIZE>().0.get_mut(index) {
        *chunk = f(Insn::from_bytes(*chunk, endian)).to_bytes(endian);
    }
}
