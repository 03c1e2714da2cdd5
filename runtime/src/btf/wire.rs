//! The layout of BTF in bytes: headers, the fixed part of a type, and how long each kind is.
//!
//! ```text
//!   header (hdr_len)   type section (12 bytes + kind's own, 4-aligned)   string section (NUL-terminated)
//!   0      24          hdr_len + type_off                                hdr_len + str_off
//! ```

use super::kind::BtfKind;
use crate::error::{Error, Result};
use crate::spec::Endian;

/// `magic` of BTF and BTF.ext headers.
pub(super) const MAGIC: u16 = 0xeb9f;
/// The only version there is.
pub(super) const VERSION: u8 = 1;
/// Bytes of the BTF header that are known; a longer one is accepted.
pub(super) const HEADER_LEN: usize = 24;
/// Bytes of the part that all types have.
pub(super) const TYPE_LEN: usize = 12;

/// The byte order of what begins as BTF does.
#[cfg(any(feature = "elf", all(target_os = "linux", feature = "load")))]
pub(crate) fn order_of(bytes: &[u8]) -> Option<Endian> {
    let magic = *bytes.first_chunk()?;
    [Endian::Little, Endian::Big].into_iter().find(|order| order.u16(magic) == MAGIC)
}

/// A `u32` of this byte order, or nothing past the end.
#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize, endian: Endian) -> Option<u32> {
    Some(endian.u32(*bytes.get(at..)?.first_chunk()?))
}

/// A `u16` of this byte order, or nothing past the end.
pub(super) fn u16_at(bytes: &[u8], at: usize, endian: Endian) -> Option<u16> {
    Some(endian.u16(*bytes.get(at..)?.first_chunk()?))
}

/// The `N`th `u32` of a fixed record.
#[inline]
pub(super) fn word<const BYTES: usize>(record: &[u8; BYTES], n: usize, endian: Endian) -> u32 {
    u32_at(record, 4 * n, endian).unwrap_or(0)
}

/// The fixed part of a type: `struct btf_type`.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) name: u32,
    pub(super) info: u32,
    /// A size or the id of another type.
    pub(super) size_or_type: u32,
}

impl Head {
    #[inline]
    pub(super) fn read(types: &[u8], at: usize, endian: Endian) -> Option<Self> {
        let bytes: &[u8; TYPE_LEN] = types.get(at..)?.first_chunk()?;
        Some(Self {
            name: word(bytes, 0, endian),
            info: word(bytes, 1, endian),
            size_or_type: word(bytes, 2, endian),
        })
    }

    /// Number of members, values, parameters or variables: 24 bits since Linux 7.1; before, the upper 8 are zero.
    #[inline]
    pub(super) fn vlen(self) -> usize {
        (self.info & 0x00ff_ffff) as usize
    }

    #[inline]
    pub(crate) fn raw_kind(self) -> u8 {
        ((self.info >> 24) & 0x7f) as u8
    }

    #[inline]
    pub(super) fn kind(self) -> Option<BtfKind> {
        BtfKind::from_raw(self.raw_kind())
    }

    #[inline]
    pub(super) fn flag(self) -> bool {
        self.info >> 31 != 0
    }

    /// Bytes of the whole type, or nothing for an unknown kind.
    #[inline]
    pub(super) fn len(self, lengths: &Lengths) -> Option<usize> {
        let (fixed, each) = lengths.0[usize::from(self.raw_kind() & 0x7f)];
        // Also where it is unknown: `each` is 0 then, and the sum is not used.
        let len = TYPE_LEN + usize::from(fixed) + usize::from(each) * self.vlen();
        (fixed != UNKNOWN).then_some(len)
    }
}

/// How long types are, by kind: bytes after the fixed part, and bytes for each of `vlen`.
#[derive(Clone, Copy)]
pub(crate) struct Lengths([(u8, u8); 128]);

const UNKNOWN: u8 = u8::MAX;

impl Lengths {
    const KNOWN: Self = {
        let mut by_kind = [(UNKNOWN, 0); 128];
        let mut n = 0;
        while n < BtfKind::ALL.len() {
            let kind = BtfKind::ALL[n];
            by_kind[kind as usize] = match kind {
                BtfKind::Int | BtfKind::Var | BtfKind::DeclTag => (4, 0),
                BtfKind::Array => (12, 0),
                BtfKind::Struct | BtfKind::Union | BtfKind::DataSec | BtfKind::Enum64 => (0, 12),
                BtfKind::Enum | BtfKind::FuncProto => (0, 8),
                // Of FUNC, `vlen` is the linkage.
                _ => (0, 0),
            };
            n += 1;
        }
        Self(by_kind)
    };

    /// With kinds from the future as the layout section says (Linux 7.1): for each kind `u8 info_sz, u8 elem_sz,
    /// u16 flags`.
    fn new(layout: &[u8]) -> Self {
        let mut lengths = Self::KNOWN;
        let (entries, _) = layout.as_chunks::<4>();
        let later = lengths.0.iter_mut().zip(entries).skip(1 + BtfKind::ALL.len());
        for (length, &[fixed, each, ..]) in later {
            if fixed != UNKNOWN {
                *length = (fixed, each);
            }
        }
        lengths
    }
}

/// Where the two sections are, from a checked header.
pub(crate) struct Sections<'a> {
    pub(crate) types: &'a [u8],
    /// Offset of `types` in the whole.
    pub(super) types_at: usize,
    pub(crate) strings: &'a [u8],
    pub(super) lengths: Lengths,
}

/// Checks the part that the headers of BTF and BTF.ext share; answers the header's length.
pub(super) fn check_prologue(
    what: &str,
    bytes: &[u8],
    endian: Endian,
    known: usize,
) -> Result<usize> {
    let magic = u16_at(bytes, 0, endian).ok_or_else(|| {
        Error::malformed(format!("{what} of {} bytes has no header", bytes.len()))
    })?;
    if magic != MAGIC {
        return Err(if magic.swap_bytes() == MAGIC {
            Error::malformed(format!("{what} is not {endian}, unlike what it belongs to"))
        } else {
            Error::malformed(format!("{what} starts with {magic:#06x}, expected {MAGIC:#06x}"))
        });
    }
    match bytes.get(2) {
        Some(&VERSION) => {}
        Some(&other) => return Err(Error::not_supported_yet(format!("{what} version {other}"))),
        None => return Err(Error::malformed(format!("{what} ends in its header"))),
    }
    let header = u32_at(bytes, 4, endian).map_or(0, |len| len as usize);
    if header < known || header > bytes.len() {
        return Err(Error::malformed(format!(
            "{what} header: length {header} is not between {known} and the {} bytes there are",
            bytes.len()
        )));
    }
    Ok(header)
}

/// The part of `bytes` that a header's offset and length say, counted from the end of the header.
pub(super) fn section<'a>(
    what: &str,
    bytes: &'a [u8],
    header: usize,
    offset: u32,
    len: u32,
) -> Result<(usize, &'a [u8])> {
    let start = header.checked_add(offset as usize);
    let end = start.and_then(|start| start.checked_add(len as usize));
    start.zip(end).and_then(|(start, end)| Some((start, bytes.get(start..end)?))).ok_or_else(|| {
        Error::malformed(format!(
            "{what}: offset {offset} and length {len} reach past the end ({} bytes)",
            bytes.len()
        ))
    })
}

/// Reads the BTF header. Strings of split BTF continue those of its base and need not start with an empty one.
pub(crate) fn sections(bytes: &[u8], endian: Endian, split: bool) -> Result<Sections<'_>> {
    let header = check_prologue("BTF", bytes, endian, HEADER_LEN)?;
    let field = |n: usize| u32_at(bytes, 8 + 4 * n, endian).unwrap_or(0);
    let (types_at, types) = section("BTF types", bytes, header, field(0), field(1))?;
    let (strings_at, strings) = section("BTF strings", bytes, header, field(2), field(3))?;
    let starts_empty = split || strings.first() == Some(&0);
    let terminated = strings.last().is_none_or(|&last| last == 0);
    if !starts_empty || !terminated {
        return Err(Error::malformed("BTF strings do not start and end with a NUL byte"));
    }
    if field(0) % 4 != 0 {
        return Err(Error::malformed(format!("BTF types at offset {} are not aligned", field(0))));
    }
    if types_at < strings_at + strings.len() && strings_at < types_at + types.len() {
        return Err(Error::malformed("BTF types and strings overlap"));
    }
    let layout = if header >= HEADER_LEN + 8 {
        section("BTF layout", bytes, header, field(4), field(5))?.1
    } else {
        &[]
    };
    Ok(Sections { types, types_at, strings, lengths: Lengths::new(layout) })
}
