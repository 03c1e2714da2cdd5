use std::collections::BTreeSet;

use super::image::{Image, string};
use super::versions::Versions;
use crate::link::glob;
use crate::link::near::Near;
use crate::{Error, Result};

/// What a library exports.
const DYNSYM: u32 = 11;
/// Everything, where it was not stripped.
const SYMTAB: u32 = 2;

/// A function that is in the file.
struct Function<'s> {
    name: &'s [u8],
    /// Its index in the table.
    index: usize,
    address: u64,
    is_weak: bool,
}

/// Where in the file the function is, as libbpf finds it: among what the file exports, then among all its symbols.
/// `name@VERSION` names one of several versions.
pub(crate) fn function(image: &Image, name: &str) -> Result<u64> {
    let versions = if name.contains('@') { Versions::read(image)? } else { Versions::default() };
    for table in [DYNSYM, SYMTAB] {
        if let Some(address) = in_table(image, table, name.as_bytes(), &versions)? {
            return image.offset_of(address).ok_or_else(|| {
                Error::malformed(format!("address {address:#x} of the function is not in the file"))
            });
        }
    }
    let mut near = Near::to(name);
    for table in [DYNSYM, SYMTAB] {
        each(image, table, |function| near.see(function.name))?;
    }
    let error = Error::not_found("the file has no such function");
    Err(match near.hint() {
        Some(hint) => error.with_hint(hint),
        None if image.section_of(SYMTAB).is_none() => {
            error.with_hint("it is stripped: only functions that it exports are known")
        }
        None => error,
    })
}

fn in_table(image: &Image, table: u32, name: &[u8], versions: &Versions) -> Result<Option<u64>> {
    let mut found: Option<Function<'_>> = None;
    let mut ambiguous = None;
    each(image, table, |function| {
        let versions = (table == DYNSYM).then_some(versions);
        if !is_named(&function, name, versions) {
            return;
        }
        match &found {
            Some(known) if known.address == function.address => {}
            // One that is not weak goes before those that are.
            Some(known) if !known.is_weak && function.is_weak => {}
            Some(known) if known.is_weak == function.is_weak && !known.is_weak => {
                ambiguous.get_or_insert((known.address, function.address));
            }
            Some(known) if known.is_weak && function.is_weak => {}
            _ => found = Some(Function { name: b"", ..function }),
        }
    })?;
    if let Some((one, other)) = ambiguous {
        return Err(Error::mismatch(format!(
            "the file has several functions of this name, at {one:#x} and {other:#x}"
        ))
        .with_hint("name a version (`function@VERSION`), or give an offset in the file"));
    }
    Ok(found.map(|function| function.address))
}

/// Whether a symbol is the wanted one. Names in a whole symbol table have their version in them, as `name@VERSION` or,
/// for the one that is taken by default, `name@@VERSION`; those of dynamic symbols are in a table of their own.
fn is_named(function: &Function<'_>, wanted: &[u8], versions: Option<&Versions>) -> bool {
    let cut = |name| -> (&[u8], Option<&[u8]>) {
        let at = <[u8]>::iter(name).position(|&byte| byte == b'@');
        at.map_or((name, None), |at| {
            let version = &name[at + 1..];
            (&name[..at], Some(version.strip_prefix(b"@").unwrap_or(version)))
        })
    };
    let ((bare, own), (wanted, version)) = (cut(function.name), cut(wanted));
    bare == wanted
        && version.is_none_or(|version| {
            own.or_else(|| versions.and_then(|versions| versions.of(function.index)))
                == Some(version)
        })
}

/// Where in the file the functions are whose name fits a pattern: of all its symbols, or where it was stripped, of what
/// it exports. Ascending; functions with several names come once.
pub(crate) fn functions(image: &Image, pattern: &str) -> Result<Vec<u64>> {
    for table in [SYMTAB, DYNSYM] {
        let mut addresses = BTreeSet::new();
        each(image, table, |function| {
            if glob::matches(pattern.as_bytes(), function.name) {
                addresses.insert(function.address);
            }
        })?;
        let offsets: BTreeSet<u64> =
            addresses.into_iter().filter_map(|address| image.offset_of(address)).collect();
        if !offsets.is_empty() {
            return Ok(offsets.into_iter().collect());
        }
    }
    Err(Error::not_found("no function of the file fits this pattern"))
}

fn each(image: &Image, table: u32, mut each: impl FnMut(Function<'_>)) -> Result<()> {
    const FUNCTION: u8 = 2;
    const WEAK: u8 = 2;
    const UNDEFINED: u16 = 0;
    let Some(section) = image.section_of(table) else { return Ok(()) };
    let Some(strings) = image.sections.get(section.link as usize) else { return Ok(()) };
    let (strings, symbols) = (image.content(strings)?, image.content(section)?);
    let at = |narrow, wide| if image.is_wide() { wide } else { narrow };
    for (index, symbol) in symbols.chunks_exact(at(16, 24)).enumerate() {
        let field = image.fields(symbol);
        let info = field.u8(at(12, 4))?;
        if info & 0xf != FUNCTION || field.u16(at(14, 6))? == UNDEFINED {
            continue;
        }
        let Some(name) = string(&strings, field.u32(0)?) else { continue };
        let address = field.word(at(4, 8))?;
        each(Function { name, index, address, is_weak: info >> 4 == WEAK });
    }
    Ok(())
}
