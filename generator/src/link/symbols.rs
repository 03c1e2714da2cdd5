//! Symbols: those of an object, and the table of the result.

use bpf_skel::{Error, Frame, Result};
use object::Endianness;
use object::elf::{
    SHN_ABS, SHN_COMMON, STB_LOCAL, STB_WEAK, STT_FILE, STT_FUNC, STT_NOTYPE, STT_SECTION,
};
use object::read::elf::{Sym as _, SymbolTable};

use super::budget::Budget;
use super::input::{Header, Input, Role, broken};
use super::overridden::Overridden;
use super::resolve::Resolved;
use super::sections::Layout;

/// An ELF symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol<'a> {
    pub(super) name: &'a str,
    /// `STT_*`
    pub(super) kind: u8,
    pub(super) binding: Binding,
    /// `STV_*`
    pub(super) visibility: u8,
    pub(super) place: Place,
    /// Offset in its section.
    pub(super) value: u64,
    pub(super) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    Local,
    Global,
    Weak,
}

/// Where a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In another object, or nowhere.
    Undefined,
    /// In no section: its value is all there is.
    Absolute,
    /// In the section of this ELF index.
    Section(usize),
}

impl Symbol<'_> {
    pub(super) fn is_section(&self) -> bool {
        self.kind == STT_SECTION.0
    }

    pub(super) fn is_function(&self) -> bool {
        self.kind == STT_FUNC.0
    }

    pub(super) fn is_defined(&self) -> bool {
        self.place != Place::Undefined
    }
}

/// All symbols by their index, the null symbol included.
pub(super) fn read<'a>(
    table: &SymbolTable<'a, Header, &'a [u8]>,
    order: Endianness,
    sections: usize,
    budget: &mut Budget,
) -> Result<Vec<Symbol<'a>>> {
    let mut symbols = Vec::with_capacity(table.len());
    // The null symbol has no name, no section and no kind, and is read like any other.
    let raw = std::iter::successors(Some(0), |n| Some(n + 1)).map(object::SymbolIndex);
    for (index, raw) in raw.zip(table.symbols()) {
        let kind = raw.st_type();
        let name = match kind {
            // The names of source files are of no use, and may be in any encoding.
            STT_FILE => "",
            _ => {
                let name = table.symbol_name(order, raw).map_err(broken)?;
                budget.take(name.len())?;
                std::str::from_utf8(name).map_err(|_| {
                    Error::malformed(format!("the name of symbol {} is not UTF-8", index.0))
                })?
            }
        };
        let frame = || Frame::Symbol(name.to_owned());
        let section = table.symbol_section(order, raw, index).map_err(broken)?.map(|s| s.0);
        let place = match (section, raw.st_shndx(order)) {
            (Some(section), _) if section < sections => Place::Section(section),
            (Some(section), _) => {
                let what = format!("it is in section {section} of {sections}");
                return Err(Error::malformed(what).within(frame()));
            }
            (None, SHN_ABS) => Place::Absolute,
            (None, SHN_COMMON) => {
                return Err(Error::not_supported_yet("a common symbol")
                    .with_hint("compile with -fno-common")
                    .within(frame()));
            }
            (None, _) => Place::Undefined,
        };
        let binding = match raw.st_bind() {
            STB_LOCAL => Binding::Local,
            STB_WEAK => Binding::Weak,
            _ => Binding::Global,
        };
        if binding != Binding::Local && name.is_empty() {
            return Err(Error::malformed(format!("symbol {} is global and has no name", index.0)));
        }
        symbols.push(Symbol {
            name,
            kind: kind.0,
            binding,
            visibility: raw.st_visibility().0,
            place,
            value: raw.st_value(order),
            size: raw.st_size(order),
        });
    }
    Ok(symbols)
}

/// A row of the result's symbol table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) kind: u8,
    pub(super) binding: Binding,
    pub(super) visibility: u8,
    pub(super) place: RowPlace,
    pub(super) value: u64,
    pub(super) size: u64,
}

/// Where a symbol of the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowPlace {
    Undefined,
    Absolute,
    /// In this section of the [`Layout`].
    Section(usize),
}

/// The symbol table of the result: local symbols first, as ELF wants it.
pub(super) struct Table<'a> {
    /// Without the null symbol: the first has index 1.
    pub(super) rows: Vec<Row<'a>>,
    /// How many are local.
    pub(super) locals: usize,
    /// By input and by the index of the symbol there; 0 where it has none here.
    pub(super) indices: Vec<Vec<u32>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        inputs: &[Input<'a>],
        resolved: &Resolved<'a>,
        layout: &Layout<'a>,
        overridden: &Overridden,
    ) -> Result<Self> {
        let indices = inputs.iter().map(|input| vec![0; input.symbols.len()]).collect();
        let mut table = Self { rows: Vec::new(), locals: 0, indices };
        table.add_sections(inputs, layout);
        for (number, input) in inputs.iter().enumerate() {
            table.add_locals(number, input, layout, overridden);
        }
        table.locals = table.rows.len();
        for global in &resolved.globals {
            let chosen = &inputs[global.chosen.input].symbols[global.chosen.symbol];
            let Some((place, value)) = moved(chosen, layout, global.chosen.input) else {
                return Err(Error::malformed("it is in a section that is not linked")
                    .within(Frame::Symbol(global.name.to_owned()))
                    .within(Frame::Object(inputs[global.chosen.input].name.to_owned())));
            };
            let binding = if global.weak { Binding::Weak } else { Binding::Global };
            let visibility = global.visibility;
            table.rows.push(Row { binding, visibility, place, value, ..row(chosen) });
            let index = table.rows.len() as u32;
            for occurrence in &global.occurrences {
                table.indices[occurrence.input][occurrence.symbol] = index;
            }
        }
        Ok(table)
    }

    /// One symbol for each section that has one somewhere: relocations against it are moved to it.
    fn add_sections(&mut self, inputs: &[Input<'a>], layout: &Layout<'a>) {
        let mut wanted: Vec<Vec<(usize, usize)>> = vec![Vec::new(); layout.sections.len()];
        for (number, input) in inputs.iter().enumerate() {
            for (index, symbol) in input.symbols.iter().enumerate().filter(|(_, s)| s.is_section())
            {
                let place = moved(symbol, layout, number);
                if let Some((RowPlace::Section(section), _)) = place {
                    wanted[section].push((number, index));
                }
            }
        }
        for (section, symbols) in wanted.into_iter().enumerate().filter(|(_, s)| !s.is_empty()) {
            self.rows.push(Row {
                name: "",
                kind: STT_SECTION.0,
                binding: Binding::Local,
                visibility: 0,
                place: RowPlace::Section(section),
                value: 0,
                size: 0,
            });
            for (input, symbol) in symbols {
                self.indices[input][symbol] = self.rows.len() as u32;
            }
        }
    }

    fn add_locals(
        &mut self,
        number: usize,
        input: &Input<'a>,
        layout: &Layout<'a>,
        overridden: &Overridden,
    ) {
        let mut used = vec![false; input.symbols.len()];
        let sections = input.sections.iter().enumerate();
        for (index, section) in sections.filter(|(_, section)| section.role == Role::Linked) {
            for relocation in &section.relocations {
                let live = !overridden.contains(number, index, relocation.offset);
                if let Some(used) = used.get_mut(relocation.symbol as usize).filter(|_| live) {
                    *used = true;
                }
            }
        }
        for (index, symbol) in input.symbols.iter().enumerate() {
            let local = symbol.binding == Binding::Local && !symbol.is_section();
            // Labels of jumps, of which there are many.
            let label = symbol.kind == STT_NOTYPE.0 && !used[index];
            if !local || label || symbol.kind == STT_FILE.0 || !symbol.is_defined() {
                continue;
            }
            if let Some((place, value)) = moved(symbol, layout, number) {
                self.rows.push(Row { place, value, ..row(symbol) });
                self.indices[number][index] = self.rows.len() as u32;
            }
        }
    }
}

fn row<'a>(symbol: &Symbol<'a>) -> Row<'a> {
    let &Symbol { name, kind, binding, visibility, place: _, value, size } = symbol;
    Row { name, kind, binding, visibility, place: RowPlace::Undefined, value, size }
}

/// Where a symbol of this input is in the result; `None` where its section is not there.
fn moved(symbol: &Symbol<'_>, layout: &Layout<'_>, input: usize) -> Option<(RowPlace, u64)> {
    match symbol.place {
        Place::Undefined => Some((RowPlace::Undefined, 0)),
        Place::Absolute => Some((RowPlace::Absolute, symbol.value)),
        Place::Section(index) => {
            let placed = layout.place(input, index)?;
            Some((RowPlace::Section(placed.section), placed.base.wrapping_add(symbol.value)))
        }
    }
}
