//! The statically initialised slots of maps-in-maps and prog arrays: `.values = { [1] = &inner }`.

use super::file::File;
use super::function::Functions;
use super::maps::Maps;
use super::section::{MAPS, RawRelocation, Role};
use super::symbol::Symbol;
use crate::error::Within as _;
use crate::spec::{MapContents, Slot, SlotTarget};
use crate::uapi::MapType;
use crate::{Error, Frame, Result};

/// Bytes of a slot: a pointer of the target.
const SLOT_SIZE: u64 = 8;

/// Puts into each map's contents what the relocations of section `.maps` say.
pub(super) fn read(file: &File<'_>, functions: &Functions<'_>, maps: &mut Maps<'_>) -> Result<()> {
    let Some(section) = file.section_with(Role::Maps) else { return Ok(()) };
    let mut slots: Vec<Vec<Slot>> = Vec::new();
    slots.resize_with(maps.defined.len(), Vec::new);
    for relocation in &section.relocations {
        let (map, slot) = read_one(file, functions, maps, relocation)
            .within(|| Frame::Section(MAPS.to_owned()))?;
        if slots[map].last().is_some_and(|last| last.key == slot.key) {
            return Err(Error::malformed(format!("two values for slot {}", slot.key))
                .within(Frame::Map(maps.defined[map].name.to_owned()))
                .within(Frame::Section(MAPS.to_owned())));
        }
        slots[map].push(slot);
    }
    for (spec, slots) in maps.specs.iter_mut().zip(slots) {
        if !slots.is_empty() {
            spec.contents = MapContents::Slots(slots.into());
        }
    }
    Ok(())
}

/// The index of the map, and the slot in it.
fn read_one(
    file: &File<'_>,
    functions: &Functions<'_>,
    maps: &Maps<'_>,
    relocation: &RawRelocation,
) -> Result<(usize, Slot)> {
    let end = maps.defined.partition_point(|map| u64::from(map.offset) <= relocation.offset);
    let index = end.checked_sub(1);
    let Some((index, map)) = index.and_then(|index| Some((index, maps.defined.get(index)?))) else {
        return Err(Error::malformed("a relocation outside every map"));
    };
    let symbol = file.symbols.get(relocation.symbol as usize);
    let map_type = maps.specs[index].map_type;
    let slot = || -> Result<Slot> {
        let at = relocation.offset - u64::from(map.offset);
        let key = map
            .slots
            .filter(|_| at < u64::from(map.size))
            .and_then(|slots| at.checked_sub(u64::from(slots)))
            .filter(|at| at.is_multiple_of(SLOT_SIZE))
            .and_then(|at| u32::try_from(at / SLOT_SIZE).ok());
        let Some(key) = key else {
            return Err(Error::malformed(format!("a relocation at {at}, where no slot is")));
        };
        let target = symbol
            .ok_or_else(|| Error::malformed("a relocation against a symbol that does not exist"))
            .and_then(|symbol| target(functions, maps, map_type, symbol))
            .within(|| Frame::Member(format!("values[{key}]")))?;
        Ok(Slot { key, target })
    };
    let slot = slot().within(|| Frame::Map(map.name.to_owned()))?;
    Ok((index, slot))
}

fn target(
    functions: &Functions<'_>,
    maps: &Maps<'_>,
    map_type: MapType,
    symbol: &Symbol<'_>,
) -> Result<SlotTarget> {
    if map_type == MapType::PROG_ARRAY {
        let found = symbol.section.zip(usize::try_from(symbol.value).ok());
        let function = found.and_then(|(section, offset)| functions.at(section, offset));
        // Programs are numbered as functions are, subprograms left out.
        let program = function.filter(|f| functions.get(*f).is_some_and(|f| !f.subprogram));
        let Some(program) = program.and_then(|f| functions.program_index(f)) else {
            return Err(Error::malformed(format!("expected a program, found {:?}", symbol.name)));
        };
        return Ok(SlotTarget::Program(program));
    }
    match symbol.section.and_then(|section| maps.defined_at(section, symbol.value)) {
        Some(map) => Ok(SlotTarget::Map(map)),
        None => Err(Error::malformed(format!("expected a map, found {:?}", symbol.name))),
    }
}
