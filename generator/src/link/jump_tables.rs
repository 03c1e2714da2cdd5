//! Section `.jumptables`: what a function jumps through.

use std::collections::HashMap;

use bpf_skel::spec::Endian;
use bpf_skel::{Error, Frame, Result};

use super::budget::Budget;
use super::input::{Input, Role};
use super::relocations::move_address;
use super::sections::Layout;
use super::symbols::{Binding, Place, Symbol};

/// Its entries are byte offsets in the section of the function that jumps.
pub(super) const NAME: &str = ".jumptables";

const ENTRY: u64 = size_of::<u64>() as u64;

/// A compiler numbers tables file by file, and makes them global: two of the same name have nothing to do with each other.
pub(super) fn make_local(symbols: &mut [Symbol<'_>], is_table: impl Fn(usize) -> bool) {
    for symbol in symbols {
        if matches!(symbol.place, Place::Section(index) if is_table(index)) {
            symbol.binding = Binding::Local;
        }
    }
}

/// Moves the entries along with the functions that they are of.
pub(super) fn link(
    inputs: &[Input<'_>],
    layout: &mut Layout<'_>,
    budget: &mut Budget,
) -> Result<()> {
    for (number, input) in inputs.iter().enumerate() {
        link_one(input, number, layout, budget)
            .map_err(|error| error.within(Frame::Section(NAME.to_owned())))
            .map_err(|error| error.within(Frame::Object(input.name.to_owned())))?;
    }
    Ok(())
}

fn link_one(
    input: &Input<'_>,
    number: usize,
    layout: &mut Layout<'_>,
    budget: &mut Budget,
) -> Result<()> {
    let Some(index) = input.section_named(NAME) else { return Ok(()) };
    let Some(placed) = layout.place(number, index) else { return Ok(()) };
    let tables = &input.sections[index];
    if !tables.relocations.is_empty() {
        return Err(Error::malformed(
            "expected offsets in the function's section, found relocations",
        ));
    }
    // By the offset of an entry: how far it moves.
    let mut moves: HashMap<u64, u64> = HashMap::new();
    for (code, section) in input.sections.iter().enumerate() {
        let Some(target) = layout.place(number, code) else { continue };
        if section.role != Role::Linked || !section.is_text() {
            continue;
        }
        for relocation in &section.relocations {
            let symbol = input.symbols.get(relocation.symbol as usize);
            let Some(symbol) = symbol.filter(|symbol| symbol.place == Place::Section(index)) else {
                continue;
            };
            let named = |error: Error| error.within(Frame::Symbol(symbol.name.to_owned()));
            let end = symbol.value.checked_add(symbol.size).filter(|&end| {
                symbol.size > 0 && symbol.size.is_multiple_of(ENTRY) && end <= tables.size
            });
            let Some(end) = end else {
                return Err(named(Error::malformed(format!(
                    "expected whole numbers of {ENTRY} bytes within the section's {} bytes, found {} bytes at {}",
                    tables.size, symbol.size, symbol.value
                ))));
            };
            // The functions of a section that is read again and again move alike.
            if moves.get(&symbol.value) == Some(&target.base) {
                continue;
            }
            budget.take(symbol.size as usize)?;
            for entry in (symbol.value..end).step_by(ENTRY as usize) {
                if moves.insert(entry, target.base).is_some_and(|other| other != target.base) {
                    return Err(named(Error::malformed(
                        "functions of two sections jump through it",
                    )));
                }
            }
        }
    }
    let bytes = &mut layout.sections[placed.section].bytes;
    for (entry, base) in moves {
        let at = (placed.base + entry) as usize;
        move_entry(bytes, at, base, input.endian)
            .ok_or_else(|| Error::malformed("an entry outside the section's bytes"))?;
    }
    Ok(())
}

fn move_entry(bytes: &mut [u8], at: usize, base: u64, endian: Endian) -> Option<()> {
    move_address(bytes.get_mut(at..)?.get_mut(..ENTRY as usize)?, base, endian)
}
