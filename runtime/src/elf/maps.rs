//! The maps of section `.maps`, and where all maps are in the file.

use std::collections::HashMap;

use super::budget::Budget;
use super::file::File;
use super::map_def::{self, MapDef};
use super::section::{MAPS, Role};
use super::warning::Warning;
use crate::btf::{Btf, DataSec, DataSecVar, Kind, Linkage};
use crate::error::Within as _;
use crate::spec::{MapContents, MapSpec};
use crate::uapi::MapType;
use crate::{Error, Frame, Result};

/// The maps of a spec in the making.
#[derive(Debug, Default)]
pub(super) struct Maps<'a> {
    pub(super) specs: Vec<MapSpec>,
    pub(super) inner: Vec<MapSpec>,
    /// Those of section `.maps`, ascending by offset; the first of `specs`.
    pub(super) defined: Vec<Defined<'a>>,
    /// The index in `specs` of each definition, by the ELF index of its section and its offset there.
    definitions: HashMap<(usize, u64), u32>,
    /// The index in `specs` of each data section, by its ELF index.
    sections: HashMap<usize, u32>,
    /// What was passed over.
    pub(super) warnings: Vec<Warning>,
}

/// A map of section `.maps`.
#[derive(Debug)]
pub(super) struct Defined<'a> {
    pub(super) name: &'a str,
    /// Offset in the section.
    pub(super) offset: u32,
    pub(super) size: u32,
    /// Offset of the slots in the definition, where it has some.
    pub(super) slots: Option<u32>,
}

impl Maps<'_> {
    /// The index of the map whose definition starts there.
    pub(super) fn defined_at(&self, section: usize, offset: u64) -> Option<u32> {
        self.definitions.get(&(section, offset)).copied()
    }

    /// Adds a map that is defined there.
    pub(super) fn add(&mut self, section: usize, offset: u64, spec: MapSpec) -> Result<u32> {
        let index = count(self.specs.len())?;
        self.definitions.insert((section, offset), index);
        self.specs.push(spec);
        Ok(index)
    }

    /// Adds the template of the maps that another one holds.
    pub(super) fn add_inner(&mut self, spec: MapSpec) -> Result<u32> {
        let index = count(self.inner.len())?;
        self.inner.push(spec);
        Ok(index)
    }

    /// The index of the map of a data section.
    pub(super) fn of_section(&self, section: usize) -> Option<u32> {
        self.sections.get(&section).copied()
    }

    /// The one arena, which variables may be in.
    pub(super) fn arena(&self) -> Result<u32> {
        let mut arenas = self.specs.iter().enumerate();
        let mut arenas = arenas.by_ref().filter(|(_, map)| map.map_type == MapType::ARENA);
        match (arenas.next(), arenas.next()) {
            (Some((index, _)), None) => count(index),
            (None, _) => Err(Error::malformed("variables in an arena, and no map of type arena")
                .with_hint("define one in SEC(\".maps\")")),
            (Some((_, first)), Some((_, second))) => Err(Error::malformed(format!(
                "variables in an arena, and two of them: {:?} and {:?}",
                first.name, second.name
            ))),
        }
    }

    /// Has a section's variables be in a map that is defined elsewhere.
    pub(super) fn put(&mut self, section: usize, map: u32, contents: MapContents) {
        self.sections.insert(section, map);
        if let Some(spec) = self.specs.get_mut(map as usize) {
            spec.contents = contents;
        }
    }

    /// Adds the map of a data section.
    pub(super) fn add_section(&mut self, section: usize, spec: MapSpec) -> Result<u32> {
        let index = count(self.specs.len())?;
        self.sections.insert(section, index);
        self.specs.push(spec);
        Ok(index)
    }
}

fn count(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::malformed("too many maps"))
}

/// Reads section `.maps`; if `relaxed`, members that are not known are passed over.
pub(super) fn read<'a>(
    file: &File<'a>,
    btf: Option<&Btf<'a>>,
    datasec: Option<DataSec<'a>>,
    relaxed: bool,
    budget: &mut Budget,
) -> Result<Maps<'a>> {
    let mut maps = Maps::default();
    let section = file.find(Role::Maps).filter(|(_, section)| section.size > 0);
    let Some((index, section)) = section else { return Ok(maps) };
    let frame = || Frame::Section(MAPS.to_owned());
    let Some((btf, datasec)) = btf.zip(datasec) else {
        return Err(Error::malformed("no BTF describes the maps").within(frame()))
            .map_err(|error| error.with_hint("compile with -g"));
    };
    for var in datasec.vars() {
        let Some(ty) = btf.type_by_id(var.ty) else { continue };
        let place = Place { section: index, size: section.size, var };
        add(&mut maps, btf, ty.name, &place, relaxed, budget)
            .within(|| Frame::Map(ty.name.to_owned()))
            .within(frame)?;
    }
    Ok(maps)
}

/// A variable of section `.maps`.
struct Place {
    /// ELF index of the section.
    section: usize,
    /// Size of the section.
    size: u64,
    var: DataSecVar,
}

fn add<'a>(
    maps: &mut Maps<'a>,
    btf: &Btf<'a>,
    name: &'a str,
    place: &Place,
    relaxed: bool,
    budget: &mut Budget,
) -> Result<()> {
    let &Place { section, size: section_size, var } = place;
    if name.is_empty() {
        return Err(Error::malformed("a map without a name"));
    }
    let ty = match btf.kind_by_id(var.ty) {
        Some(Kind::Var { ty, linkage: Linkage::Global }) => ty,
        Some(Kind::Var { .. }) => {
            return Err(Error::malformed(
                "expected a global variable, found a static or hidden one",
            ));
        }
        Some(other) => {
            return Err(Error::malformed(format!("expected a variable, found {}", other.code())));
        }
        None => return Err(Error::malformed("its type does not exist")),
    };
    let end = u64::from(var.offset) + u64::from(var.size);
    let previous = maps.defined.last().map_or(0, |map| u64::from(map.offset) + u64::from(map.size));
    if end > section_size || u64::from(var.offset) < previous || var.size == 0 {
        return Err(Error::malformed(format!(
            "expected a place of its own within {section_size} bytes, found {} bytes at {}",
            var.size, var.offset
        )));
    }
    let def = map_def::read(btf, ty, relaxed)?;
    let inner = match def.values.as_ref().and_then(|values| values.inner.as_deref()) {
        Some(inner) => {
            warn_of_unknown(maps, name, inner, budget)?;
            Some(maps.add_inner(spec(&format!("{name}.inner"), inner, None, budget)?)?)
        }
        None => None,
    };
    warn_of_unknown(maps, name, &def, budget)?;
    maps.add(section, var.offset.into(), spec(name, &def, inner, budget)?)?;
    let slots = def.values.map(|values| values.offset);
    maps.defined.push(Defined { name, offset: var.offset, size: var.size, slots });
    Ok(())
}

fn warn_of_unknown(
    maps: &mut Maps<'_>,
    name: &str,
    def: &MapDef<'_>,
    budget: &mut Budget,
) -> Result<()> {
    for member in &def.unknown {
        budget.take(name.len() + member.len() + size_of::<Warning>())?;
        let (map, member) = (name.to_owned(), (*member).to_owned());
        maps.warnings.push(Warning::UnknownMember { map, member });
    }
    Ok(())
}

fn spec(name: &str, def: &MapDef<'_>, inner: Option<u32>, budget: &mut Budget) -> Result<MapSpec> {
    budget.take(size_of::<MapSpec>())?;
    Ok(MapSpec {
        name: budget.text(name)?,
        section: MAPS.into(),
        map_type: def.map_type,
        key_size: def.key.size.unwrap_or_default(),
        value_size: def.value.size.unwrap_or_default(),
        max_entries: def.max_entries,
        flags: def.flags,
        extra: def.extra,
        numa_node: def.numa_node,
        pinning: def.pinning,
        key_type_id: def.key.type_id,
        value_type_id: def.value.type_id,
        inner,
        contents: MapContents::Empty,
    })
}
