//! Tables of jumps: section `.jumptables`.
//!
//! ```text
//!   .jumptables   BPF.JT.0.0              BPF.JT.1.0
//!                 ┌──────┬──────┬──────┐  ┌──────┬───
//!                 │ u64  │ u64  │ u64  │  │ u64  │      byte offsets in the section of the function that jumps
//!                 └──────┴──────┴──────┘  └──────┴───
//! ```

use super::budget::Budget;
use super::file::File;
use super::function::Function;
use super::section::JUMP_TABLES;
use super::symbol::Symbol;
use crate::error::Within as _;
use crate::insn::INSN_SIZE;
use crate::spec::JumpTable;
use crate::{Error, Frame, Result};

const ENTRY: usize = size_of::<u64>();

/// The table that a symbol names, for a function that starts at this instruction of its program.
pub(super) fn read(
    file: &File<'_>,
    symbol: u32,
    function: &Function<'_>,
    start: usize,
    budget: &mut Budget,
) -> Result<JumpTable> {
    let Some(symbol) = file.symbols.get(symbol as usize) else {
        return Err(Error::malformed(format!("no symbol {symbol}")));
    };
    targets(file, symbol, function, start, budget)
        .and_then(|targets| {
            Ok(JumpTable { name: budget.text(symbol.name)?, targets: targets.into() })
        })
        .within(|| Frame::Symbol(symbol.name.to_owned()))
        .within(|| Frame::Section(JUMP_TABLES.to_owned()))
}

fn targets(
    file: &File<'_>,
    symbol: &Symbol<'_>,
    function: &Function<'_>,
    start: usize,
    budget: &mut Budget,
) -> Result<Vec<u32>> {
    let section = symbol.section.and_then(|index| file.section(index));
    let (bytes, relocations) =
        section.map_or((&[][..], &[][..]), |section| (section.bytes, &section.relocations));
    let whole = |n: u64| usize::try_from(n).ok().filter(|n| n.is_multiple_of(ENTRY));
    let range = whole(symbol.value)
        .zip(whole(symbol.size).filter(|&size| size > 0))
        .and_then(|(from, size)| Some(from..from.checked_add(size)?));
    let Some(table) = range.and_then(|range| bytes.get(range)) else {
        return Err(Error::malformed(format!(
            "expected whole numbers of {ENTRY} bytes within the section's {} bytes, found {} bytes at {}",
            bytes.len(),
            symbol.size,
            symbol.value
        )));
    };
    let end = symbol.value + symbol.size;
    let next = relocations.partition_point(|one| one.offset < symbol.value);
    if relocations.get(next).is_some_and(|one| one.offset < end) {
        return Err(Error::malformed(
            "expected offsets in the function's section, found a relocation",
        ));
    }
    budget.take(table.len())?;
    let entries = table.as_chunks::<ENTRY>().0.iter().enumerate();
    let target = |(number, entry): (usize, &[u8; ENTRY])| {
        let offset = file.endian.u64(*entry);
        let within = offset.checked_sub(function.start as u64).filter(|&within| {
            within < function.bytes.len() as u64 && within.is_multiple_of(INSN_SIZE as u64)
        });
        within
            .and_then(|within| u32::try_from(start as u64 + within / INSN_SIZE as u64).ok())
            .ok_or_else(|| {
                Error::malformed(format!(
                    "entry {number}: expected an instruction of {:?}, which is at {} to {} in its section, found {offset}",
                    function.name,
                    function.start,
                    function.end()
                ))
            })
    };
    entries.map(target).collect()
}
