//! `.BTF.ext` of the result: functions, source lines and CO-RE relocations with their new places, types and strings.

use std::collections::HashMap;

use bpf_skel::btf::{Btf, BtfBuilder, BtfExt};
use bpf_skel::spec::Endian;
use bpf_skel::{Error, Frame, Result};

use super::btf::Merged;
use super::budget::Budget;
use super::input::Input;
use super::overridden::Overridden;
use super::sections::{Layout, Placed};

/// The types that instructions refer to, by input: those of CO-RE relocations are referred to by nothing else.
pub(super) fn used_types(
    inputs: &[Input<'_>],
    overridden: &Overridden,
) -> Result<Vec<(usize, u32)>> {
    let mut used = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        let Some(reader) = Reader::new(number, input, overridden) else { continue };
        for section in reader.ext.func_info() {
            let index = reader.section(section.section_name_off)?;
            let funcs = section.records().filter(|it| reader.is_live(index, it.insn_off));
            used.extend(funcs.map(|it| (number, it.type_id)));
        }
        for section in reader.ext.core_relos() {
            let index = reader.section(section.section_name_off)?;
            let core = section.records().filter(|it| reader.is_live(index, it.insn_off));
            used.extend(core.map(|it| (number, it.type_id)));
        }
        let types = input.btf.as_ref().map_or(0, Btf::len);
        if let Some((_, id)) = used.iter().find(|(it, id)| *it == number && *id >= types) {
            return Err(reader.fault(format!("it refers to BTF type {id} of {types}")));
        }
    }
    Ok(used)
}

/// The bytes of the result's section; `None` where no input has one.
pub(super) fn merge(
    inputs: &[Input<'_>],
    layout: &Layout<'_>,
    overridden: &Overridden,
    merged: &mut Merged,
    endian: Endian,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>> {
    if inputs.iter().all(|input| input.ext.is_none()) {
        return Ok(None);
    }
    let part = |words| Part { words, sections: vec![Vec::new(); layout.sections.len()] };
    let mut funcs = part(&[Word::Type][..]);
    let mut lines = part(&[Word::Text, Word::Text, Word::Number]);
    let mut core = part(&[Word::Type, Word::Text, Word::Number]);
    let readers: Vec<Option<Reader<'_, '_>>> = inputs
        .iter()
        .enumerate()
        .map(|(number, input)| Reader::new(number, input, overridden))
        .collect();
    for reader in readers.iter().flatten() {
        for section in reader.ext.func_info() {
            let records = section.records().map(|it| (it.insn_off, [it.type_id, 0, 0]));
            reader.collect(layout, section.section_name_off, records, &mut funcs)?;
        }
        for section in reader.ext.line_info() {
            let records = section.records().map(|it| {
                let line_col = it.line << 10 | it.col;
                (it.insn_off, [it.file_name_off, it.line_off, line_col])
            });
            reader.collect(layout, section.section_name_off, records, &mut lines)?;
        }
        for section in reader.ext.core_relos() {
            let records =
                section.records().map(|it| (it.insn_off, [it.type_id, it.access_str_off, it.kind]));
            reader.collect(layout, section.section_name_off, records, &mut core)?;
        }
    }
    let mut strings = Strings { readers: &readers, known: HashMap::new(), budget };
    let mut parts = Vec::new();
    for part in [funcs, lines, core] {
        parts.push(part.bytes(layout, merged, &mut strings, endian)?);
    }
    Ok(Some(section_bytes(&parts, endian)))
}

/// `magic`, `version`, `flags`, `hdr_len`, and an offset and a length for each part.
fn section_bytes(parts: &[Vec<u8>], endian: Endian) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(match endian {
        Endian::Little => 0xeb9f_u16.to_le_bytes(),
        Endian::Big => 0xeb9f_u16.to_be_bytes(),
    });
    bytes.extend([1, 0]);
    let mut words = vec![32];
    let mut offset = 0;
    for part in parts {
        words.extend([offset, part.len() as u32]);
        offset += part.len() as u32;
    }
    bytes.extend(words.iter().flat_map(|word| endian.u32_bytes(*word)));
    parts.iter().for_each(|part| bytes.extend(part));
    bytes
}

/// What a word of a record is, after its offset.
#[derive(Clone, Copy)]
enum Word {
    /// The id of a type.
    Type,
    /// The offset of a string.
    Text,
    Number,
}

/// One of the three parts of the section.
struct Part<'w> {
    words: &'w [Word],
    /// By section of the result.
    sections: Vec<Vec<Record>>,
}

#[derive(Clone, Copy)]
struct Record {
    input: usize,
    /// In the result.
    offset: u32,
    /// As the input has them.
    words: [u32; 3],
}

impl Part<'_> {
    /// Strings are added as they are met here, so that linking the result again finds them in the same order.
    fn bytes(
        &self,
        layout: &Layout<'_>,
        merged: &mut Merged,
        strings: &mut Strings<'_, '_, '_>,
        endian: Endian,
    ) -> Result<Vec<u8>> {
        // libbpf takes a part without records for a broken section.
        if self.sections.iter().all(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut out = vec![4 * (1 + self.words.len() as u32)];
        let sections = layout.sections.iter().zip(&self.sections);
        for (section, records) in sections.filter(|(_, records)| !records.is_empty()) {
            out.extend([merged.builder.string(section.name), records.len() as u32]);
            for record in records {
                out.push(record.offset);
                for (word, &value) in self.words.iter().zip(&record.words) {
                    let ids = &merged.ids[record.input];
                    out.push(match word {
                        Word::Type => ids.get(value as usize).copied().unwrap_or_default(),
                        Word::Text => strings.get(record.input, value, &mut merged.builder)?,
                        Word::Number => value,
                    });
                }
            }
        }
        Ok(out.iter().flat_map(|word| endian.u32_bytes(*word)).collect())
    }
}

/// One input's records.
struct Reader<'r, 'a> {
    number: usize,
    input: &'r Input<'a>,
    btf: &'r Btf<'a>,
    ext: &'r BtfExt<'a>,
    overridden: &'r Overridden,
}

impl<'r, 'a> Reader<'r, 'a> {
    fn new(number: usize, input: &'r Input<'a>, overridden: &'r Overridden) -> Option<Self> {
        let (btf, ext) = (input.btf.as_ref()?, input.ext.as_ref()?);
        Some(Self { number, input, btf, ext, overridden })
    }

    fn fault(&self, what: String) -> Error {
        Error::malformed(what)
            .within(Frame::Section(".BTF.ext".to_owned()))
            .within(Frame::Object(self.input.name.to_owned()))
    }

    /// The ELF index of the section that some records are of.
    fn section(&self, name: u32) -> Result<usize> {
        let Some(name) = self.btf.string(name) else {
            return Err(self.fault(format!("no string at {name} for a section's name")));
        };
        self.input
            .section_named(name)
            .ok_or_else(|| self.fault(format!("it describes section {name:?}, which is not there")))
    }

    /// Adds the records of a section to those of the section of the result.
    fn collect(
        &self,
        layout: &Layout<'_>,
        section_name: u32,
        records: impl Iterator<Item = (u32, [u32; 3])>,
        part: &mut Part<'_>,
    ) -> Result<()> {
        let index = self.section(section_name)?;
        let Some(placed) = layout.place(self.number, index) else { return Ok(()) };
        for (offset, words) in records.filter(|(offset, _)| self.is_live(index, *offset)) {
            let offset = self.moved(index, placed, offset)?;
            part.sections[placed.section].push(Record { input: self.number, offset, words });
        }
        Ok(())
    }

    fn is_live(&self, section: usize, offset: u32) -> bool {
        !self.overridden.contains(self.number, section, offset.into())
    }

    fn moved(&self, section: usize, placed: Placed, offset: u32) -> Result<u32> {
        let size = self.input.sections[section].size;
        let moved = placed.base.checked_add(offset.into()).filter(|_| u64::from(offset) < size);
        moved.and_then(|at| u32::try_from(at).ok()).ok_or_else(|| {
            let name = self.input.sections[section].name;
            self.fault(format!("offset {offset} of section {name:?}, which has {size} bytes"))
        })
    }
}

/// The inputs' strings in the result.
struct Strings<'s, 'r, 'a> {
    readers: &'s [Option<Reader<'r, 'a>>],
    /// By input and offset there.
    known: HashMap<(usize, u32), u32>,
    budget: &'s mut Budget,
}

impl Strings<'_, '_, '_> {
    fn get(&mut self, input: usize, offset: u32, builder: &mut BtfBuilder) -> Result<u32> {
        if let Some(&known) = self.known.get(&(input, offset)) {
            return Ok(known);
        }
        let Some(reader) = &self.readers[input] else { return Ok(0) };
        let Some(bytes) = reader.btf.string_bytes(offset) else {
            return Err(reader.fault(format!("no string at {offset}")));
        };
        self.budget.take(bytes.len())?;
        // Source lines may be in any encoding.
        let new = builder.string(&String::from_utf8_lossy(bytes));
        self.known.insert((input, offset), new);
        Ok(new)
    }
}
