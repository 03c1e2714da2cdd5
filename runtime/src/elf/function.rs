use std::collections::HashSet;

use super::budget::Budget;
use super::file::File;
use super::section::{Role, TEXT};
use super::symbol::{Binding, Symbol, SymbolKind};
use crate::error::Within as _;
use crate::insn::INSN_SIZE;
use crate::{Error, Frame, Result};

/// A function: a program, or a subprogram if it is in `.text`.
#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// ELF index of its section.
    pub(super) section: usize,
    /// Byte offset in the section.
    pub(super) start: usize,
    pub(super) bytes: &'a [u8],
    pub(super) hidden: bool,
    pub(super) subprogram: bool,
    /// Index of the function that a program enters when it throws.
    pub(super) exception_callback: Option<usize>,
}

impl Function<'_> {
    /// Byte offset in the section of what follows it.
    pub(super) fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// All functions, by section and then by offset.
#[derive(Debug)]
pub(super) struct Functions<'a> {
    all: Vec<Function<'a>>,
    /// For each function, how many of those before it are programs.
    programs_before: Vec<usize>,
}

impl<'a> Functions<'a> {
    /// With `untyped`, a symbol that is not said to be of a function is one too, where it begins a section that has
    /// none: the whole section is its code, as for iproute2.
    pub(super) fn read(file: &File<'a>, untyped: bool, budget: &mut Budget) -> Result<Self> {
        let mut functions = Vec::new();
        for symbol in file.symbols.iter().filter(|symbol| symbol.kind == SymbolKind::Function) {
            let Some(index) = symbol.section else { continue };
            let Some(section) = file.section(index).filter(|s| s.role == Role::Text) else {
                continue;
            };
            let function = read_one(symbol, index, section.name, section.bytes)
                .within(|| Frame::Symbol(symbol.name.to_owned()))
                .within(|| Frame::Section(section.name.to_owned()))?;
            budget.take(function.bytes.len())?;
            functions.push(function);
        }
        if untyped {
            add_untyped(file, &mut functions, budget)?;
        }
        functions.sort_by_key(|function| (function.section, function.start));
        for (before, after) in functions.iter().zip(functions.iter().skip(1)) {
            let alias = before.start == after.start && before.bytes.len() == after.bytes.len();
            if before.section == after.section && after.start < before.end() && !alias {
                let section = file.section(after.section).map_or("", |section| section.name);
                return Err(Error::malformed(format!("it overlaps {:?}", before.name))
                    .within(Frame::Symbol(after.name.to_owned()))
                    .within(Frame::Section(section.to_owned())));
            }
        }
        let programs_before = functions
            .iter()
            .scan(0, |programs, function| {
                let before = *programs;
                *programs += usize::from(!function.subprogram);
                Some(before)
            })
            .collect();
        Ok(Self { all: functions, programs_before })
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Function<'a>> {
        self.all.iter()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Function<'a>> {
        self.all.get(index)
    }

    /// Returns what the program had.
    pub(super) fn set_exception_callback(
        &mut self,
        program: usize,
        callback: usize,
    ) -> Option<usize> {
        self.all.get_mut(program)?.exception_callback.replace(callback)
    }

    /// How many programs are before this function: its own index in the spec, if it is a program.
    pub(super) fn program_index(&self, index: usize) -> Option<u32> {
        u32::try_from(*self.programs_before.get(index)?).ok()
    }

    /// The index of the function that starts there; of several names for it, the first.
    pub(super) fn at(&self, section: usize, offset: usize) -> Option<usize> {
        let index = self.all.partition_point(|f| (f.section, f.start) < (section, offset));
        self.get(index).filter(|f| (f.section, f.start) == (section, offset)).map(|_| index)
    }
}

fn add_untyped<'a>(
    file: &File<'a>,
    functions: &mut Vec<Function<'a>>,
    budget: &mut Budget,
) -> Result<()> {
    let mut done: HashSet<usize> = functions.iter().map(|function| function.section).collect();
    for symbol in &file.symbols {
        let is_start = symbol.kind == SymbolKind::Untyped && symbol.binding == Binding::Global;
        let Some(index) = symbol.section.filter(|_| is_start && symbol.value == 0) else {
            continue;
        };
        let Some(section) = file.section(index).filter(|s| s.role == Role::Text) else { continue };
        if section.name == TEXT || !done.insert(index) {
            continue;
        }
        let whole = Symbol { size: section.size, ..*symbol };
        let function = read_one(&whole, index, section.name, section.bytes)
            .within(|| Frame::Symbol(symbol.name.to_owned()))
            .within(|| Frame::Section(section.name.to_owned()))?;
        budget.take(function.bytes.len())?;
        functions.push(function);
    }
    Ok(())
}

fn read_one<'a>(
    symbol: &Symbol<'a>,
    section: usize,
    section_name: &str,
    bytes: &'a [u8],
) -> Result<Function<'a>> {
    let subprogram = section_name == TEXT;
    if symbol.name.is_empty() {
        return Err(Error::malformed("a function without a name"));
    }
    if symbol.binding == Binding::Local && !subprogram {
        return Err(Error::malformed("a static function outside .text")
            .with_hint("leave SEC() off a subprogram, or static off a program"));
    }
    let whole = |n: u64| usize::try_from(n).ok().filter(|n| n.is_multiple_of(INSN_SIZE));
    let range = whole(symbol.value)
        .zip(whole(symbol.size).filter(|size| *size > 0))
        .and_then(|(start, size)| Some(start..start.checked_add(size)?));
    let Some((start, bytes)) = range.and_then(|r| Some((r.start, bytes.get(r)?))) else {
        return Err(Error::malformed(format!(
            "expected whole instructions within the section's {} bytes, found {} bytes at {}",
            bytes.len(),
            symbol.size,
            symbol.value
        )));
    };
    Ok(Function {
        name: symbol.name,
        section,
        start,
        bytes,
        hidden: symbol.hidden,
        subprogram,
        exception_callback: None,
    })
}
