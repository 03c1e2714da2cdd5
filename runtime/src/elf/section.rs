use std::collections::HashSet;

use object::elf::{SHF_COMPRESSED, SHF_EXECINSTR, SHT_NOBITS, SHT_PROGBITS, SHT_REL, SHT_RELA};
use object::read::elf::{Rel as _, SectionHeader as _, SectionTable};
use object::{Endianness, SectionIndex};

use super::budget::Budget;
use super::file::{Header, broken};
use crate::error::Within as _;
use crate::{Error, Frame, Result};

/// An ELF section.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
    /// Its bytes; none for a section of zeros.
    pub(super) bytes: &'a [u8],
    /// Its size, also for a section of zeros.
    pub(super) size: u64,
    /// What is to be filled in, ascending by offset. Kept only for sections that are used.
    pub(super) relocations: Vec<RawRelocation>,
}

/// One entry of a `.rel` section. What it means follows from the instruction or the data at the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawRelocation {
    pub(super) offset: u64,
    /// Index of a symbol.
    pub(super) symbol: u32,
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing that matters here.
    Ignored,
    License,
    Version,
    Maps,
    /// Map definitions of loaders that are older than BTF.
    LegacyMaps,
    Btf,
    BtfExt,
    Data,
    Rodata,
    Bss,
    /// Variables in the memory of the object's arena.
    Arena,
    /// Operations for the kernel: each variable is a map.
    StructOps,
    /// Tables of jumps.
    JumpTables,
    /// Instructions: programs, or subprograms in `.text`.
    Text,
}

impl Role {
    /// Whether the section holds variables that programs use.
    pub(super) fn is_data(self) -> bool {
        matches!(self, Self::Data | Self::Rodata | Self::Bss | Self::Arena)
    }
}

/// The section that holds subprograms and no programs.
pub(super) const TEXT: &str = ".text";
/// The section of BTF-defined maps, and the BTF data section that describes it.
pub(super) const MAPS: &str = ".maps";

/// The section of tables that programs jump through.
pub(super) const JUMP_TABLES: &str = ".jumptables";

/// All sections by their index, the null section included.
pub(super) fn read<'a>(
    table: &SectionTable<'a, Header, &'a [u8]>,
    order: Endianness,
    file: &'a [u8],
    budget: &mut Budget,
) -> Result<Vec<Section<'a>>> {
    let mut sections = Vec::with_capacity(table.len());
    let mut seen = HashSet::new();
    for (index, header) in table.iter().enumerate() {
        let name = table.section_name(order, header).map_err(broken)?;
        budget.take(name.len())?;
        let name = std::str::from_utf8(name)
            .map_err(|_| Error::malformed(format!("the name of section {index} is not UTF-8")))?;
        let section =
            read_one(name, header, order, file).within(|| Frame::Section(name.to_owned()))?;
        let once = !matches!(section.role, Role::Ignored | Role::Text);
        let legacy = section.role == Role::LegacyMaps;
        if legacy && sections.iter().any(|other: &Section<'_>| other.role == Role::LegacyMaps) {
            return Err(Error::malformed("a second section of legacy map definitions")
                .within(Frame::Section(name.to_owned())));
        }
        if once && !seen.insert(name) {
            return Err(Error::malformed("two sections of this name")
                .within(Frame::Section(name.to_owned())));
        }
        sections.push(section);
    }
    Ok(sections)
}

fn read_one<'a>(
    name: &'a str,
    header: &<Header as object::read::elf::FileHeader>::SectionHeader,
    order: Endianness,
    file: &'a [u8],
) -> Result<Section<'a>> {
    let kind = header.sh_type(order);
    let flags = header.sh_flags(order);
    let size = header.sh_size(order);
    let role = match kind {
        SHT_PROGBITS | SHT_NOBITS => {
            let zeros = kind == SHT_NOBITS;
            match role_by_name(name, zeros) {
                Some(role) => role,
                None if size == 0 => Role::Ignored,
                None if flags.contains(SHF_EXECINSTR) && !zeros => Role::Text,
                None => data_role(name, zeros)?,
            }
        }
        _ => Role::Ignored,
    };
    if role == Role::Ignored {
        return Ok(Section { name, role, bytes: &[], size, relocations: Vec::new() });
    }
    if flags.contains(SHF_COMPRESSED) {
        return Err(Error::not_supported_yet("a compressed section"));
    }
    let bytes = header.data(order, file).map_err(broken)?;
    Ok(Section { name, role, bytes, size, relocations: Vec::new() })
}

/// Of names that mean one thing, whatever the section's flags are.
fn role_by_name(name: &str, zeros: bool) -> Option<Role> {
    Some(match name {
        "license" if !zeros => Role::License,
        "version" if !zeros => Role::Version,
        // The bytes of `.maps` are of no interest, only its BTF; it may come as zeros.
        MAPS => Role::Maps,
        ".BTF" if !zeros => Role::Btf,
        ".BTF.ext" if !zeros => Role::BtfExt,
        _ => return None,
    })
}

fn data_role(name: &str, zeros: bool) -> Result<Role> {
    let is = |base: &str| {
        name.strip_prefix(base).is_some_and(|suffix| suffix.is_empty() || suffix.starts_with('.'))
    };
    Ok(match name {
        _ if is(".data") && !zeros => Role::Data,
        _ if is(".rodata") && !zeros => Role::Rodata,
        _ if is(".bss") && zeros => Role::Bss,
        _ if is_struct_ops(name) && !zeros => Role::StructOps,
        _ if is(".data") || is(".rodata") || is(".bss") || is_struct_ops(name) => {
            let (expected, found) = if zeros { ("bytes", "zeros") } else { ("zeros", "bytes") };
            return Err(Error::malformed(format!(
                "expected a section of {expected}, found one of {found}"
            )));
        }
        // `lirc_mode2/maps` and the like are what tools with a loader of their own call theirs.
        _ if (name == "maps" || name.ends_with("/maps")) && !zeros => Role::LegacyMaps,
        ".addr_space.1" => Role::Arena,
        JUMP_TABLES if !zeros => Role::JumpTables,
        _ => Role::Ignored,
    })
}

fn is_struct_ops(name: &str) -> bool {
    matches!(name.strip_prefix('?').unwrap_or(name), ".struct_ops" | ".struct_ops.link")
}

/// Adds to each section that is used what is to be filled in there.
pub(super) fn read_relocations<'a>(
    sections: &mut [Section<'a>],
    table: &SectionTable<'a, Header, &'a [u8]>,
    order: Endianness,
    file: &'a [u8],
    symtab: SectionIndex,
    budget: &mut Budget,
) -> Result<()> {
    for header in table.iter() {
        let kind = header.sh_type(order);
        if kind != SHT_REL && kind != SHT_RELA {
            continue;
        }
        let Some(section) = sections.get_mut(header.sh_info(order) as usize) else {
            continue;
        };
        // Those of BTF and of debug information matter to other tools only.
        let used =
            matches!(section.role, Role::Text | Role::Maps | Role::StructOps | Role::JumpTables);
        if !(section.role.is_data() || used) {
            continue;
        }
        let name = section.name;
        read_relocations_of(section, header, order, file, symtab, budget)
            .within(|| Frame::Section(name.to_owned()))?;
    }
    for section in sections {
        section.relocations.sort_by_key(|relocation| relocation.offset);
    }
    Ok(())
}

fn read_relocations_of<'a>(
    section: &mut Section<'a>,
    header: &<Header as object::read::elf::FileHeader>::SectionHeader,
    order: Endianness,
    file: &'a [u8],
    symtab: SectionIndex,
    budget: &mut Budget,
) -> Result<()> {
    if header.link(order) != symtab {
        return Err(Error::malformed("its relocations refer to another symbol table"));
    }
    if let Some((rela, _)) = header.rela(order, file).map_err(broken)? {
        // Clang writes none for BPF, other compilers might.
        if !rela.is_empty() {
            return Err(Error::not_supported_yet("relocations with explicit addends (RELA)"));
        }
        return Ok(());
    }
    let Some((rel, _)) = header.rel(order, file).map_err(broken)? else {
        return Ok(());
    };
    budget.take(size_of_val(rel))?;
    section.relocations.reserve_exact(rel.len());
    for rel in rel {
        section
            .relocations
            .push(RawRelocation { offset: rel.r_offset(order), symbol: rel.r_sym(order) });
    }
    Ok(())
}
