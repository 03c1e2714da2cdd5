//! The number that a relocation stands for.

use super::place::Place;
use crate::btf::{Btf, Kind};
use crate::error::{Error, Result};
use crate::spec::{CoreKind, CoreMoved, CoreNumber, CoreSort, Endian};

/// What a relocation asks, whichever side's types answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) kind: CoreKind,
    /// Whether the object's enum is signed.
    pub(super) signed: bool,
}

fn certain(value: u64) -> CoreNumber {
    CoreNumber { value, certain: true, moved: None }
}

impl Asked {
    /// The number at a place of `btf`, which is the object's or a candidate's. `None` where there is no such number: the
    /// instruction must not be reached.
    pub(super) fn at(self, btf: &Btf<'_>, place: &Place<'_>) -> Result<Option<CoreNumber>> {
        Ok(Some(match self.kind {
            CoreKind::FieldExists
            | CoreKind::EnumvalExists
            | CoreKind::TypeExists
            | CoreKind::TypeMatches => certain(1),
            CoreKind::TypeSize => certain(btf.size_of(place.root)?),
            CoreKind::TypeIdTarget | CoreKind::TypeIdLocal => {
                // Linkers renumber types and leave the instruction alone.
                CoreNumber { value: u64::from(place.root), certain: false, moved: None }
            }
            CoreKind::EnumvalValue => return Ok(self.enumerator(btf, place)),
            _ => self.field(btf, place)?,
        }))
    }

    /// The number where no candidate has what is meant.
    pub(super) fn nowhere(self) -> Option<CoreNumber> {
        match self.kind {
            CoreKind::FieldExists
            | CoreKind::EnumvalExists
            | CoreKind::TypeExists
            | CoreKind::TypeMatches
            | CoreKind::TypeSize
            | CoreKind::TypeIdTarget
            | CoreKind::TypeIdLocal => Some(certain(0)),
            _ => None,
        }
    }

    fn enumerator(self, btf: &Btf<'_>, place: &Place<'_>) -> Option<CoreNumber> {
        let value = match btf.resolve(place.root)?.1.kind {
            Kind::Enum(kind) => {
                let (_, value) = kind.value(place.enumerator)?;
                // Encoders before 2022 do not say that an enum is signed; one side that says so is enough.
                if kind.signed || self.signed {
                    i64::from(value as i32) as u64
                } else {
                    value as u64
                }
            }
            Kind::Enum64(kind) => kind.value(place.enumerator)?.1,
            _ => return None,
        };
        Some(certain(value))
    }

    fn field(self, btf: &Btf<'_>, place: &Place<'_>) -> Result<CoreNumber> {
        let step = place.last.ok_or_else(|| Error::malformed("a field without a path"))?;
        let Some(member) = step.member else {
            return match self.kind {
                CoreKind::FieldByteOffset => Ok(CoreNumber {
                    value: place.bit_offset / 8,
                    certain: true,
                    moved: Some(moved(btf, step.ty)?),
                }),
                CoreKind::FieldByteSize => Ok(certain(btf.size_of(step.ty)?)),
                _ => Err(Error::malformed("an array element has no bits of its own")),
            };
        };
        let (id, ty) = btf.resolve(member.ty).ok_or_else(|| {
            Error::malformed(format!("the type of member {:?} does not resolve", member.name))
        })?;
        let size = btf.size_of(id)?;
        let old_bits = match ty.kind {
            Kind::Int(int) if u64::from(int.bits) != size * 8 => Some(int.bits),
            _ => None,
        };
        let bitfield = member.bitfield_size.or(old_bits);
        let unit = match bitfield {
            None => Unit { at: place.bit_offset / 8, size, bits: size.saturating_mul(8) },
            Some(bits) => {
                Unit::around(place.bit_offset, u64::from(bits), size).ok_or_else(|| {
                    Error::not_supported_yet("a bit-field that takes more than 8 bytes to load")
                })?
            }
        };
        let number = |value| CoreNumber { value, certain: bitfield.is_none(), moved: None };
        Ok(match self.kind {
            CoreKind::FieldByteOffset => CoreNumber {
                moved: if bitfield.is_some() { None } else { Some(moved(btf, id)?) },
                ..number(unit.at)
            },
            CoreKind::FieldByteSize => number(unit.size),
            CoreKind::FieldSigned => certain(u64::from(match ty.kind {
                Kind::Int(int) => int.encoding.is_signed(),
                Kind::Enum(kind) => kind.signed,
                Kind::Enum64(kind) => kind.signed,
                _ => false,
            })),
            CoreKind::FieldLshiftU64 => number(unit.left_shift(place.bit_offset, btf.endian())),
            // The number of bits is never in doubt.
            _ => certain(64_u64.saturating_sub(unit.bits)),
        })
    }
}

/// The bytes that are loaded to get at a field.
struct Unit {
    /// Offset in bytes.
    at: u64,
    /// Size in bytes.
    size: u64,
    /// Bits of the field itself.
    bits: u64,
}

impl Unit {
    /// The smallest aligned load of at least the type's size, and at most 8 bytes, that has the whole bit-field.
    fn around(bit_offset: u64, bits: u64, size: u64) -> Option<Self> {
        let mut size = size.max(1);
        while size <= 8 {
            let at = bit_offset / 8 / size * size;
            if bit_offset + bits - at * 8 <= size * 8 {
                return Some(Self { at, size, bits });
            }
            size *= 2;
        }
        None
    }

    /// How far a loaded value is shifted left so that the field's top bit becomes the 64-bit register's.
    fn left_shift(&self, bit_offset: u64, endian: Endian) -> u64 {
        let within = bit_offset - self.at * 8;
        match endian {
            Endian::Little => 64_u64.saturating_sub(within + self.bits),
            Endian::Big => 8_u64.saturating_sub(self.size) * 8 + within,
        }
    }
}

/// Of an array, loads and stores move an element.
fn moved(btf: &Btf<'_>, mut id: u32) -> Result<CoreMoved> {
    // It has a size: so its chain of arrays ends.
    btf.size_of(id)?;
    loop {
        let sort = match btf.resolve_kind(id).map(|(_, kind)| kind) {
            Some(Kind::Array(array)) => {
                id = array.element;
                continue;
            }
            Some(Kind::Ptr(_)) => CoreSort::Pointer,
            Some(Kind::Int(int)) if !int.encoding.is_signed() => CoreSort::Unsigned,
            _ => CoreSort::Other,
        };
        // No array any more: its size is written in 32 bits.
        let size = u32::try_from(btf.size_of(id)?)
            .map_err(|_| Error::malformed("an element of more than 4 GiB"))?;
        return Ok(CoreMoved { size, sort });
    }
}
