use super::image::{Image, string};
use crate::{Error, Result};

/// A probe that a file announces: a place where its author left a `nop`, and how to find values there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) provider: String,
    pub(crate) name: String,
    /// As the compiler wrote it: `-4@%edi 8@-16(%rbp)`.
    pub(crate) arguments: String,
    /// Of the `nop`, as the file is now.
    pub(crate) address: u64,
    /// Of a counter of those who listen; 0 for none.
    pub(crate) semaphore: u64,
}

/// All probes, from the section `.note.stapsdt`. Each place in the code is one, also where they have the same name.
pub(crate) fn usdt_notes(image: &Image) -> Result<Vec<Note>> {
    // Prelinking moves a file's addresses and does not know of these: the section tells by how much.
    let base = image.sections_named(".stapsdt.base")?.first().map(|section| section.address);
    let mut notes = Vec::new();
    for section in image.sections_named(".note.stapsdt")? {
        let bytes = image.content(section)?;
        read(image, &bytes, base, &mut notes)?;
    }
    Ok(notes)
}

/// ```text
///   namesz  descsz  type 3 │ "stapsdt\0" │ address  base  semaphore │ provider\0  name\0  arguments\0
///      4       4       4      to 4 bytes      4 or 8 bytes each        to 4 bytes
/// ```
fn read(image: &Image, bytes: &[u8], base: Option<u64>, notes: &mut Vec<Note>) -> Result<()> {
    const HEADER: usize = 12;
    const PROBE: u32 = 3;
    let cut = || Error::malformed("a note of a USDT probe is cut off");
    let mut rest = bytes;
    while rest.len() >= HEADER {
        let field = image.fields(rest);
        let (name, content, kind) = (field.u32(0)? as usize, field.u32(4)? as usize, field.u32(8)?);
        let aligned = |length: usize| length.checked_next_multiple_of(4).ok_or_else(cut);
        let begin = aligned(name)?.saturating_add(HEADER);
        let owner = rest.get(HEADER..).and_then(|rest| rest.get(..name)).ok_or_else(cut)?;
        let content_end = begin.checked_add(content).ok_or_else(cut)?;
        let content = rest.get(begin..content_end).ok_or_else(cut)?;
        if kind == PROBE && owner == b"stapsdt\0" {
            notes.push(probe(image, content, base)?);
        }
        // The last one need not be filled up.
        rest = rest.get(aligned(content_end)?..).unwrap_or_default();
    }
    Ok(())
}

fn probe(image: &Image, content: &[u8], base: Option<u64>) -> Result<Note> {
    let word = if image.is_wide() { 8 } else { 4 };
    let field = image.fields(content);
    let (address, linked_base, semaphore) =
        (field.word(0)?, field.word(word)?, field.word(2 * word)?);
    let moved = match base {
        Some(base) if linked_base != 0 => base.wrapping_sub(linked_base),
        _ => 0,
    };
    let mut at = 3 * word;
    let mut text = || {
        let text = u32::try_from(at).ok().and_then(|at| string(content, at));
        let text = text.ok_or_else(|| Error::malformed("a note of a USDT probe is cut off"))?;
        at += text.len() + 1;
        Ok::<_, Error>(String::from_utf8_lossy(text).into_owned())
    };
    Ok(Note {
        provider: text()?,
        name: text()?,
        arguments: text()?,
        address: address.wrapping_add(moved),
        semaphore: if semaphore == 0 { 0 } else { semaphore.wrapping_add(moved) },
    })
}
