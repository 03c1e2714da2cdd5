//! Bit-fields in the words that generated structs keep them in.

use crate::pod::{Bool, Pod, bytes_of, bytes_of_mut};
use crate::spec::Endian;

/// A type that a bit-field can have.
pub trait BitInt: Copy {
    /// The value with these low bits, of which there are `bits`; a signed type extends the sign.
    fn from_bits(value: u64, bits: u8) -> Self;
    /// The low 64 bits of the value.
    fn to_bits(self) -> u64;
}

macro_rules! bit_int {
    ($($unsigned:ident $signed:ident)*) => { $(
        #[allow(clippy::cast_lossless, clippy::cast_possible_truncation)]
        impl BitInt for $unsigned {
            fn from_bits(value: u64, _: u8) -> Self {
                value as Self
            }

            fn to_bits(self) -> u64 {
                self as u64
            }
        }

        #[allow(clippy::cast_lossless, clippy::cast_possible_truncation)]
        impl BitInt for $signed {
            fn from_bits(value: u64, bits: u8) -> Self {
                let unused = 64 - u32::from(bits.clamp(1, 64));
                (value.cast_signed() << unused >> unused) as Self
            }

            fn to_bits(self) -> u64 {
                (self as i64).cast_unsigned()
            }
        }
    )* };
}

bit_int! { u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 }

impl BitInt for Bool {
    fn from_bits(value: u64, _: u8) -> Self {
        Self::new(value != 0)
    }

    fn to_bits(self) -> u64 {
        self.get().into()
    }
}

/// The bit-field of `bits` bits that starts at bit `first` of `storage`.
///
/// BTF counts bits as the target's compiler fills them: from the least significant bit of the first byte on
/// little-endian targets, from the most significant one on big-endian targets. A skeleton is only compiled for a target
/// of its object's byte order.
pub fn bits<S: Pod, T: BitInt>(storage: &S, first: usize, bits: u8) -> T {
    T::from_bits(get(bytes_of(storage), first, bits, Endian::NATIVE), bits)
}

/// `storage` with another value in that bit-field.
#[must_use]
pub fn with_bits<S: Pod, T: BitInt>(mut storage: S, first: usize, bits: u8, value: T) -> S {
    put(bytes_of_mut(&mut storage), first, bits, value.to_bits(), Endian::NATIVE);
    storage
}

/// The byte and the mask of each bit, least significant bit of the field first.
fn places(first: usize, bits: u8, endian: Endian) -> impl Iterator<Item = (usize, u8)> {
    let bits = usize::from(bits.min(64));
    (0..bits).map(move |n| match endian {
        Endian::Little => ((first + n) / 8, 1 << ((first + n) % 8)),
        Endian::Big => {
            let bit = first + bits - 1 - n;
            (bit / 8, 0x80 >> (bit % 8))
        }
    })
}

fn get(bytes: &[u8], first: usize, bits: u8, endian: Endian) -> u64 {
    places(first, bits, endian).enumerate().fold(0, |value, (n, (byte, mask))| {
        value | u64::from(bytes.get(byte).is_some_and(|byte| byte & mask != 0)) << n
    })
}

fn put(bytes: &mut [u8], first: usize, bits: u8, value: u64, endian: Endian) {
    for (n, (byte, mask)) in places(first, bits, endian).enumerate() {
        if let Some(byte) = bytes.get_mut(byte) {
            *byte = if value >> n & 1 != 0 { *byte | mask } else { *byte & !mask };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_as_compilers_fill_them() {
        // struct { u32 a : 3, b : 13, c : 16; } with a = 5, b = 0x1234, c = 0xbeef
        let word: u32 = 5 | 0x1234 << 3 | 0xbeef << 16;
        let little = word.to_le_bytes();
        // A big-endian compiler starts at the most significant bit.
        let word: u32 = 5 << 29 | 0x1234 << 16 | 0xbeef;
        let big = word.to_be_bytes();
        for (bytes, endian) in [(little, Endian::Little), (big, Endian::Big)] {
            let field = |first, bits| get(&bytes, first, bits, endian);
            assert_eq!((field(0, 3), field(3, 13), field(16, 16)), (5, 0x1234, 0xbeef), "{endian}");
            let mut made = [0xff; 4];
            for (first, bits, value) in [(3, 13, 0x1234), (0, 3, 5), (16, 16, 0xbeef)] {
                put(&mut made, first, bits, value, endian);
            }
            assert_eq!(made, bytes, "{endian}");
        }
    }

    #[test]
    fn signs_and_truth() {
        let word = with_bits(0u32, 4, 5, -3i8);
        assert_eq!(bits::<_, i64>(&word, 4, 5), -3);
        assert_eq!(bits::<_, u8>(&word, 4, 5), 29);
        assert_eq!(bits::<_, Bool>(&word, 4, 1), Bool::TRUE);
        assert_eq!(with_bits(u64::MAX, 0, 64, 1u64), 1);
        assert_eq!(bits::<_, u64>(&u64::MAX, 0, 64), u64::MAX);
        assert_eq!(with_bits([0u32; 2], 28, 8, 0xffu8).map(u32::count_ones).iter().sum::<u32>(), 8);
    }
}
