//! Which map is where in section `maps`.

use super::super::file::File;
use super::super::section::Section;
use super::super::symbol::{Binding, Symbol, SymbolKind};
use crate::error::Within as _;
use crate::{Error, Frame, Result};

/// What iproute2 takes at the most.
const MAX_MAPS: usize = 64;
/// All numbers are words of 32 bits.
const WORD: usize = 4;

/// The section, divided by its symbols.
pub(super) struct Table<'a> {
    /// Bytes of a definition.
    pub(super) size: u32,
    /// Ascending by offset.
    pub(super) rows: Vec<Row<'a>>,
}

/// A definition that is not looked into yet.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    /// In the section.
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

pub(super) fn read<'a>(file: &File<'a>, index: usize, section: &Section<'a>) -> Result<Table<'a>> {
    let is_map = |symbol: &&Symbol<'_>| {
        symbol.section == Some(index)
            && symbol.binding == Binding::Global
            && matches!(symbol.kind, SymbolKind::Untyped | SymbolKind::Object)
    };
    let symbols = || file.symbols.iter().filter(is_map);
    let (count, len) = (symbols().count(), section.bytes.len());
    if count == 0 {
        return Err(Error::malformed("no global symbol in it: a static map has no name"));
    }
    if count > MAX_MAPS {
        return Err(Error::malformed(format!("expected {MAX_MAPS} maps or less, found {count}")));
    }
    if !len.is_multiple_of(count) || !len.is_multiple_of(WORD) {
        return Err(Error::malformed(format!(
            "expected {count} definitions of the same size, in words of {WORD} bytes, found {len} bytes"
        )));
    }
    let size = len / count;
    if !size.is_multiple_of(WORD) {
        return Err(Error::malformed(format!(
            "expected definitions in words of {WORD} bytes, found {size} bytes each"
        )));
    }
    let mut names = vec![None; count];
    for symbol in symbols() {
        let at = usize::try_from(symbol.value).ok().filter(|at| at.is_multiple_of(size));
        let place = at.and_then(|at| names.get_mut(at / size)).filter(|place| place.is_none());
        let (Some(place), false) = (place, symbol.name.is_empty()) else {
            return Err(Error::malformed(format!(
                "expected a name and a definition of its own of {size} bytes, found offset {}",
                symbol.value
            )))
            .within(|| Frame::Symbol(symbol.name.to_owned()));
        };
        *place = Some(symbol.name);
    }
    // As many places as symbols, and no two symbols at one: each place has its own.
    let rows = names.iter().flatten().zip(section.bytes.chunks_exact(size)).enumerate();
    let rows = rows.map(|(n, (&name, bytes))| Row { name, offset: (n * size) as u64, bytes });
    let size = u32::try_from(size).map_err(|_| Error::malformed("more than 4 GiB"))?;
    Ok(Table { size, rows: rows.collect() })
}
