//! Bit-fields: runs of bits in the bytes of a struct or union.

use std::ops::Range;

use crate::live::{LiveLayout, load_part, store_part};
use crate::pod::{Pod, bytes_of, bytes_of_mut};
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

impl BitInt for bool {
    fn from_bits(value: u64, _: u8) -> Self {
        value != 0
    }

    fn to_bits(self) -> u64 {
        self.into()
    }
}

/// The bit-field of `bits` bits that starts at bit `first` of a struct.
///
/// BTF counts bits as the target's compiler fills them: from the least significant bit of the first byte on
/// little-endian targets, from the most significant one on big-endian targets. A skeleton is only compiled for a target
/// of its object's byte order.
pub fn bits<S: Pod, T: BitInt>(whole: &S, first: usize, bits: u8) -> T {
    let span = Span::of(first, bits, Endian::NATIVE);
    T::from_bits(span.get(bytes_of(whole)), bits)
}

/// Gives the bit-field another value; bits that it has no room for are left out.
pub fn set_bits<S: Pod, T: BitInt>(whole: &mut S, first: usize, bits: u8, value: T) {
    Span::of(first, bits, Endian::NATIVE).put(bytes_of_mut(whole), value.to_bits());
}

/// As [`bits`], of a struct in shared memory.
pub fn live_bits<S: LiveLayout, T: BitInt>(whole: &S, first: usize, bits: u8) -> T {
    let (span, word, mut bytes) = Span::of(first, bits, Endian::NATIVE).within(size_of::<S>());
    let bytes = &mut bytes[..word.len()];
    load_part(whole, word.start, bytes);
    T::from_bits(span.get(bytes), bits)
}

/// As [`set_bits`], of a struct in shared memory: the word that has the bits is read, changed and written, so that a
/// change of its other bits in between is lost. So it is in C.
pub fn set_live_bits<S: LiveLayout, T: BitInt>(whole: &S, first: usize, bits: u8, value: T) {
    let (span, word, mut bytes) = Span::of(first, bits, Endian::NATIVE).within(size_of::<S>());
    let bytes = &mut bytes[..word.len()];
    load_part(whole, word.start, bytes);
    span.put(bytes, value.to_bits());
    store_part(whole, word.start, bytes);
}

/// Where the bits of a bit-field are: at most nine bytes, read as one number.
struct Span {
    bytes: Range<usize>,
    shift: usize,
    mask: u128,
    endian: Endian,
}

impl Span {
    fn of(first: usize, bits: u8, endian: Endian) -> Self {
        let bits = usize::from(bits.clamp(1, 64));
        let bytes = first / 8..(first + bits).div_ceil(8);
        let shift = match endian {
            Endian::Little => first % 8,
            Endian::Big => bytes.end * 8 - first - bits,
        };
        Self { bytes, shift, mask: (1 << bits) - 1, endian }
    }

    /// The smallest aligned word that has all the bits, so that they are read at once; else their bytes. Also room for
    /// it, and the same bits counted from its start.
    fn within(self, size: usize) -> (Self, Range<usize>, [u8; 16]) {
        let Range { start, end } = self.bytes;
        let words = [1, 2, 4, 8].into_iter().map(|len| {
            let start = start / len * len;
            start..start + len
        });
        let word = words.into_iter().find(|word| end <= word.end && word.end <= size);
        let word = word.unwrap_or(start..end);
        let bytes = start - word.start..end - word.start;
        (Self { bytes, ..self }, word, [0; 16])
    }

    fn get(&self, bytes: &[u8]) -> u64 {
        let number = bytes.get(self.bytes.clone()).map_or(0, |bytes| self.number(bytes));
        // At most 64 bits are in the mask.
        (number >> self.shift & self.mask) as u64
    }

    fn put(&self, bytes: &mut [u8], value: u64) {
        let Some(bytes) = bytes.get_mut(self.bytes.clone()) else { return };
        let others = self.number(bytes) & !(self.mask << self.shift);
        let number = others | (u128::from(value) & self.mask) << self.shift;
        let last = bytes.len() - 1;
        for (n, byte) in bytes.iter_mut().enumerate() {
            let place = if self.endian == Endian::Little { n } else { last - n };
            *byte = (number >> (place * 8)) as u8;
        }
    }

    fn number(&self, bytes: &[u8]) -> u128 {
        let append = |number, byte: &u8| number << 8 | u128::from(*byte);
        match self.endian {
            Endian::Little => bytes.iter().rev().fold(0, append),
            Endian::Big => bytes.iter().fold(0, append),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Global, GlobalArray};

    #[test]
    fn both_byte_orders_as_compilers_fill_them() {
        // struct { u32 a : 3, b : 13, c : 16; } with a = 5, b = 0x1234, c = 0xbeef
        let word: u32 = 5 | 0x1234 << 3 | 0xbeef << 16;
        let little = word.to_le_bytes();
        // A big-endian compiler starts at the most significant bit.
        let word: u32 = 5 << 29 | 0x1234 << 16 | 0xbeef;
        let big = word.to_be_bytes();
        for (bytes, endian) in [(little, Endian::Little), (big, Endian::Big)] {
            let field = |first, bits| Span::of(first, bits, endian).get(&bytes);
            assert_eq!((field(0, 3), field(3, 13), field(16, 16)), (5, 0x1234, 0xbeef), "{endian}");
            let mut made = [0xff; 4];
            for (first, bits, value) in [(3, 13, 0x1234), (0, 3, 5), (16, 16, 0xbeef)] {
                Span::of(first, bits, endian).put(&mut made, value);
            }
            assert_eq!(made, bytes, "{endian}");
        }
    }

    #[test]
    fn signs_and_truth() {
        let mut word = 0u32;
        set_bits(&mut word, 4, 5, -3i8);
        assert_eq!(bits::<_, i64>(&word, 4, 5), -3);
        assert_eq!(bits::<_, u8>(&word, 4, 5), 29);
        assert!(bits::<_, bool>(&word, 4, 1));
        let mut word = u64::MAX;
        assert_eq!(bits::<_, u64>(&word, 0, 64), u64::MAX);
        set_bits(&mut word, 0, 64, 1u64);
        assert_eq!(word, 1);
        let mut words = [0u32; 2];
        set_bits(&mut words, 28, 8, 0xffffu16);
        assert_eq!(words.map(u32::count_ones), [4, 4]);
    }

    #[test]
    fn every_run_of_bits_is_its_own() {
        for endian in [Endian::Little, Endian::Big] {
            for first in 0..64 {
                for bits in 1..=64 {
                    let span = Span::of(first, bits, endian);
                    let mut bytes = [0xa5; 16];
                    span.put(&mut bytes, 0);
                    let cleared = bytes;
                    span.put(&mut bytes, u64::MAX);
                    assert_eq!(span.get(&bytes), u64::MAX >> (64 - bits));
                    let changed: u32 =
                        bytes.iter().zip(cleared).map(|(a, b)| (a ^ b).count_ones()).sum();
                    assert_eq!(changed, u32::from(bits), "{first} {bits} {endian}");
                }
            }
        }
    }

    #[test]
    fn shared_ones_are_read_and_written_by_words() {
        let live = GlobalArray::<Global<u32>, 3>::from_plain([0, 0, 0]);
        let mut plain = [0u32; 3];
        // Within a word, across two, across an aligned eight bytes, at the very end.
        for (first, len, value) in [(3, 13, 0x1234), (30, 5, 21), (60, 9, 0x155), (88, 8, 0xee_u32)]
        {
            set_live_bits(&live, first, len, value);
            set_bits(&mut plain, first, len, value);
            assert_eq!(live.get(), plain);
            assert_eq!(live_bits::<_, u32>(&live, first, len), bits(&plain, first, len));
            assert_eq!(live_bits::<_, u32>(&live, first, len), value);
        }
    }
}
