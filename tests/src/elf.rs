//! ELF objects made by hand, for what no compiler writes.

/// A section to write.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// `sh_type`
    pub kind: u32,
    /// `sh_flags`
    pub flags: u64,
    /// Its bytes; none for a section that takes the bytes of another one.
    pub bytes: Vec<u8>,
    /// Takes the bytes of the section of this index.
    pub same_bytes_as: Option<usize>,
    /// `sh_size`, where it is to lie about the bytes.
    pub size: Option<u64>,
    /// `sh_link`
    pub link: u32,
    /// `sh_info`
    pub info: u32,
    /// `sh_entsize`
    pub entry: u64,
}

/// A symbol to write.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// `st_info`: binding and type.
    pub info: u8,
    /// ELF index of its section.
    pub section: u16,
    /// `st_value`
    pub value: u64,
    /// `st_size`
    pub size: u64,
}

/// `SHT_PROGBITS`
pub const PROGBITS: u32 = 1;
/// `SHT_NOBITS`
pub const NOBITS: u32 = 8;
/// `SHT_REL`
pub const REL: u32 = 9;
/// `SHF_ALLOC | SHF_EXECINSTR`
pub const EXEC: u64 = 6;
/// A global function.
pub const FUNCTION: u8 = 0x12;

const HEADER: usize = 64;

/// A little-endian object for BPF with these sections (the first has index 1) and symbols. Behind them come the
/// symbol table and its strings.
pub fn object(sections: &[Section], symbols: &[Symbol]) -> Vec<u8> {
    let mut strings = vec![0];
    let mut intern = |text: &str| {
        let at = strings.len() as u32;
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        at
    };
    let mut symtab = vec![0; 24];
    for symbol in symbols {
        symtab.extend_from_slice(&intern(&symbol.name).to_le_bytes());
        symtab.extend_from_slice(&[symbol.info, 0]);
        symtab.extend_from_slice(&symbol.section.to_le_bytes());
        symtab.extend_from_slice(&symbol.value.to_le_bytes());
        symtab.extend_from_slice(&symbol.size.to_le_bytes());
    }
    let names: Vec<u32> = sections.iter().map(|section| intern(&section.name)).collect();
    let mut all = sections.to_vec();
    let link = all.len() as u32 + 2;
    all.push(Section { kind: 2, bytes: symtab, link, entry: 24, ..Default::default() });
    all.push(Section { kind: 3, bytes: strings, ..Default::default() });

    let mut file = vec![0; HEADER];
    let mut places = vec![(0, 0)];
    for section in &all {
        places.push(match section.same_bytes_as {
            Some(other) => places[other],
            None => {
                let place = (file.len() as u64, section.bytes.len() as u64);
                file.extend_from_slice(&section.bytes);
                file.resize(file.len().next_multiple_of(8), 0);
                place
            }
        });
    }
    let headers = file.len() as u64;
    file.extend_from_slice(&[0; HEADER]);
    for (index, section) in all.iter().enumerate() {
        let (offset, size) = places[index + 1];
        file.extend_from_slice(&names.get(index).copied().unwrap_or(0).to_le_bytes());
        file.extend_from_slice(&section.kind.to_le_bytes());
        for word in [section.flags, 0, offset, section.size.unwrap_or(size)] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&section.link.to_le_bytes());
        file.extend_from_slice(&section.info.to_le_bytes());
        file.extend_from_slice(&8u64.to_le_bytes());
        file.extend_from_slice(&section.entry.to_le_bytes());
    }

    let count = all.len() as u16 + 1;
    file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    file[16..18].copy_from_slice(&1u16.to_le_bytes());
    file[18..20].copy_from_slice(&247u16.to_le_bytes());
    file[20..24].copy_from_slice(&1u32.to_le_bytes());
    file[40..48].copy_from_slice(&headers.to_le_bytes());
    file[52..54].copy_from_slice(&(HEADER as u16).to_le_bytes());
    file[58..60].copy_from_slice(&64u16.to_le_bytes());
    file[60..62].copy_from_slice(&count.to_le_bytes());
    file[62..64].copy_from_slice(&(count - 1).to_le_bytes());
    file
}
