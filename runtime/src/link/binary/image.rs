use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::Within;
use crate::{Error, Frame, Result};

/// An ELF program or library: its headers, and the file for the rest.
pub(crate) struct Image {
    source: Source,
    wide: bool,
    big: bool,
    /// What it runs on.
    pub(crate) machine: Machine,
    /// Whether it runs where it was linked to: `ET_EXEC`, and not `ET_DYN`.
    pub(crate) is_fixed: bool,
    /// What is mapped when it runs: `PT_LOAD`.
    pub(crate) segments: Vec<Segment>,
    pub(super) sections: Vec<Section>,
    /// Which section has the sections' names.
    names: usize,
}

enum Source {
    File(File, u64),
    #[cfg(test)]
    Bytes(Vec<u8>),
}

/// `e_machine`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Machine(pub(in crate::link) u16);

impl Machine {
    pub(crate) const X86_64: Self = Self(62);
    pub(crate) const AARCH64: Self = Self(183);

    pub(crate) fn name(self) -> String {
        let name = match self.0 {
            3 => "x86",
            8 => "mips",
            20 | 21 => "powerpc",
            22 => "s390x",
            40 => "arm",
            62 => "x86_64",
            183 => "aarch64",
            243 => "riscv",
            258 => "loongarch",
            number => return format!("machine {number}"),
        };
        name.to_owned()
    }
}

/// A part of the file that is mapped to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) address: u64,
    pub(crate) offset: u64,
    /// Bytes in the file; there may be more in memory.
    pub(crate) size: u64,
    pub(crate) is_executable: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    name: u32,
    /// `sh_type`
    pub(super) kind: u32,
    pub(super) address: u64,
    offset: u64,
    size: u64,
    /// The section that belongs to it: of symbols, their names.
    pub(super) link: u32,
}

impl Image {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open = || {
            let file = File::open(path).map_err(|error| Error::system("open", error))?;
            let meta = file.metadata().map_err(|error| Error::system("stat", error))?;
            if !meta.is_file() {
                return Err(Error::invalid_input("not a regular file"));
            }
            Self::read(Source::File(file, meta.len()))
        };
        open().within(|| Frame::Path(path.display().to_string()))
    }

    #[cfg(test)]
    pub(super) fn of(bytes: Vec<u8>) -> Result<Self> {
        Self::read(Source::Bytes(bytes))
    }

    fn read(source: Source) -> Result<Self> {
        const EXEC: u16 = 2;
        const DYN: u16 = 3;
        let ident = source.bytes(0, 16).ok().filter(|ident| ident.starts_with(b"\x7fELF"));
        let ident = ident.ok_or_else(|| Error::malformed("not an ELF file"))?;
        let (wide, big) = match (ident[4], ident[5]) {
            (class @ (1 | 2), order @ (1 | 2)) => (class == 2, order == 2),
            _ => return Err(Error::malformed("neither a 32-bit nor a 64-bit ELF file")),
        };
        let header = source.bytes(0, if wide { 64 } else { 52 })?;
        let field = Fields { bytes: &header, wide, big };
        let is_fixed = match field.u16(16)? {
            EXEC => true,
            DYN => false,
            other => {
                return Err(Error::malformed(format!(
                    "expected a program or a shared library, found an ELF file of type {other}"
                )));
            }
        };
        let at = |narrow, wide_at| if wide { wide_at } else { narrow };
        let (program_headers, section_headers) = (field.word(at(28, 32))?, field.word(at(32, 40))?);
        let mut image = Self {
            machine: Machine(field.u16(18)?),
            is_fixed,
            segments: Vec::new(),
            sections: Vec::new(),
            names: usize::from(field.u16(at(50, 62))?),
            source,
            wide,
            big,
        };
        let mut segments = u64::from(field.u16(at(44, 56))?);
        let mut sections = u64::from(field.u16(at(48, 60))?);
        if section_headers != 0 {
            // Where 16 bits are too few, the first section, which is none, has the numbers.
            let first = image.table(section_headers, 1, at(40, 64))?;
            let first = Fields { bytes: &first, wide, big };
            if sections == 0 {
                sections = first.word(at(20, 32))?;
            }
            if image.names == 0xffff {
                image.names = first.u32(at(24, 40))? as usize;
            }
            if segments == 0xffff {
                segments = u64::from(first.u32(at(28, 44))?);
            }
        } else {
            sections = 0;
        }
        image.read_segments(program_headers, segments)?;
        image.read_sections(section_headers, sections)?;
        Ok(image)
    }

    fn read_segments(&mut self, from: u64, count: u64) -> Result<()> {
        const LOAD: u32 = 1;
        const EXECUTABLE: u32 = 1;
        let (wide, big) = (self.wide, self.big);
        let at = |narrow, wide_at| if wide { wide_at } else { narrow };
        let size = at(32, 56);
        for bytes in self.table(from, count, size)?.chunks_exact(size) {
            let field = Fields { bytes, wide, big };
            if field.u32(0)? == LOAD {
                self.segments.push(Segment {
                    address: field.word(at(8, 16))?,
                    offset: field.word(at(4, 8))?,
                    size: field.word(at(16, 32))?,
                    is_executable: field.u32(at(24, 4))? & EXECUTABLE != 0,
                });
            }
        }
        Ok(())
    }

    fn read_sections(&mut self, from: u64, count: u64) -> Result<()> {
        let (wide, big) = (self.wide, self.big);
        let at = |narrow, wide_at| if wide { wide_at } else { narrow };
        let size = at(40, 64);
        for bytes in self.table(from, count, size)?.chunks_exact(size) {
            let field = Fields { bytes, wide, big };
            self.sections.push(Section {
                name: field.u32(0)?,
                kind: field.u32(4)?,
                address: field.word(at(12, 16))?,
                offset: field.word(at(16, 24))?,
                size: field.word(at(20, 32))?,
                link: field.u32(at(24, 40))?,
            });
        }
        Ok(())
    }

    fn table(&self, from: u64, count: u64, size: usize) -> Result<Vec<u8>> {
        let length = count.checked_mul(size as u64).ok_or_else(beyond)?;
        self.source.bytes(from, length)
    }

    /// The first section of a type.
    pub(super) fn section_of(&self, kind: u32) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// The sections with this name.
    pub(super) fn sections_named(&self, name: &str) -> Result<Vec<&Section>> {
        let Some(names) = self.sections.get(self.names) else { return Ok(Vec::new()) };
        let names = self.content(names)?;
        let is_named = |section: &&Section| string(&names, section.name) == Some(name.as_bytes());
        Ok(self.sections.iter().filter(is_named).collect())
    }

    /// What a section has in the file.
    pub(super) fn content(&self, section: &Section) -> Result<Vec<u8>> {
        const NOBITS: u32 = 8;
        if section.kind == NOBITS {
            return Ok(Vec::new());
        }
        self.source.bytes(section.offset, section.size)
    }

    /// The part that is mapped to an address.
    pub(crate) fn segment_of(&self, address: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| {
            address.checked_sub(segment.address).is_some_and(|inside| inside < segment.size)
        })
    }

    /// Where in the file the byte is that is mapped to an address.
    pub(crate) fn offset_of(&self, address: u64) -> Option<u64> {
        let segment = self.segment_of(address)?;
        (address - segment.address).checked_add(segment.offset)
    }

    pub(super) fn fields<'b>(&self, bytes: &'b [u8]) -> Fields<'b> {
        Fields { bytes, wide: self.wide, big: self.big }
    }

    /// Whether its addresses have 64 bits.
    pub(super) fn is_wide(&self) -> bool {
        self.wide
    }
}

impl Source {
    fn bytes(&self, from: u64, length: u64) -> Result<Vec<u8>> {
        let end = from.checked_add(length).ok_or_else(beyond)?;
        match self {
            Self::File(file, size) => {
                if end > *size {
                    return Err(beyond());
                }
                let mut bytes = vec![0; usize::try_from(length).map_err(|_| beyond())?];
                file.read_exact_at(&mut bytes, from)
                    .map_err(|error| Error::system("read", error))?;
                Ok(bytes)
            }
            #[cfg(test)]
            Self::Bytes(bytes) => {
                let bytes = bytes.get(from as usize..end as usize);
                bytes.map(<[u8]>::to_vec).ok_or_else(beyond)
            }
        }
    }
}

fn beyond() -> Error {
    Error::malformed("the ELF file is shorter than its headers say")
}

/// Numbers in the file's own size and byte order.
pub(super) struct Fields<'b> {
    bytes: &'b [u8],
    wide: bool,
    big: bool,
}

impl Fields<'_> {
    fn at<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
        bytes.copied().ok_or_else(beyond)
    }

    pub(super) fn u8(&self, at: usize) -> Result<u8> {
        self.at::<1>(at).map(|[byte]| byte)
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16> {
        let bytes = self.at(at)?;
        Ok(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32> {
        let bytes = self.at(at)?;
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// An address or an offset: 4 or 8 bytes.
    pub(super) fn word(&self, at: usize) -> Result<u64> {
        if !self.wide {
            return self.u32(at).map(u64::from);
        }
        let bytes = self.at(at)?;
        Ok(if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }
}

/// A name in a table of names, without its NUL.
pub(super) fn string(table: &[u8], at: u32) -> Option<&[u8]> {
    let rest = table.get(at as usize..)?;
    rest.iter().position(|&byte| byte == 0).map(|end| &rest[..end])
}
