//! Bit-fields: runs of bits in the bytes of a struct or union.

use std::ops::Range;

use crate::live::{LiveLayout, load_part, store_part};
use crate::pod::{Pod, bytes_of, bytes_of_mut};
use crate::spec::Endian;

/// How many bits a bit-field has at the most: those of an `__int128`.
const MOST: u8 = 128;

/// A type that a bit-field can have.
pub trait BitInt: Copy {
    /// The value with these low bits, of which there are `bits`; a signed type extends the sign.
    fn from_bits(value: u128, bits: u8) -> Self;
    /// The value's bits; those of a signed type with its sign before them.
    fn to_bits(self) -> u128;
}

macro_rules! bit_int {
    ($($unsigned:ident $signed:ident)*) => { $(
        #[allow(clippy::cast_lossless, clippy::cast_possible_truncation)]
        impl BitInt for $unsigned {
            fn from_bits(value: u128, _: u8) -> Self {
                value as Self
            }

            fn to_bits(self) -> u128 {
                self as u128
            }
        }

        #[allow(clippy::cast_lossless, clippy::cast_possible_truncation)]
        impl BitInt for $signed {
            fn from_bits(value: u128, bits: u8) -> Self {
                let unused = 128 - u32::from(bits.clamp(1, MOST));
                (value.cast_signed() << unused >> unused) as Self
            }

            fn to_bits(self) -> u128 {
                (self as i128).cast_unsigned()
            }
        }
    )* };
}

bit_int! { u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 }

impl BitInt for bool {
    fn from_bits(value: u128, _: u8) -> Self {
        value != 0
    }

    fn to_bits(self) -> u128 {
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

/// As [`bits`], of a struct in shared memory: by the words of the run of bit-fields that it belongs to.
pub fn live_bits<S: LiveLayout, T: BitInt>(
    whole: &S,
    first: usize,
    bits: u8,
    run: Range<usize>,
    widest: usize,
) -> T {
    let span = Span::of(first, bits, Endian::NATIVE);
    let words = words(&span.bytes, run, widest.min(align_of::<S>()));
    let (start, copy) = load_words(whole, &span, words);
    T::from_bits(span.back(start).get(&copy), bits)
}

/// As [`set_bits`], of a struct in shared memory: the words that have the bits are read, changed and written, so that a
/// change of their other bits in between is lost. So it is in C, and as there they hold no more than bit-fields.
pub fn set_live_bits<S: LiveLayout, T: BitInt>(
    whole: &S,
    first: usize,
    bits: u8,
    run: Range<usize>,
    widest: usize,
    value: T,
) {
    let span = Span::of(first, bits, Endian::NATIVE);
    let words = words(&span.bytes, run, widest.min(align_of::<S>()));
    let (start, mut copy) = load_words(whole, &span, words.clone());
    span.back(start).put(&mut copy, value.to_bits());
    for word in words {
        store_part(whole, word.start, &copy[word.start - start..word.end - start]);
    }
}

/// A copy of these words, and which byte of the whole it starts with.
fn load_words<S: LiveLayout>(
    whole: &S,
    span: &Span,
    words: impl Iterator<Item = Range<usize>>,
) -> (usize, [u8; Span::WORDS]) {
    let start = span.room();
    let mut copy = [0; Span::WORDS];
    for word in words {
        load_part(whole, word.start, &mut copy[word.start - start..word.end - start]);
    }
    (start, copy)
}

/// The words that have some of these bytes, which belong to a run of bit-fields: each is as wide as its place in the run and
/// `widest` allow, of eight bytes at the most, so that all bit-fields of the run are accessed by the same ones.
fn words(
    bytes: &Range<usize>,
    run: Range<usize>,
    widest: usize,
) -> impl Iterator<Item = Range<usize>> + Clone + use<> {
    let Range { start, end } = *bytes;
    // None of them goes over a multiple of their largest size.
    let mut at = run.start.max(start / 8 * 8);
    std::iter::from_fn(move || {
        let fits = |len: &usize| *len <= widest && at.is_multiple_of(*len) && at + len <= run.end;
        let len = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
        at += len;
        (at - len < end).then_some(at - len..at)
    })
    .filter(move |word| word.end > start)
}

/// Where the bits of a bit-field are: at most [`ROOM`](Self::ROOM) bytes, read as one number.
struct Span {
    bytes: Range<usize>,
    shift: usize,
    mask: u128,
    endian: Endian,
}

impl Span {
    /// Bytes that the longest bit-field can be in: it need not start with one.
    const ROOM: usize = MOST as usize / 8 + 1;
    /// Of the words that have these bytes, however they lie.
    const WORDS: usize = Self::ROOM + 7;

    fn of(first: usize, bits: u8, endian: Endian) -> Self {
        let bits = usize::from(bits.clamp(1, MOST));
        let bytes = first / 8..(first + bits).div_ceil(8);
        let shift = match endian {
            Endian::Little => first % 8,
            Endian::Big => bytes.end * 8 - first - bits,
        };
        Self { bytes, shift, mask: u128::MAX >> (usize::from(MOST) - bits), endian }
    }

    /// Where a copy starts of the words that have the bits: they are of eight bytes at the most.
    fn room(&self) -> usize {
        self.bytes.start / 8 * 8
    }

    /// The same bits, counted from there.
    fn back(self, start: usize) -> Self {
        Self { bytes: self.bytes.start - start..self.bytes.end - start, ..self }
    }

    fn get(&self, bytes: &[u8]) -> u128 {
        let Some(bytes) = bytes.get(self.bytes.clone()) else { return 0 };
        let (low, high) = self.number(bytes);
        (low >> self.shift | self.carried(high)) & self.mask
    }

    fn put(&self, bytes: &mut [u8], value: u128) {
        let Some(bytes) = bytes.get_mut(self.bytes.clone()) else { return };
        let value = value & self.mask;
        let (low, high) = self.number(bytes);
        let low = low & !(self.mask << self.shift) | value << self.shift;
        let high = high & !self.carry(self.mask) | self.carry(value);
        let last = bytes.len() - 1;
        let number = low.to_le_bytes().into_iter().chain([high]);
        for (place, byte) in number.take(bytes.len()).enumerate() {
            let n = if self.endian == Endian::Little { place } else { last - place };
            bytes[n] = byte;
        }
    }

    /// The bytes as one number, and the most significant byte of those that are more than a number has.
    fn number(&self, bytes: &[u8]) -> (u128, u8) {
        let append = |number, byte: &u8| number << 8 | u128::from(*byte);
        match (self.endian, bytes) {
            (Endian::Little, [low @ .., high]) if low.len() == Self::ROOM - 1 => {
                (low.iter().rev().fold(0, append), *high)
            }
            (Endian::Big, [high, low @ ..]) if low.len() == Self::ROOM - 1 => {
                (low.iter().fold(0, append), *high)
            }
            (Endian::Little, bytes) => (bytes.iter().rev().fold(0, append), 0),
            (Endian::Big, bytes) => (bytes.iter().fold(0, append), 0),
        }
    }

    /// What of a value goes into the byte beyond the number.
    fn carry(&self, value: u128) -> u8 {
        // The bits of a value end at most as many places beyond the number as it is shifted.
        value.checked_shr(u128::BITS - self.shift as u32).unwrap_or(0) as u8
    }

    /// The opposite of [`carry`](Self::carry).
    fn carried(&self, high: u8) -> u128 {
        u128::from(high).checked_shl(u128::BITS - self.shift as u32).unwrap_or(0)
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
        let mut long = [0u64; 3];
        set_bits(&mut long, 7, 100, -2i128);
        assert_eq!(bits::<_, i128>(&long, 7, 100), -2);
        assert_eq!(bits::<_, u128>(&long, 7, 100), (1 << 100) - 2);
        // The least significant bit is the first one, or the last.
        let ones = if cfg!(target_endian = "little") { [56, 43, 0] } else { [57, 42, 0] };
        assert_eq!(long.map(u64::count_ones), ones);
    }

    #[test]
    fn every_run_of_bits_is_its_own() {
        for endian in [Endian::Little, Endian::Big] {
            for first in 0..64 {
                for bits in 1..=MOST {
                    let span = Span::of(first, bits, endian);
                    let mut bytes = [0xa5; 24];
                    span.put(&mut bytes, 0);
                    let cleared = bytes;
                    assert_eq!(span.get(&bytes), 0);
                    let one_and_last = 1 | 1 << (bits - 1);
                    span.put(&mut bytes, one_and_last);
                    assert_eq!(span.get(&bytes), one_and_last, "{first} {bits} {endian}");
                    span.put(&mut bytes, u128::MAX);
                    assert_eq!(span.get(&bytes), u128::MAX >> (MOST - bits));
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
            for widest in [1, 2, 4] {
                set_live_bits(&live, first, len, 0..12, widest, !value);
                set_live_bits(&live, first, len, 0..12, widest, value);
                set_bits(&mut plain, first, len, value);
                assert_eq!(live.get(), plain);
                assert_eq!(live_bits::<_, u32>(&live, first, len, 0..12, widest), value);
            }
        }
    }

    #[test]
    fn words_are_those_of_the_run() {
        for (bytes, run, widest, bounds) in [
            // struct { u8 a; u32 b : 24; }: `a` is nobody's bit-field.
            (1..4, 1..4, 4, &[1, 2, 4][..]),
            (0..4, 0..4, 4, &[0, 4]),
            (0..1, 0..4, 2, &[0, 2]),
            (2..3, 0..4, 2, &[2, 4]),
            // struct { u64 a : 13, b : 40; u64 : 0; u64 c : 40; u8 d; }
            (0..2, 0..13, 8, &[0, 8]),
            (8..13, 0..13, 8, &[8, 12, 13]),
            (7..9, 0..16, 8, &[0, 8, 16]),
            (7..24, 4..26, 8, &[4, 8, 16, 24]),
            (7..9, 7..9, 1, &[7, 8, 9]),
        ] {
            let words: Vec<_> = words(&bytes, run.clone(), widest).collect();
            let expected: Vec<_> = bounds.windows(2).map(|pair| pair[0]..pair[1]).collect();
            assert_eq!(words, expected, "{bytes:?} of {run:?}, {widest}");
        }
    }
}
