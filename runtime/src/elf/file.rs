use std::borrow::Cow;
use std::collections::HashMap;

use object::Endianness;
use object::elf::{EM_BPF, EM_NONE, ET_REL, FileHeader64, SHT_SYMTAB};
use object::read::elf::{FileHeader as _, SectionHeader as _};

use super::budget::Budget;
use super::section::{self, Role, Section};
use super::symbol::{self, Binding, Symbol};
use crate::spec::Endian;
use crate::{Error, Result};

/// The only form of ELF header that BPF objects have.
pub(super) type Header = FileHeader64<Endianness>;

/// An object's sections and symbols, by their ELF indices.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) endian: Endian,
    pub(super) sections: Vec<Section<'a>>,
    pub(super) symbols: Vec<Symbol<'a>>,
    /// Global and weak symbols that are defined here, by name.
    globals: HashMap<&'a str, usize>,
    /// Global and weak symbols that are to be found elsewhere, by name.
    undefined: HashMap<&'a str, usize>,
    names: HashMap<&'a str, usize>,
    /// The whole file, where its bytes stay.
    kept: Option<&'static [u8]>,
}

impl<'a> File<'a> {
    /// Reads the file's own structures. Everything in it borrows from `bytes`.
    pub(super) fn parse(bytes: &'a [u8], budget: &mut Budget) -> Result<Self> {
        let header = check_header(bytes)?;
        let order = if header.is_big_endian() { Endianness::Big } else { Endianness::Little };
        let table = header.sections(order, bytes).map_err(broken)?;

        let mut symtabs = table.enumerate().filter(|(_, s)| s.sh_type(order) == SHT_SYMTAB);
        let Some((symtab, symtab_header)) = symtabs.next() else {
            return Err(Error::malformed("no symbol table"));
        };
        if symtabs.next().is_some() {
            return Err(Error::malformed("more than one symbol table"));
        }

        let mut sections = section::read(&table, order, bytes, budget)?;
        section::read_relocations(&mut sections, &table, order, bytes, symtab, budget)?;
        let symbols = symtab_header.symbols(order, bytes, &table, symtab).map_err(broken)?;
        let symbols = symbol::read(&symbols.unwrap_or_default(), order, sections.len(), budget)?;
        let endian = if header.is_big_endian() { Endian::Big } else { Endian::Little };
        let (mut globals, mut undefined) = (HashMap::new(), HashMap::new());
        for (index, symbol) in symbols.iter().enumerate() {
            if symbol.binding != Binding::Local {
                let names = if symbol.section.is_some() { &mut globals } else { &mut undefined };
                names.insert(symbol.name, index);
            }
        }
        let names = sections.iter().enumerate().map(|(index, s)| (s.name, index)).collect();
        Ok(Self { endian, sections, symbols, globals, undefined, names, kept: None })
    }

    /// As [`parse`](Self::parse), of bytes that stay: those of its sections need not be copied.
    pub(super) fn parse_static(bytes: &'static [u8], budget: &mut Budget) -> Result<Self> {
        Ok(Self { kept: Some(bytes), ..Self::parse(bytes, budget)? })
    }

    /// Bytes of the file, for a spec that outlives it: in place where they stay, else as a copy.
    pub(super) fn keep(&self, part: &'a [u8]) -> Cow<'static, [u8]> {
        let in_place = self.kept.and_then(|all| {
            let start = part.as_ptr().addr().checked_sub(all.as_ptr().addr())?;
            all.get(start..)?.get(..part.len())
        });
        in_place.map_or_else(|| part.to_vec().into(), Cow::Borrowed)
    }

    /// The ELF index of the section of this name.
    pub(super) fn section_named(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The global or weak symbol of this name, if it is defined here.
    pub(super) fn global(&self, name: &str) -> Option<&Symbol<'a>> {
        self.symbols.get(*self.globals.get(name)?)
    }

    /// The global or weak symbol of this name with its index, if it is not defined here.
    pub(super) fn undefined(&self, name: &str) -> Option<(usize, &Symbol<'a>)> {
        let index = *self.undefined.get(name)?;
        Some((index, self.symbols.get(index)?))
    }

    /// The only section with this role.
    pub(super) fn section_with(&self, role: Role) -> Option<&Section<'a>> {
        self.find(role).map(|(_, section)| section)
    }

    /// The only section with this role, with its ELF index.
    pub(super) fn find(&self, role: Role) -> Option<(usize, &Section<'a>)> {
        self.sections.iter().enumerate().find(|(_, section)| section.role == role)
    }

    /// The section with this ELF index.
    pub(super) fn section(&self, index: usize) -> Option<&Section<'a>> {
        self.sections.get(index)
    }
}

fn check_header(bytes: &[u8]) -> Result<&Header> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err(Error::malformed("not an ELF file"));
    }
    if bytes.get(4) == Some(&1) {
        return Err(Error::malformed("expected a 64-bit ELF file, found a 32-bit one"));
    }
    let header = Header::parse(bytes).map_err(broken)?;
    let order = header.endian().map_err(broken)?;
    let kind = header.e_type(order);
    if kind != ET_REL {
        return Err(Error::malformed(format!(
            "expected a relocatable object (ELF type 1), found ELF type {}",
            kind.0
        ))
        .with_hint("an object file as clang -c writes it, not a linked program"));
    }
    let machine = header.e_machine(order);
    if machine != EM_BPF && machine != EM_NONE {
        return Err(Error::malformed(format!(
            "expected an object for BPF (machine {}), found machine {}",
            EM_BPF.0, machine.0
        ))
        .with_hint("compile it with clang -target bpf"));
    }
    Ok(header)
}

/// What the ELF parser found wrong, in its own words.
pub(super) fn broken(error: object::read::Error) -> Error {
    Error::malformed(error.to_string())
}
