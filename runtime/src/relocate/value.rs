//! The number that a relocation stands for.

use super::access::{Access, Class, Named, Place};
use crate::btf::{Btf, Kind};
use crate::error::{Error, Result};
use crate::spec::{CoreKind, Endian};

/// What a relocation is on one side, the object's or the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number {
        value: u64,
        /// Whether the compiler is sure to have put the same number into the instruction: it places bit-fields by
        /// rules of its own.
        certain: bool,
        /// What a load or store of the field moves: its size, and the type for whether another size is harmless.
        moved: Option<Moved>,
    },
    /// There is no such number: the instruction must not be reached.
    Absent,
}

/// What a memory access moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) size: u64,
    pub(super) sort: Sort,
}

/// Types that keep their meaning when loads and stores change size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Pointer,
    Unsigned,
    Other,
}

impl Value {
    fn certain(value: u64) -> Self {
        Self::Number { value, certain: true, moved: None }
    }
}

impl Access<'_> {
    /// The number at a place of `btf`, which is the object's or a candidate's, or what stands for "not there".
    pub(super) fn value(&self, btf: &Btf<'_>, place: Option<&Place<'_>>) -> Result<Value> {
        let exists = Value::certain(u64::from(place.is_some()));
        match (self.kind, place) {
            (CoreKind::FieldExists | CoreKind::EnumvalExists, _)
            | (CoreKind::TypeExists | CoreKind::TypeMatches, _) => Ok(exists),
            (CoreKind::TypeSize | CoreKind::TypeIdTarget | CoreKind::TypeIdLocal, None) => {
                Ok(Value::certain(0))
            }
            (CoreKind::TypeSize, Some(place)) => Ok(Value::certain(btf.size_of(place.root)?)),
            (CoreKind::TypeIdTarget | CoreKind::TypeIdLocal, Some(place)) => {
                // Linkers renumber types and leave the instruction alone.
                Ok(Value::Number { value: u64::from(place.root), certain: false, moved: None })
            }
            (CoreKind::EnumvalValue, Some(place)) => Ok(self.enumerator_value(btf, place)),
            (_, None) => Ok(Value::Absent),
            (_, Some(place)) => self.field_value(btf, place),
        }
    }

    fn enumerator_value(&self, btf: &Btf<'_>, place: &Place<'_>) -> Value {
        let value = match btf.resolve(place.root).map(|(_, ty)| ty.kind) {
            Some(Kind::Enum(kind)) => kind.values().nth(place.enumerator).map(|(_, value)| {
                // Encoders before 2022 do not say that an enum is signed; one side that says so is enough.
                if kind.signed || self.signed_enum() {
                    i64::from(value as i32) as u64
                } else {
                    value as u64
                }
            }),
            Some(Kind::Enum64(kind)) => kind.values().nth(place.enumerator).map(|(_, value)| value),
            _ => None,
        };
        value.map_or(Value::Absent, Value::certain)
    }

    fn signed_enum(&self) -> bool {
        match self.btf.resolve(self.root).map(|(_, ty)| ty.kind) {
            Some(Kind::Enum(kind)) => kind.signed,
            Some(Kind::Enum64(kind)) => kind.signed,
            _ => false,
        }
    }

    fn field_value(&self, btf: &Btf<'_>, place: &Place<'_>) -> Result<Value> {
        debug_assert_eq!(self.class(), Class::Field);
        let step = place.steps.last().ok_or_else(|| Error::malformed("a field without a path"))?;
        let Some(member) = step.member else {
            return match self.kind {
                CoreKind::FieldByteOffset => Ok(Value::Number {
                    value: place.bit_offset / 8,
                    certain: true,
                    moved: Some(moved(btf, step.ty)?),
                }),
                CoreKind::FieldByteSize => Ok(Value::certain(btf.size_of(step.ty)?)),
                _ => Err(Error::malformed(format!(
                    "CO-RE relocation of {self}: an array element has no bits of its own"
                ))),
            };
        };
        let (id, ty) = btf.resolve(member.ty).ok_or_else(|| {
            Error::malformed(format!("{} does not resolve", Named(btf, member.ty)))
        })?;
        let size = btf.size_of(id)?;
        let old_bits = match ty.kind {
            Kind::Int(int) if u64::from(int.bits) != size * 8 => Some(int.bits),
            _ => None,
        };
        let bitfield = member.bitfield_size.or(old_bits);
        let unit = match bitfield {
            None => Unit { at: place.bit_offset / 8, size, bits: size.saturating_mul(8) },
            Some(bits) => Unit::around(place.bit_offset, u64::from(bits), size).ok_or_else(|| {
                Error::not_supported_yet(format!(
                    "CO-RE relocation of {self}: a bit-field that takes more than 8 bytes to load"
                ))
            })?,
        };
        let number = |value| Value::Number { value, certain: bitfield.is_none(), moved: None };
        Ok(match self.kind {
            CoreKind::FieldByteOffset => Value::Number {
                value: unit.at,
                certain: bitfield.is_none(),
                moved: if bitfield.is_some() { None } else { Some(moved(btf, id)?) },
            },
            CoreKind::FieldByteSize => number(unit.size),
            CoreKind::FieldSigned => Value::certain(u64::from(match ty.kind {
                Kind::Int(int) => int.encoding.is_signed(),
                Kind::Enum(kind) => kind.signed,
                Kind::Enum64(kind) => kind.signed,
                _ => false,
            })),
            CoreKind::FieldLshiftU64 => number(unit.left_shift(place.bit_offset, btf.endian())),
            // The number of bits is never in doubt.
            _ => Value::certain(64_u64.saturating_sub(unit.bits)),
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
fn moved(btf: &Btf<'_>, mut id: u32) -> Result<Moved> {
    // It has a size: so its chain of arrays ends.
    btf.size_of(id)?;
    loop {
        let sort = match btf.resolve(id).map(|(_, ty)| ty.kind) {
            Some(Kind::Array(array)) => {
                id = array.element;
                continue;
            }
            Some(Kind::Ptr(_)) => Sort::Pointer,
            Some(Kind::Int(int)) if !int.encoding.is_signed() => Sort::Unsigned,
            _ => Sort::Other,
        };
        return Ok(Moved { size: btf.size_of(id)?, sort });
    }
}
