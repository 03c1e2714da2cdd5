//! The ELF file.

use std::collections::HashMap;

use bpf_skel::spec::Endian;
use bpf_skel::{Error, Result};
use object::elf::{
    EM_BPF, ET_REL, SHF_INFO_LINK, SHN_ABS, SHN_LORESERVE, SHN_UNDEF, SHT_PROGBITS, SHT_REL,
    SHT_STRTAB, SHT_SYMTAB, STB_GLOBAL, STB_LOCAL, STB_WEAK,
};

use super::budget::Budget;
use super::sections::{Layout, OutSection};
use super::symbols::{Binding, Row, RowPlace, Table};

const HEADER_LEN: u16 = 64;
const SECTION_HEADER_LEN: u16 = 64;
const SYMBOL_LEN: u64 = 24;
const RELOCATION_LEN: u64 = 16;

/// What places in the file are aligned to at the most.
const MOST_ALIGNED: u64 = 1 << 16;

/// The bytes of the result: each section with its relocations, then BTF, then the symbols and all names.
pub(super) fn object(
    layout: &Layout<'_>,
    table: &Table<'_>,
    btf: Option<&[u8]>,
    ext: Option<&[u8]>,
    endian: Endian,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let with_relocations = layout.sections.iter().filter(|it| !it.relocations.is_empty()).count();
    let btfs = usize::from(btf.is_some()) + usize::from(ext.is_some());
    let symtab = 1 + layout.sections.len() + with_relocations + btfs;
    // The symbol table and the names come last.
    if symtab + 2 > usize::from(SHN_LORESERVE) {
        return Err(Error::not_supported_yet(format!("{} sections", symtab + 2)));
    }
    let mut file = File::new(endian, budget);
    let mut indices = Vec::new();
    for section in &layout.sections {
        let index = file.section(Header {
            name: section.name.to_owned(),
            kind: section.kind,
            flags: section.flags,
            size: section.size,
            align: section.align,
            entry_size: section.entry_size,
            bytes: &section.bytes,
            ..Header::default()
        })?;
        indices.push(index);
        if !section.relocations.is_empty() {
            file.section(Header {
                name: format!(".rel{}", section.name),
                kind: SHT_REL.0,
                flags: SHF_INFO_LINK.0,
                size: RELOCATION_LEN * section.relocations.len() as u64,
                align: 8,
                entry_size: RELOCATION_LEN,
                link: symtab as u32,
                info: index,
                bytes: &relocations(section, endian),
            })?;
        }
    }
    for (name, bytes) in [(".BTF", btf), (".BTF.ext", ext)] {
        if let Some(bytes) = bytes {
            let (name, size) = (name.to_owned(), bytes.len() as u64);
            let kind = SHT_PROGBITS.0;
            file.section(Header { name, kind, size, align: 8, bytes, ..Header::default() })?;
        }
    }
    let rows = symbols(&table.rows, &indices, &mut file);
    file.section(Header {
        name: ".symtab".to_owned(),
        kind: SHT_SYMTAB.0,
        size: rows.len() as u64,
        align: 8,
        entry_size: SYMBOL_LEN,
        link: symtab as u32 + 1,
        info: table.locals as u32 + 1,
        bytes: &rows,
        ..Header::default()
    })?;
    file.finish()
}

fn relocations(section: &OutSection<'_>, endian: Endian) -> Vec<u8> {
    let words = section.relocations.iter().flat_map(|relocation| {
        [relocation.offset, u64::from(relocation.symbol) << 32 | u64::from(relocation.kind)]
    });
    words.flat_map(|word| u64_bytes(word, endian)).collect()
}

fn symbols(rows: &[Row<'_>], indices: &[u32], file: &mut File<'_>) -> Vec<u8> {
    let endian = file.endian;
    let mut bytes = vec![0; SYMBOL_LEN as usize];
    for row in rows {
        let binding = match row.binding {
            Binding::Local => STB_LOCAL.0,
            Binding::Global => STB_GLOBAL.0,
            Binding::Weak => STB_WEAK.0,
        };
        let section = match row.place {
            RowPlace::Undefined => SHN_UNDEF.0,
            RowPlace::Absolute => SHN_ABS.0,
            RowPlace::Section(section) => indices[section] as u16,
        };
        bytes.extend(endian.u32_bytes(file.string(row.name)));
        bytes.extend([binding << 4 | row.kind, row.visibility]);
        bytes.extend(u16_bytes(section, endian));
        bytes.extend(u64_bytes(row.value, endian));
        bytes.extend(u64_bytes(row.size, endian));
    }
    bytes
}

/// A section header without its offset.
#[derive(Default)]
struct Header<'b> {
    name: String,
    kind: u32,
    flags: u64,
    size: u64,
    align: u64,
    entry_size: u64,
    link: u32,
    info: u32,
    bytes: &'b [u8],
}

/// The file in the making: what comes after its header, and the section headers.
struct File<'f> {
    endian: Endian,
    budget: &'f mut Budget,
    bytes: Vec<u8>,
    headers: Vec<u8>,
    sections: u16,
    strings: Vec<u8>,
    known: HashMap<String, u32>,
}

impl<'f> File<'f> {
    fn new(endian: Endian, budget: &'f mut Budget) -> Self {
        Self {
            endian,
            budget,
            bytes: vec![0; usize::from(HEADER_LEN)],
            headers: vec![0; usize::from(SECTION_HEADER_LEN)],
            sections: 1,
            strings: vec![0],
            known: HashMap::from([(String::new(), 0)]),
        }
    }

    /// The offset of a name, which is added unless it is there.
    fn string(&mut self, text: &str) -> u32 {
        if let Some(&offset) = self.known.get(text) {
            return offset;
        }
        let offset = self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        self.known.insert(text.to_owned(), offset);
        offset
    }

    /// Adds a section; returns its index.
    fn section(&mut self, header: Header<'_>) -> Result<u32> {
        let endian = self.endian;
        // libelf believes no alignment above the offset, and libbpf's linker refuses the object.
        let align = header.align.clamp(8, MOST_ALIGNED) as usize;
        let start = self.bytes.len().next_multiple_of(align);
        self.budget.take(start - self.bytes.len())?;
        self.bytes.resize(start, 0);
        let offset = start as u64;
        self.bytes.extend_from_slice(header.bytes);
        let name = self.string(&header.name);
        let mut words = Vec::new();
        words.extend([name, header.kind].iter().flat_map(|word| endian.u32_bytes(*word)));
        // `sh_addr` is 0.
        let longs = [header.flags, 0, offset, header.size];
        words.extend(longs.iter().flat_map(|word| u64_bytes(*word, endian)));
        words.extend([header.link, header.info].iter().flat_map(|word| endian.u32_bytes(*word)));
        let longs = [header.align, header.entry_size];
        words.extend(longs.iter().flat_map(|word| u64_bytes(*word, endian)));
        self.headers.extend(words);
        self.sections += 1;
        Ok(u32::from(self.sections) - 1)
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        let name = ".strtab".to_owned();
        self.string(&name);
        let strings = std::mem::take(&mut self.strings);
        let size = strings.len() as u64;
        let kind = SHT_STRTAB.0;
        let names = self.section(Header {
            name,
            kind,
            size,
            align: 1,
            bytes: &strings,
            ..Header::default()
        })?;
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let headers = self.bytes.len() as u64;
        self.bytes.append(&mut self.headers);

        let endian = self.endian;
        let data = if endian == Endian::Little { 1 } else { 2 };
        let mut header = vec![0x7f, b'E', b'L', b'F', 2, data, 1];
        header.resize(16, 0);
        header.extend(u16_bytes(ET_REL.0, endian));
        header.extend(u16_bytes(EM_BPF.0, endian));
        header.extend(endian.u32_bytes(1));
        // `e_entry`, `e_phoff`
        header.extend([0; 16]);
        header.extend(u64_bytes(headers, endian));
        // `e_flags`
        header.extend([0; 4]);
        let words = [HEADER_LEN, 0, 0, SECTION_HEADER_LEN, self.sections, names as u16];
        header.extend(words.iter().flat_map(|word| u16_bytes(*word, endian)));
        self.bytes[..usize::from(HEADER_LEN)].copy_from_slice(&header);
        Ok(self.bytes)
    }
}

fn u16_bytes(value: u16, endian: Endian) -> [u8; 2] {
    match endian {
        Endian::Little => value.to_le_bytes(),
        Endian::Big => value.to_be_bytes(),
    }
}

fn u64_bytes(value: u64, endian: Endian) -> [u8; 8] {
    match endian {
        Endian::Little => value.to_le_bytes(),
        Endian::Big => value.to_be_bytes(),
    }
}
