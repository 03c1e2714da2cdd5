//! Decompression of DEFLATE data (RFC 1951), as `/proc/config.gz` holds it.
//!
//! Small rather than fast: codes are read bit by bit, by counting how many are shorter. A kernel's configuration takes
//! a few milliseconds.

use crate::error::{Error, Result};

/// Longest code in bits.
const MAX_BITS: usize = 15;
/// Codes for literals and lengths, and for distances.
const LITERALS: usize = 288;
const DISTANCES: usize = 30;

/// The decompressed bytes, at most `most`, and how many bytes of the input they took.
pub(super) fn inflate(input: &[u8], most: usize) -> Result<(Vec<u8>, usize)> {
    let mut state = State { input, at: 0, held: 0, bits: 0, out: Vec::new(), most };
    loop {
        let last = state.take(1)? == 1;
        match state.take(2)? {
            0 => state.stored()?,
            1 => {
                let (literals, distances) = fixed();
                state.block(&literals, &distances)?;
            }
            2 => {
                let (literals, distances) = state.dynamic()?;
                state.block(&literals, &distances)?;
            }
            _ => return Err(Error::malformed("a block of unknown type")),
        }
        if last {
            return Ok((state.out, state.at));
        }
    }
}

struct State<'a> {
    input: &'a [u8],
    /// Of the next byte that is not held.
    at: usize,
    /// Bits that were read and not taken yet, the next one lowest: fewer than a byte between two takes.
    held: u32,
    bits: u32,
    out: Vec<u8>,
    most: usize,
}

impl State<'_> {
    fn byte(&mut self) -> Result<u8> {
        let byte = self.input.get(self.at).copied();
        self.at += 1;
        byte.ok_or_else(|| Error::malformed("the compressed data is cut off"))
    }

    /// The next `count` bits as a number; at most 13.
    fn take(&mut self, count: u32) -> Result<u32> {
        while self.bits < count {
            self.held |= u32::from(self.byte()?) << self.bits;
            self.bits += 8;
        }
        let value = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.bits -= count;
        Ok(value)
    }

    fn put(&mut self, byte: u8) -> Result<()> {
        if self.out.len() >= self.most {
            return Err(Error::malformed(format!("more than {} bytes decompressed", self.most)));
        }
        self.out.push(byte);
        Ok(())
    }

    fn stored(&mut self) -> Result<()> {
        (self.held, self.bits) = (0, 0);
        let len = u16::from_le_bytes([self.byte()?, self.byte()?]);
        let check = u16::from_le_bytes([self.byte()?, self.byte()?]);
        if len != !check {
            return Err(Error::malformed("a stored block's length is wrong"));
        }
        for _ in 0..len {
            let byte = self.byte()?;
            self.put(byte)?;
        }
        Ok(())
    }

    /// Literals, and copies of what came before.
    fn block(&mut self, literals: &Codes, distances: &Codes) -> Result<()> {
        loop {
            let symbol = literals.read(self)?;
            let Some(length) = symbol.checked_sub(257) else {
                match u8::try_from(symbol) {
                    Ok(byte) => self.put(byte)?,
                    // 256
                    Err(_) => return Ok(()),
                }
                continue;
            };
            let length = self.extended(&LENGTHS, length)?;
            let distance = distances.read(self)?;
            let distance = self.extended(&OFFSETS, distance)?;
            for _ in 0..length {
                let from = self.out.len().checked_sub(distance);
                let byte = from.and_then(|from| self.out.get(from)).copied();
                self.put(byte.ok_or_else(|| {
                    Error::malformed("a copy from before the start of the data")
                })?)?;
            }
        }
    }

    /// A length or distance: a base, and more bits.
    fn extended(&mut self, table: &[(u16, u8)], symbol: u16) -> Result<usize> {
        let Some(&(base, more)) = table.get(usize::from(symbol)) else {
            return Err(Error::malformed("a length or distance that does not exist"));
        };
        Ok(usize::from(base) + self.take(u32::from(more))? as usize)
    }

    /// The codes of a block that brings its own.
    fn dynamic(&mut self) -> Result<(Codes, Codes)> {
        /// In which order the lengths of the codes for code lengths come.
        const ORDER: [usize; 19] =
            [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let literals = self.take(5)? as usize + 257;
        let distances = self.take(5)? as usize + 1;
        let count = self.take(4)? as usize + 4;
        if literals > 286 || distances > DISTANCES {
            return Err(Error::malformed("too many codes"));
        }
        let mut lengths = [0_u8; LITERALS + DISTANCES];
        for &place in &ORDER[..count] {
            lengths[place] = self.take(3)? as u8;
        }
        let codes = Codes::new(&lengths[..ORDER.len()])?;

        let all = literals + distances;
        let mut lengths = [0_u8; LITERALS + DISTANCES];
        let mut at = 0;
        while at < all {
            let symbol = codes.read(self)?;
            let (value, times) = match symbol {
                0..=15 => (symbol as u8, 1),
                16 if at == 0 => {
                    return Err(Error::malformed("a repetition of nothing"));
                }
                16 => (lengths[at - 1], 3 + self.take(2)? as usize),
                17 => (0, 3 + self.take(3)? as usize),
                _ => (0, 11 + self.take(7)? as usize),
            };
            let Some(places) = lengths[..all].get_mut(at..at + times) else {
                return Err(Error::malformed("a repetition past the last code"));
            };
            places.fill(value);
            at += times;
        }
        if lengths[256] == 0 {
            return Err(Error::malformed("a block without an end"));
        }
        Ok((Codes::new(&lengths[..literals])?, Codes::new(&lengths[literals..all])?))
    }
}

/// A canonical Huffman code: symbols ordered by the length of their codes, and how many there are of each length.
struct Codes {
    counts: [u16; MAX_BITS + 1],
    symbols: [u16; LITERALS],
}

impl Codes {
    /// From the length of each symbol's code, 0 for one that does not occur.
    fn new(lengths: &[u8]) -> Result<Self> {
        let mut counts = [0_u16; MAX_BITS + 1];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        let mut left = 1_i32;
        let mut starts = [0_u16; MAX_BITS + 2];
        for length in 1..=MAX_BITS {
            left = (left << 1) - i32::from(counts[length]);
            if left < 0 {
                return Err(Error::malformed("more codes than there can be"));
            }
            starts[length + 1] = starts[length] + counts[length];
        }
        // An incomplete code is one of a single distance, or has codes that are not to occur: `read` tells.
        let mut symbols = [0_u16; LITERALS];
        for (symbol, &length) in (0..).zip(lengths).filter(|(_, length)| **length != 0) {
            let start = &mut starts[usize::from(length)];
            symbols[usize::from(*start)] = symbol;
            *start += 1;
        }
        Ok(Self { counts, symbols })
    }

    fn read(&self, state: &mut State<'_>) -> Result<u16> {
        // `code` less the first code of this length; `index` of that one's symbol.
        let (mut code, mut index) = (0_u32, 0_u32);
        for &count in &self.counts[1..] {
            code |= state.take(1)?;
            let count = u32::from(count);
            if code < count {
                return Ok(self.symbols[(index + code) as usize]);
            }
            index += count;
            code = (code - count) << 1;
        }
        Err(Error::malformed("a code that does not exist"))
    }
}

/// The codes of a block that brings none.
fn fixed() -> (Codes, Codes) {
    let mut lengths = [8_u8; LITERALS];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    // Both are complete or less, so neither fails.
    let empty = || Codes { counts: [0; MAX_BITS + 1], symbols: [0; LITERALS] };
    let literals = Codes::new(&lengths).unwrap_or_else(|_| empty());
    let distances = Codes::new(&[5; DISTANCES]).unwrap_or_else(|_| empty());
    (literals, distances)
}

/// Base and number of further bits of each length.
#[rustfmt::skip]
const LENGTHS: [(u16, u8); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
];

/// Base and number of further bits of each distance.
#[rustfmt::skip]
const OFFSETS: [(u16, u8); DISTANCES] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10),
    (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 20;

    #[test]
    fn each_type_of_block() {
        // Made by zlib: raw streams (wbits -15) of these texts at level 0, with a fixed code, and with its own code.
        let stored = [1, 5, 0, 0xfa, 0xff, b'h', b'e', b'l', b'l', b'o'];
        assert_eq!(inflate(&stored, MOST).unwrap(), (b"hello".to_vec(), 10));
        let fixed = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01];
        assert_eq!(inflate(&fixed, MOST).unwrap(), (b"hello hello hello hello".to_vec(), 10));
        let (text, used) = inflate(DYNAMIC, MOST).unwrap();
        let expected: String =
            (0..200).map(|n| format!("CONFIG_{}={}\n", n * 7919 % 1000, n % 3)).collect();
        assert_eq!((String::from_utf8(text).unwrap(), used), (expected, DYNAMIC.len()));
    }

    #[test]
    fn hostile_data_is_an_error() {
        #[rustfmt::skip]
        let cases: [(&[u8], &str); 9] = [
            (&[], "cut off"),
            (&[0x07], "unknown type"),
            (&[1, 5, 0, 0xfb, 0xff], "length is wrong"),
            (&[1, 5, 0, 0xfa, 0xff, b'h'], "cut off"),
            // A fixed block that begins with a copy.
            (&[0x03, 0x02, 0x00], "before the start"),
            // 31 distance codes and more.
            (&[0xfd, 0xff, 0xff], "too many codes"),
            // Nineteen code-length codes of one bit each.
            (&[0x05, 0xe0, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x49, 0x92], "more codes"),
            (&[0x05, 0x20, 0, 0, 0, 0, 0, 0, 0], "does not exist"),
            (&[0x4b], "cut off"),
        ];
        for (bytes, expected) in cases {
            let error = inflate(bytes, MOST).expect_err(expected).to_string();
            assert!(error.contains(expected), "{bytes:x?}: {error}");
        }
    }

    #[test]
    fn the_output_has_a_limit() {
        // 10 bytes that become 23.
        let fixed = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01];
        assert!(inflate(&fixed, 23).is_ok());
        let error = inflate(&fixed, 22).unwrap_err().to_string();
        assert!(error.contains("more than 22 bytes"), "{error}");
    }

    /// Every cut and every changed bit of a good stream gives bytes or an error, and ends.
    #[test]
    fn damage_does_no_harm() {
        for cut in 0..DYNAMIC.len() {
            assert!(inflate(&DYNAMIC[..cut], MOST).is_err(), "{cut}");
        }
        for bit in 0..DYNAMIC.len() * 8 {
            let mut bytes = DYNAMIC.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let _ = inflate(&bytes, MOST);
        }
    }

    #[test]
    fn noise_does_no_harm() {
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..64)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (seed >> 56) as u8
                })
                .collect();
            let _ = inflate(&bytes, 1 << 16);
        }
    }

    const DYNAMIC: &[u8] = include_bytes!("testdata/dynamic.deflate");
}
