//! One object to link: its sections, symbols and types, borrowed from the file.

use bpf_skel::btf::{Btf, BtfExt};
use bpf_skel::insn::INSN_SIZE;
use bpf_skel::spec::Endian;
use bpf_skel::{Error, Frame, Result};
use object::elf::{
    EM_BPF, EM_NONE, ET_REL, FileHeader64, SHF_COMPRESSED, SHF_EXECINSTR, SHT_GROUP, SHT_LOOS,
    SHT_NOBITS, SHT_NOTE, SHT_NULL, SHT_PROGBITS, SHT_REL, SHT_RELA, SHT_STRTAB, SHT_SYMTAB,
};
use object::read::elf::{FileHeader as _, Rel as _, SectionHeader as _, SectionTable};
use object::{Endianness, SectionIndex};

use super::budget::Budget;
use super::jump_tables;
use super::symbols::{self, Symbol};

/// The only form of ELF header that BPF objects have.
pub(super) type Header = FileHeader64<Endianness>;

/// An object to link.
pub(super) struct Input<'a> {
    /// What errors call it.
    pub(super) name: &'a str,
    pub(super) endian: Endian,
    /// By ELF index.
    pub(super) sections: Vec<Section<'a>>,
    /// By ELF index.
    pub(super) symbols: Vec<Symbol<'a>>,
    pub(super) btf: Option<Btf<'a>>,
    pub(super) ext: Option<BtfExt<'a>>,
}

/// An ELF section.
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
    /// `SHT_PROGBITS` or `SHT_NOBITS` of one that is linked.
    pub(super) kind: u32,
    pub(super) flags: u64,
    /// A power of two.
    pub(super) align: u64,
    /// `sh_entsize`
    pub(super) entry_size: u64,
    /// Its bytes; none for a section of zeros.
    pub(super) bytes: &'a [u8],
    /// Its size, also for a section of zeros.
    pub(super) size: u64,
    pub(super) relocations: Vec<Relocation>,
}

/// What becomes of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing: it is made anew, or is of no use in the result.
    Dropped,
    /// It goes behind those of the same name.
    Linked,
    Btf,
    BtfExt,
}

/// One entry of a `.rel` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relocation {
    pub(super) offset: u64,
    /// Index of a symbol.
    pub(super) symbol: u32,
    /// `R_BPF_*`
    pub(super) kind: u32,
}

impl Section<'_> {
    /// Whether it holds instructions.
    pub(super) fn is_text(&self) -> bool {
        self.flags & SHF_EXECINSTR.0 != 0
    }

    /// Whether it holds zeros and takes no place in the file.
    pub(super) fn is_zeros(&self) -> bool {
        self.kind == SHT_NOBITS.0
    }
}

impl<'a> Input<'a> {
    /// Reads an object.
    pub(super) fn parse(name: &'a str, bytes: &'a [u8], budget: &mut Budget) -> Result<Self> {
        Self::read(name, bytes, budget)
            .map_err(|error| error.within(Frame::Object(name.to_owned())))
    }

    /// The section of this name that is linked.
    pub(super) fn section_named(&self, name: &str) -> Option<usize> {
        let linked = |section: &Section<'_>| section.role == Role::Linked && section.name == name;
        self.sections.iter().position(linked)
    }

    fn read(name: &'a str, bytes: &'a [u8], budget: &mut Budget) -> Result<Self> {
        let header = check_header(bytes)?;
        let order = if header.is_big_endian() { Endianness::Big } else { Endianness::Little };
        let endian = if header.is_big_endian() { Endian::Big } else { Endian::Little };
        let table = header.sections(order, bytes).map_err(broken)?;

        let mut symtabs = table.enumerate().filter(|(_, s)| s.sh_type(order) == SHT_SYMTAB);
        let Some((symtab, symtab_header)) = symtabs.next() else {
            return Err(Error::malformed("no symbol table"));
        };
        if symtabs.next().is_some() {
            return Err(Error::malformed("more than one symbol table"));
        }

        let mut sections = read_sections(&table, order, bytes, budget)?;
        read_relocations(&mut sections, &table, order, bytes, symtab)?;
        let raw = symtab_header.symbols(order, bytes, &table, symtab).map_err(broken)?;
        let mut symbols = symbols::read(&raw.unwrap_or_default(), order, sections.len(), budget)?;
        jump_tables::make_local(&mut symbols, |index| sections[index].name == jump_tables::NAME);

        let one = |role: Role, name: &str| {
            let mut found = sections.iter().filter(|s| s.role == role && !s.bytes.is_empty());
            let first = found.next();
            match found.next() {
                Some(_) => Err(Error::malformed("two sections of this name").within(frame(name))),
                None => Ok(first.map(|section| section.bytes)),
            }
        };
        let btf = one(Role::Btf, ".BTF")?
            .map(|bytes| Btf::parse(bytes, endian).map_err(|error| error.within(frame(".BTF"))));
        let btf = btf.transpose()?;
        // Without types, what it says has no meaning.
        let ext = one(Role::BtfExt, ".BTF.ext")?.filter(|_| btf.is_some()).map(|bytes| {
            BtfExt::parse(bytes, endian).map_err(|error| error.within(frame(".BTF.ext")))
        });
        Ok(Self { name, endian, sections, symbols, btf, ext: ext.transpose()? })
    }
}

fn frame(section: &str) -> Frame {
    Frame::Section(section.to_owned())
}

fn check_header(bytes: &[u8]) -> Result<&Header> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err(Error::malformed("not an ELF file"));
    }
    let header = Header::parse(bytes).map_err(broken)?;
    let order = header.endian().map_err(broken)?;
    let (kind, machine) = (header.e_type(order), header.e_machine(order));
    if kind != ET_REL || (machine != EM_BPF && machine != EM_NONE) {
        return Err(Error::malformed(format!(
            "expected a relocatable object for BPF (ELF type 1, machine {}), found type {} and machine {}",
            EM_BPF.0, kind.0, machine.0
        ))
        .with_hint("an object as clang -target bpf -c writes it"));
    }
    Ok(header)
}

fn read_sections<'a>(
    table: &SectionTable<'a, Header, &'a [u8]>,
    order: Endianness,
    file: &'a [u8],
    budget: &mut Budget,
) -> Result<Vec<Section<'a>>> {
    let mut sections = Vec::with_capacity(table.len());
    let mut linked = 0_usize;
    for (index, header) in table.iter().enumerate() {
        let name = table.section_name(order, header).map_err(broken)?;
        budget.take(name.len())?;
        let name = std::str::from_utf8(name)
            .map_err(|_| Error::malformed(format!("the name of section {index} is not UTF-8")))?;
        let section =
            read_section(name, header, order, file).map_err(|error| error.within(frame(name)))?;
        linked = linked.saturating_add(section.bytes.len());
        sections.push(section);
    }
    // They lie beside each other in an honest file.
    if linked > file.len() {
        return Err(Error::malformed(format!(
            "its sections overlap: {linked} bytes in a file of {}",
            file.len()
        )));
    }
    Ok(sections)
}

fn read_section<'a>(
    name: &'a str,
    header: &<Header as object::read::elf::FileHeader>::SectionHeader,
    order: Endianness,
    file: &'a [u8],
) -> Result<Section<'a>> {
    let (kind, size) = (header.sh_type(order), header.sh_size(order));
    let flags = header.sh_flags(order);
    let role = match kind {
        SHT_NULL | SHT_STRTAB | SHT_SYMTAB | SHT_REL | SHT_RELA | SHT_NOTE => Role::Dropped,
        // Debug information, which nothing reads that loads the object.
        SHT_PROGBITS if name.starts_with(".debug_") || name.starts_with(".note.") => Role::Dropped,
        SHT_PROGBITS if name == ".text" && size == 0 => Role::Dropped,
        SHT_PROGBITS if name == ".BTF" => Role::Btf,
        SHT_PROGBITS if name == ".BTF.ext" => Role::BtfExt,
        SHT_PROGBITS | SHT_NOBITS => Role::Linked,
        SHT_GROUP => return Err(Error::not_supported_yet("a group of sections (COMDAT)")),
        other if other.0 >= SHT_LOOS => Role::Dropped,
        other => {
            return Err(Error::not_supported_yet(format!("a section of ELF type {}", other.0)));
        }
    };
    if role != Role::Dropped && flags.contains(SHF_COMPRESSED) {
        return Err(Error::not_supported_yet("a compressed section"));
    }
    // Clang says 1 of the tables, whose entries are read as numbers of 8 bytes.
    let least = if name == jump_tables::NAME { 8 } else { 1 };
    let align = header.sh_addralign(order).max(least);
    if role == Role::Linked && !align.is_power_of_two() {
        return Err(Error::malformed(format!("an alignment of {align}, not a power of two")));
    }
    let bytes = match role {
        Role::Dropped => &[],
        _ => header.data(order, file).map_err(broken)?,
    };
    let section = Section {
        name,
        role,
        kind: kind.0,
        flags: flags.0,
        align,
        entry_size: header.sh_entsize(order),
        bytes,
        size,
        relocations: Vec::new(),
    };
    if role == Role::Linked && section.is_text() && !size.is_multiple_of(INSN_SIZE as u64) {
        return Err(Error::malformed(format!("expected whole instructions, found {size} bytes")));
    }
    Ok(section)
}

/// Adds to each section that is linked what is to be filled in there.
fn read_relocations<'a>(
    sections: &mut [Section<'a>],
    table: &SectionTable<'a, Header, &'a [u8]>,
    order: Endianness,
    file: &'a [u8],
    symtab: SectionIndex,
) -> Result<()> {
    let mut read = 0_usize;
    for header in table.iter() {
        let kind = header.sh_type(order);
        if kind != SHT_REL && kind != SHT_RELA {
            continue;
        }
        let target = sections.get_mut(header.sh_info(order) as usize);
        let Some(section) = target.filter(|section| section.role == Role::Linked) else { continue };
        let name = section.name;
        let within = |error: Error| error.within(frame(name));
        if header.link(order) != symtab {
            return Err(within(Error::malformed("its relocations refer to another symbol table")));
        }
        if header.rela(order, file).map_err(broken)?.is_some_and(|(rela, _)| !rela.is_empty()) {
            let what = "relocations with explicit addends (RELA)";
            return Err(within(Error::not_supported_yet(what)));
        }
        let Some((rel, _)) = header.rel(order, file).map_err(broken)? else { continue };
        read = read.saturating_add(size_of_val(rel));
        if read > file.len() {
            return Err(within(Error::malformed("its relocations overlap others")));
        }
        section.relocations.extend(rel.iter().map(|rel| Relocation {
            offset: rel.r_offset(order),
            symbol: rel.r_sym(order),
            kind: rel.r_type(order).0,
        }));
    }
    for section in sections {
        section.relocations.sort_by_key(|relocation| relocation.offset);
    }
    Ok(())
}

/// What the ELF parser found wrong, in its own words.
pub(super) fn broken(error: object::read::Error) -> Error {
    Error::malformed(error.to_string())
}
