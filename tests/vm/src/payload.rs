//! Takes the ELF kernel out of a `vmlinuz`, and the BTF out of that, without booting it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use object::{Object, ObjectSection};

use crate::{Result, context};

/// The section `.BTF` of an ELF file: a kernel or a module.
pub(crate) fn btf(elf: &[u8]) -> Result<Vec<u8>> {
    let file = object::File::parse(elf)?;
    let section = file.section_by_name(".BTF").ok_or("it has no section .BTF")?;
    Ok(section.data()?.to_vec())
}

/// The ELF kernel inside a bzImage.
pub(crate) fn vmlinux(image: &[u8]) -> Result<Vec<u8>> {
    decompress(compressed(image)?)
}

/// A module, however it is compressed.
pub(crate) fn decompress_file(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(context(&path.display()))?;
    if bytes.starts_with(b"\x7fELF") {
        return Ok(bytes);
    }
    decompress(&bytes).map_err(context(&path.display()))
}

/// Finds the payload with the setup header (Documentation/arch/x86/boot.rst): offsets 0x1f1 `setup_sects`,
/// 0x202 `HdrS`, 0x248 `payload_offset` and 0x24c `payload_length` (since protocol 2.08).
fn compressed(image: &[u8]) -> Result<&[u8]> {
    let word = |offset: usize| -> Option<usize> {
        Some(u32::from_le_bytes(image.get(offset..offset + 4)?.try_into().ok()?) as usize)
    };
    if image.get(0x202..0x206) != Some(b"HdrS") {
        return Err("not a bzImage: no HdrS at 0x202".into());
    }
    let sectors = match image[0x1f1] {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let range = || {
        let start = (sectors + 1) * 512 + word(0x248)?;
        // The last four bytes are the decompressed size, which the kernel's own tools append.
        Some(start..start + word(0x24c)?.checked_sub(4)?)
    };
    let payload = range().and_then(|range| image.get(range));
    payload.ok_or_else(|| "the payload is not within the image".into())
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>> {
    let tool: &[&str] = match bytes {
        [0x02, 0x21, 0x4c, 0x18, blocks @ ..] => return lz4_legacy(blocks),
        [0x1f, 0x8b, ..] => &["gzip", "-dc"],
        [0xfd, b'7', b'z', b'X', b'Z', ..] => &["xz", "-dc"],
        [0x28, 0xb5, 0x2f, 0xfd, ..] => &["zstd", "-dc"],
        _ => {
            let start = &bytes[..bytes.len().min(4)];
            return Err(format!("unknown compression, it begins with {start:02x?}").into());
        }
    };
    filter(tool, bytes)
}

fn filter(tool: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(tool[0])
        .args(&tool[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(context(&tool[0]))?;
    let mut pipe = child.stdin.take().ok_or("no pipe")?;
    let (written, output) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || pipe.write_all(input));
        let output = child.wait_with_output();
        (writer.join(), output)
    });
    let output = output?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", tool[0], output.status).into());
    }
    written.map_err(|_| "the writer panicked")??;
    Ok(output.stdout)
}

/// The legacy frame of LZ4 that kernels use: blocks of a 32-bit size each, no check sums.
fn lz4_legacy(mut blocks: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(blocks.len() * 5);
    while let Some((size, rest)) = blocks.split_first_chunk::<4>() {
        let size = u32::from_le_bytes(*size) as usize;
        let block = rest.get(..size).ok_or("LZ4: a block ends behind the data")?;
        lz4_block(block, &mut out).ok_or("LZ4: a block is broken")?;
        blocks = &rest[size..];
    }
    Ok(out)
}

/// One block: token (literal length, match length), literals, offset back into what was written in this block.
fn lz4_block(mut block: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let begin = out.len();
    loop {
        let token = take(&mut block)?;
        let literals = length(token >> 4, &mut block)?;
        out.extend_from_slice(block.get(..literals)?);
        block = &block[literals..];
        if block.is_empty() {
            return Some(());
        }
        let offset = usize::from(u16::from_le_bytes([take(&mut block)?, take(&mut block)?]));
        let matched = length(token & 15, &mut block)? + 4;
        let from = out.len().checked_sub(offset).filter(|from| *from >= begin && offset > 0)?;
        // A match may overlap what it writes, so byte by byte.
        for index in from..from + matched {
            out.push(out[index]);
        }
    }
}

fn take(block: &mut &[u8]) -> Option<u8> {
    let (first, rest) = block.split_first()?;
    *block = rest;
    Some(*first)
}

fn length(nibble: u8, block: &mut &[u8]) -> Option<usize> {
    let mut length = usize::from(nibble);
    if nibble == 15 {
        loop {
            let more = take(block)?;
            length += usize::from(more);
            if more != 255 {
                break;
            }
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lz4_copies_overlapping_matches() {
        // "ab", then 8 bytes from 2 back, then the literal "!".
        let block = [0x24, b'a', b'b', 2, 0, 0x10, b'!'];
        let mut frame = (block.len() as u32).to_le_bytes().to_vec();
        frame.extend_from_slice(&block);
        assert_eq!(lz4_legacy(&frame).unwrap(), b"ababababab!");
    }

    #[test]
    fn lz4_reads_long_lengths() {
        let mut block = vec![0xf0, 255, 3];
        block.extend_from_slice(&[7; 15 + 255 + 3]);
        let mut out = Vec::new();
        lz4_block(&block, &mut out).unwrap();
        assert_eq!(out, [7; 273]);
    }

    #[test]
    fn broken_input_is_an_error() {
        assert!(lz4_legacy(&[9, 0, 0, 0, 1]).is_err());
        // A match before anything was written.
        assert!(lz4_block(&[0x00, 1, 0], &mut Vec::new()).is_none());
        assert!(compressed(&[0; 0x300]).is_err());
        assert!(decompress(b"what").unwrap_err().to_string().contains("unknown compression"));
    }
}
