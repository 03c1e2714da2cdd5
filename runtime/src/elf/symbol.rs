use object::Endianness;
use object::elf::{
    STB_LOCAL, STB_WEAK, STT_FILE, STT_FUNC, STT_NOTYPE, STT_OBJECT, STT_SECTION, STV_HIDDEN,
    STV_INTERNAL,
};
use object::read::elf::{Sym as _, SymbolTable};

use super::budget::Budget;
use super::file::{Header, broken};
use crate::{Error, Result};

/// An ELF symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol<'a> {
    pub(super) name: &'a str,
    pub(super) kind: SymbolKind,
    pub(super) binding: Binding,
    /// Seen by other objects only through this one: `__hidden`.
    pub(super) hidden: bool,
    /// ELF index of the section that it is in; `None` where it is not defined here, or has no section.
    pub(super) section: Option<usize>,
    /// Offset in that section.
    pub(super) value: u64,
    pub(super) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SymbolKind {
    Function,
    Object,
    Section,
    /// The compiler did not say.
    Untyped,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    Local,
    Global,
    Weak,
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
        let kind = match raw.st_type() {
            STT_FUNC => SymbolKind::Function,
            STT_OBJECT => SymbolKind::Object,
            STT_SECTION => SymbolKind::Section,
            STT_NOTYPE => SymbolKind::Untyped,
            _ => SymbolKind::Other,
        };
        let name = match raw.st_type() {
            // The names of source files are of no use, and may be in any encoding.
            STT_FILE => "",
            _ => {
                let name = table.symbol_name(order, raw).map_err(broken)?;
                // Reading a name costs time in proportion to it, like copying it would.
                budget.take(name.len())?;
                std::str::from_utf8(name).map_err(|_| {
                    Error::malformed(format!("the name of symbol {} is not UTF-8", index.0))
                })?
            }
        };
        let section = table.symbol_section(order, raw, index).map_err(broken)?.map(|s| s.0);
        if section.is_some_and(|section| section >= sections) {
            return Err(Error::malformed(format!(
                "symbol {name:?} is in section {} of {sections}",
                section.unwrap_or_default()
            )));
        }
        symbols.push(Symbol {
            name,
            kind,
            binding: match raw.st_bind() {
                STB_LOCAL => Binding::Local,
                STB_WEAK => Binding::Weak,
                _ => Binding::Global,
            },
            hidden: matches!(raw.st_visibility(), STV_HIDDEN | STV_INTERNAL),
            section,
            value: raw.st_value(order),
            size: raw.st_size(order),
        });
    }
    Ok(symbols)
}
