//! `.BTF.ext`: what belongs to instructions — functions, source lines and CO-RE relocations.
//!
//! ```text
//!   header | func_info | line_info | core_relo           each: u32 record size, then sections
//!   section: u32 name of the ELF section, u32 number of records, the records
//! ```

use std::marker::PhantomData;

use super::wire::{check_prologue, section, u32_at};
use crate::error::{Error, Result};
use crate::spec::Endian;

/// A `.BTF.ext` section, read in place and checked.
#[derive(Clone, Copy, Debug)]
pub struct BtfExt<'a> {
    func_info: Info<'a>,
    line_info: Info<'a>,
    core_relos: Info<'a>,
}

/// One of the three parts: the sections after the record size.
#[derive(Clone, Copy, Debug)]
struct Info<'a> {
    bytes: &'a [u8],
    record: usize,
    endian: Endian,
}

/// Where a function starts, and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuncInfo {
    /// Offset in the ELF section, in bytes.
    pub insn_off: u32,
    /// A [`Kind::Func`](super::Kind::Func).
    pub type_id: u32,
}

/// The source line of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineInfo {
    /// Offset in the ELF section, in bytes.
    pub insn_off: u32,
    /// Offset of the file's name in the BTF strings.
    pub file_name_off: u32,
    /// Offset of the line's text in the BTF strings.
    pub line_off: u32,
    /// One-based line.
    pub line: u32,
    /// One-based column.
    pub col: u32,
}

/// A CO-RE relocation as the compiler wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreRelo {
    /// Offset of the instruction in the ELF section, in bytes.
    pub insn_off: u32,
    /// Root type.
    pub type_id: u32,
    /// Offset of the access string (`0:1:2`) in the BTF strings.
    pub access_str_off: u32,
    /// `enum bpf_core_relo_kind`; see [`CoreKind::from_raw`](crate::spec::CoreKind::from_raw).
    pub kind: u32,
}

/// The records of one ELF section.
#[derive(Clone, Copy)]
pub struct InfoSection<'a, T> {
    /// Offset of the ELF section's name in the BTF strings.
    pub section_name_off: u32,
    bytes: &'a [u8],
    record: usize,
    endian: Endian,
    of: PhantomData<fn() -> T>,
}

/// A record of `.BTF.ext`. Longer ones than known are read up to what is known.
trait Record: Sized {
    const WORDS: usize;
    fn read(words: [u32; 4]) -> Self;
}

impl Record for FuncInfo {
    const WORDS: usize = 2;
    fn read([insn_off, type_id, ..]: [u32; 4]) -> Self {
        Self { insn_off, type_id }
    }
}

impl Record for LineInfo {
    const WORDS: usize = 4;
    fn read([insn_off, file_name_off, line_off, line_col]: [u32; 4]) -> Self {
        Self { insn_off, file_name_off, line_off, line: line_col >> 10, col: line_col & 0x3ff }
    }
}

impl Record for CoreRelo {
    const WORDS: usize = 4;
    fn read([insn_off, type_id, access_str_off, kind]: [u32; 4]) -> Self {
        Self { insn_off, type_id, access_str_off, kind }
    }
}

/// Bytes of the header without the CO-RE part, which compilers before LLVM 10 do not write.
const HEADER_LEN: usize = 24;

impl<'a> BtfExt<'a> {
    /// Reads and checks a `.BTF.ext` section: all sizes, not what the records refer to.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) says which part is wrong.
    pub fn parse(bytes: &'a [u8], endian: Endian) -> Result<Self> {
        let header = check_prologue("BTF.ext", bytes, endian, HEADER_LEN)?;
        let part = |what: &str, at: usize, words: usize| {
            let end = at + 8;
            let (offset, len) = if header < end {
                (0, 0)
            } else {
                (u32_at(bytes, at, endian).unwrap_or(0), u32_at(bytes, at + 4, endian).unwrap_or(0))
            };
            let (_, part) = section(what, bytes, header, offset, len)?;
            Info::parse(what, part, endian, words)
        };
        Ok(Self {
            func_info: part("BTF.ext func_info", 8, FuncInfo::WORDS)?,
            line_info: part("BTF.ext line_info", 16, LineInfo::WORDS)?,
            core_relos: part("BTF.ext core_relo", 24, CoreRelo::WORDS)?,
        })
    }

    /// Functions, by ELF section.
    pub fn func_info(&self) -> impl Iterator<Item = InfoSection<'a, FuncInfo>> + Clone + use<'a> {
        self.func_info.sections()
    }

    /// Source lines, by ELF section.
    pub fn line_info(&self) -> impl Iterator<Item = InfoSection<'a, LineInfo>> + Clone + use<'a> {
        self.line_info.sections()
    }

    /// CO-RE relocations, by ELF section.
    pub fn core_relos(&self) -> impl Iterator<Item = InfoSection<'a, CoreRelo>> + Clone + use<'a> {
        self.core_relos.sections()
    }
}

impl<'a> Info<'a> {
    fn parse(what: &str, part: &'a [u8], endian: Endian, words: usize) -> Result<Self> {
        if part.is_empty() {
            return Ok(Self { bytes: part, record: 4 * words, endian });
        }
        let record = u32_at(part, 0, endian).map_or(0, |size| size as usize);
        if record < 4 * words || !record.is_multiple_of(4) {
            return Err(Error::malformed(format!(
                "{what}: record size {record}, expected at least {} and a multiple of 4",
                4 * words
            )));
        }
        let info = Self { bytes: &part[4..], record, endian };
        let mut rest = info.bytes;
        while !rest.is_empty() {
            (_, _, rest) = info.split(rest).ok_or_else(|| {
                Error::malformed(format!("{what}: a section of it reaches past the end"))
            })?;
        }
        Ok(info)
    }

    /// The name's offset and the records of the first section, and what follows it.
    fn split(&self, bytes: &'a [u8]) -> Option<(u32, &'a [u8], &'a [u8])> {
        let name = u32_at(bytes, 0, self.endian)?;
        let count = u32_at(bytes, 4, self.endian)? as usize;
        let (records, rest) = bytes.get(8..)?.split_at_checked(count.checked_mul(self.record)?)?;
        Some((name, records, rest))
    }

    fn sections<T>(self) -> impl Iterator<Item = InfoSection<'a, T>> + Clone + use<'a, T> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let (section_name_off, bytes, next) = self.split(rest)?;
            rest = next;
            let Self { record, endian, .. } = self;
            Some(InfoSection { section_name_off, bytes, record, endian, of: PhantomData })
        })
    }
}

#[allow(private_bounds, reason = "the records are the three of this module")]
impl<'a, T: Record> InfoSection<'a, T> {
    /// The records in the order of the file.
    pub fn records(&self) -> impl ExactSizeIterator<Item = T> + Clone + use<'a, T> {
        let endian = self.endian;
        self.bytes.chunks_exact(self.record).map(move |record| {
            T::read([0, 1, 2, 3].map(|n| u32_at(record, 4 * n, endian).unwrap_or(0)))
        })
    }
}
