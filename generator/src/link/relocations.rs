//! What is to be filled in, at its new place and against the symbols of the result.

use bpf_skel::insn::{CALL, INSN_SIZE, Insn};
use bpf_skel::spec::Endian;
use bpf_skel::{Error, Frame, Result};
use object::elf::{R_BPF_64_32, R_BPF_64_64};

use super::input::{Input, Relocation, Role, Section};
use super::overridden::Overridden;
use super::sections::Layout;
use super::symbols::{Place, Symbol, Table};

/// `R_BPF_64_ABS64`: an address in data.
const ABS64: u32 = 2;
/// `R_BPF_64_ABS32`
const ABS32: u32 = 3;

/// Moves the relocations of all inputs to the sections of the result.
pub(super) fn link(
    inputs: &[Input<'_>],
    layout: &mut Layout<'_>,
    table: &Table<'_>,
    overridden: &Overridden,
) -> Result<()> {
    for (number, input) in inputs.iter().enumerate() {
        for (index, section) in input.sections.iter().enumerate() {
            if section.role != Role::Linked || layout.place(number, index).is_none() {
                continue;
            }
            let live = section
                .relocations
                .iter()
                .filter(|it| !overridden.contains(number, index, it.offset));
            for relocation in live {
                link_one(input, (number, index), relocation, layout, table)
                    .map_err(|error| error.within(Frame::Section(section.name.to_owned())))
                    .map_err(|error| error.within(Frame::Object(input.name.to_owned())))?;
            }
        }
    }
    Ok(())
}

fn link_one(
    input: &Input<'_>,
    (number, index): (usize, usize),
    relocation: &Relocation,
    layout: &mut Layout<'_>,
    table: &Table<'_>,
) -> Result<()> {
    let at = |error: Error| error.within(Frame::Symbol(format!("+{:#x}", relocation.offset)));
    let symbol = input.symbols.get(relocation.symbol as usize);
    let new = table.indices[number].get(relocation.symbol as usize).copied().unwrap_or(0);
    let Some(symbol) = symbol.filter(|_| new != 0) else {
        return Err(at(Error::malformed(match symbol {
            Some(symbol) => {
                format!("a relocation against {:?}, which is not linked", label(input, symbol))
            }
            None => format!("a relocation against symbol {}", relocation.symbol),
        })));
    };
    let section = &input.sections[index];
    let width = width(section, relocation).map_err(at)?;
    let fits = relocation.offset.checked_add(width).is_some_and(|end| end <= section.size);
    if !fits || section.is_zeros() {
        return Err(at(Error::malformed("a relocation outside the section's bytes")));
    }
    let Some(placed) = layout.place(number, index) else { return Ok(()) };
    let offset = placed.base + relocation.offset;
    // Others are relative to a symbol, which takes its place along.
    if symbol.is_section()
        && let Place::Section(target) = symbol.place
        && let Some(target) = layout.place(number, target)
    {
        let bytes = &mut layout.sections[placed.section].bytes[offset as usize..];
        let moved = match section.is_text() {
            true => move_insn(bytes, target.base, input.endian),
            false => move_address(&mut bytes[..width as usize], target.base, input.endian),
        };
        moved.ok_or_else(|| at(Error::malformed("an address beyond 4 GiB")))?;
    }
    let kind = relocation.kind;
    layout.sections[placed.section].relocations.push(Relocation { offset, symbol: new, kind });
    Ok(())
}

/// How many bytes are filled in.
fn width(section: &Section<'_>, relocation: &Relocation) -> Result<u64> {
    let kind = relocation.kind;
    let known = [R_BPF_64_64.0, R_BPF_64_32.0, ABS64, ABS32];
    if !known.contains(&kind) {
        return Err(Error::not_supported_yet(format!("a relocation of ELF type {kind}")));
    }
    if section.is_text() {
        return match relocation.offset.is_multiple_of(INSN_SIZE as u64) {
            true => Ok(INSN_SIZE as u64),
            false => Err(Error::malformed("a relocation that is not of a whole instruction")),
        };
    }
    Ok(if kind == ABS32 || kind == R_BPF_64_32.0 { 4 } else { 8 })
}

/// Adds to the immediate of an instruction, which is an offset in a section: of a call in instructions.
fn move_insn(bytes: &mut [u8], base: u64, endian: Endian) -> Option<()> {
    let chunk = bytes.first_chunk_mut::<INSN_SIZE>()?;
    let insn = Insn::from_bytes(*chunk, endian);
    let step = if insn.code == CALL { base / INSN_SIZE as u64 } else { base };
    let imm = insn.imm.checked_add(i32::try_from(step).ok()?)?;
    *chunk = Insn { imm, ..insn }.to_bytes(endian);
    Some(())
}

/// Adds to a number of 4 or 8 bytes.
pub(super) fn move_address(bytes: &mut [u8], base: u64, endian: Endian) -> Option<()> {
    if let Ok(word) = <[u8; 8]>::try_from(&*bytes) {
        let moved = endian.u64(word).wrapping_add(base);
        bytes.copy_from_slice(&match endian {
            Endian::Little => moved.to_le_bytes(),
            Endian::Big => moved.to_be_bytes(),
        });
    } else {
        let word = <[u8; 4]>::try_from(&*bytes).ok()?;
        let moved = endian.u32(word).checked_add(u32::try_from(base).ok()?)?;
        bytes.copy_from_slice(&endian.u32_bytes(moved));
    }
    Some(())
}

/// What to call a symbol in an error.
fn label<'a>(input: &Input<'a>, symbol: &Symbol<'a>) -> &'a str {
    match symbol.place {
        Place::Section(index) if symbol.is_section() => input.sections[index].name,
        _ => symbol.name,
    }
}
