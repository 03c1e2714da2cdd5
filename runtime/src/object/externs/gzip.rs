//! The gzip format (RFC 1952) around [`inflate`](super::inflate).

use super::inflate::inflate;
use crate::error::{Error, Result};

/// What a gzip file starts with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The file's content, at most `most` bytes.
pub(super) fn decompress(file: &[u8], most: usize) -> Result<Vec<u8>> {
    let body = body(file).ok_or_else(|| Error::malformed("not a gzip file, or cut off"))?;
    let (content, used) = inflate(body, most)?;
    let trailer: Option<&[u8; 8]> = body.get(used..).and_then(|rest| rest.first_chunk());
    let Some([c0, c1, c2, c3, l0, l1, l2, l3]) = trailer.copied() else {
        return Err(Error::malformed("the compressed data is cut off"));
    };
    let sums = (u32::from_le_bytes([c0, c1, c2, c3]), u32::from_le_bytes([l0, l1, l2, l3]));
    if sums != (crc32(&content), content.len() as u32) {
        return Err(Error::malformed("the decompressed data has another checksum than it should"));
    }
    Ok(content)
}

/// What follows the header.
fn body(file: &[u8]) -> Option<&[u8]> {
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let [a, b, method, flags, ..] = *file.first_chunk::<10>()?;
    if [a, b] != MAGIC || method != 8 {
        return None;
    }
    let mut rest = file.get(10..)?;
    if flags & EXTRA != 0 {
        let len = u16::from_le_bytes(*rest.first_chunk()?);
        rest = rest.get(2 + usize::from(len)..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let nul = rest.iter().position(|&byte| byte == 0)?;
            rest = rest.get(nul + 1..)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut crc, mut bit) = (byte as u32, 0);
            while bit < 8 {
                crc = if crc & 1 != 0 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, &byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hello hello hello hello` as gzip writes it, with these flags and what belongs to them.
    fn file(flags: u8, extra: &[u8]) -> Vec<u8> {
        let mut file = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        file.extend_from_slice(extra);
        file.extend_from_slice(&[0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01]);
        file.extend_from_slice(&crc32(b"hello hello hello hello").to_le_bytes());
        file.extend_from_slice(&23_u32.to_le_bytes());
        file
    }

    #[test]
    fn headers_of_all_sorts() {
        // The check value of the specification.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        for (flags, extra) in [
            (0, &b""[..]),
            (8, b"name\0"),
            (16, b"comment\0"),
            (4, b"\x03\0abc"),
            (4 | 8 | 16 | 2, b"\0\0name\0\0\x12\x34"),
        ] {
            let file = file(flags, extra);
            assert_eq!(decompress(&file, 100).unwrap(), b"hello hello hello hello", "{flags}");
            for cut in 0..file.len() {
                assert!(decompress(&file[..cut], 100).is_err(), "{flags} {cut}");
            }
        }
    }

    #[test]
    fn damage_is_found() {
        let good = file(0, b"");
        for at in (10..good.len()).chain([0, 1, 2]) {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(decompress(&bad, 100).is_err(), "{at}");
        }
        assert!(decompress(&good, 22).unwrap_err().to_string().contains("more than 22 bytes"));
    }
}
