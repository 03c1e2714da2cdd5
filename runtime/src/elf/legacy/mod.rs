//! Section `maps`: map definitions as numbers, of the time before BTF.
//!
//! iproute2 and libbpf before 1.0 read them; neither does any more. Where a number could mean two things, iproute2's
//! reading is taken (`lib/bpf_legacy.c`).

mod annotation;
mod definition;
mod filling;
mod layout;
mod nested;
mod table;
mod tail_call;

pub use layout::{Legacy, LegacyMaps};

use std::borrow::Cow;

use super::budget::Budget;
use super::file::File;
use super::maps::Maps;
use super::section::{Role, Section};
use crate::btf::Btf;
use crate::error::Within as _;
use crate::spec::{MapContents, MapSpec, Pinning, ProgramSpec};
use crate::uapi::MapType;
use crate::{Error, ErrorKind, Frame, Result};
use annotation::Annotations;
use definition::Definition;

/// What is known of a section `maps` beyond the specs of its maps.
pub(super) struct Read {
    pub(super) maps: LegacyMaps,
    /// The definitions with their maps' indices in the spec.
    definitions: Vec<(u32, Definition)>,
}

/// What the standard reader answers to a section `maps`.
pub(super) fn refuse(file: &File<'_>) -> Result<()> {
    match file.section_with(Role::LegacyMaps) {
        None => Ok(()),
        Some(section) => Err(Error::new(
            ErrorKind::MapDefinition,
            "a map definition that is not understood: it is one of iproute2's (struct bpf_elf_map) or of libbpf's before \
             1.0 (struct bpf_map_def)",
        )
        .with_hint("elf::Reader::legacy reads it, and loader::Loader does so by itself")
        .within(Frame::Section(section.name.to_owned()))),
    }
}

/// Adds the maps of section `maps`, if there is one.
pub(super) fn read<'a>(
    file: &File<'a>,
    btf: Option<&Btf<'a>>,
    layout: Legacy,
    maps: &mut Maps<'a>,
    budget: &mut Budget,
) -> Result<Option<Read>> {
    let Some((index, section)) = file.find(Role::LegacyMaps) else { return Ok(None) };
    read_section(file, btf, layout, (index, section), maps, budget)
        .within(|| Frame::Section(section.name.to_owned()))
        .map(Some)
}

fn read_section<'a>(
    file: &File<'a>,
    btf: Option<&Btf<'a>>,
    layout: Legacy,
    (index, section): (usize, &Section<'a>),
    maps: &mut Maps<'a>,
    budget: &mut Budget,
) -> Result<Read> {
    let table = table::read(file, index, section)?;
    let mut definitions = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let added = Definition::read(row.bytes, layout, file.endian).and_then(|definition| {
            let spec = spec(row.name, section.name, &definition, budget)?;
            Ok((maps.add(index, row.offset, spec)?, definition))
        });
        definitions.push(added.within(|| Frame::Map(row.name.to_owned()))?);
    }
    Annotations::read(btf, budget)?.apply(&definitions, maps, budget)?;
    nested::resolve(&definitions, maps, budget)?;
    Ok(Read { maps: LegacyMaps { layout, size: table.size }, definitions })
}

/// Puts the programs of sections `N/M` into their prog arrays.
pub(super) fn link(
    read: &Read,
    maps: &mut Maps<'_>,
    programs: &mut [ProgramSpec],
    budget: &mut Budget,
) -> Result<()> {
    tail_call::link(&read.definitions, maps, programs, budget)
}

fn spec(
    name: &str,
    section: &str,
    definition: &Definition,
    budget: &mut Budget,
) -> Result<MapSpec> {
    let &Definition { map_type, key_size, value_size, max_entries, flags, pinning, .. } =
        definition;
    if map_type == MapType::UNSPEC {
        return Err(Error::malformed("it has no type: the first number is 0"));
    }
    budget.take(size_of::<MapSpec>())?;
    Ok(MapSpec {
        name: budget.text(name)?,
        section: match section {
            "maps" => Cow::Borrowed("maps"),
            other => budget.text(other)?,
        },
        map_type,
        key_size,
        value_size,
        max_entries,
        flags,
        extra: 0,
        numa_node: 0,
        pinning: match pinning {
            0 => Pinning::None,
            number => Pinning::Legacy(number),
        },
        key_type_id: 0,
        value_type_id: 0,
        inner: None,
        contents: MapContents::Empty,
    })
}
