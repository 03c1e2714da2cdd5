//! Data sections: each becomes a map of one element, with its variables; those of an arena are in the arena.

use super::budget::Budget;
use super::file::File;
use super::maps::Maps;
use super::section::{Role, Section};
use super::symbol::{Binding, SymbolKind};
use super::warning::Warning;
use crate::btf::{self, Btf, DataSec, Kind};
use crate::error::Within as _;
use crate::spec::{Data, Linkage, MapContents, MapSpec, Pinning, VariableSpec};
use crate::uapi::MapType;
use crate::uapi::flags::{MMAPABLE, RDONLY_PROG};
use crate::{Error, Frame, Result};

/// Adds the maps of all data sections; returns the variables.
pub(super) fn read<'a>(
    file: &File<'a>,
    btf: Option<&Btf<'a>>,
    datasec: impl Fn(&str) -> Option<(u32, DataSec<'a>)>,
    maps: &mut Maps<'a>,
    relaxed: bool,
    budget: &mut Budget,
) -> Result<Vec<VariableSpec>> {
    let mut variables = Vec::new();
    for (index, section) in file.sections.iter().enumerate().filter(|(_, s)| s.role.is_data()) {
        let described = btf.zip(datasec(section.name));
        let added = read_one(file, index, section, described, maps, budget)
            .within(|| Frame::Section(section.name.to_owned()))?;
        if let Some((variable, target)) = first_pointer(file, section, &added) {
            if !relaxed {
                return Err(refused_pointer(variable, target)
                    .within(Frame::Section(section.name.to_owned())));
            }
            let variable = variable.unwrap_or(section.name);
            budget.take(variable.len() + target.len() + size_of::<Warning>())?;
            let (variable, target) = (variable.to_owned(), target.to_owned());
            maps.warnings.push(Warning::Pointer { variable, target });
        }
        variables.extend(added);
    }
    Ok(variables)
}

fn read_one<'a>(
    file: &File<'a>,
    index: usize,
    section: &Section<'a>,
    described: Option<(&Btf<'a>, (u32, DataSec<'a>))>,
    maps: &mut Maps<'a>,
    budget: &mut Budget,
) -> Result<Vec<VariableSpec>> {
    let size = u32::try_from(section.size)
        .map_err(|_| Error::malformed(format!("{} bytes: more than 4 GiB", section.size)))?;
    let map = match section.role {
        Role::Arena => maps.arena()?,
        _ => u32::try_from(maps.specs.len()).map_err(|_| Error::malformed("too many maps"))?,
    };
    let mut variables = match described {
        Some((btf, (_, datasec))) => from_btf(file, index, btf, &datasec, budget)?,
        None => from_symbols(file, index, budget)?,
    };
    for variable in &mut variables {
        variable.map = map;
        if u64::from(variable.offset) + u64::from(variable.size) > section.size {
            return Err(Error::malformed(format!(
                "expected a place within {} bytes, found {} bytes at {}",
                section.size, variable.size, variable.offset
            ))
            .within(Frame::Variable(variable.name.to_string())));
        }
    }

    let frozen = section.role == Role::Rodata;
    let data = if section.bytes.is_empty() {
        Data::Zeroed(size)
    } else {
        budget.take(section.bytes.len())?;
        Data::Bytes(file.keep(section.bytes))
    };
    if section.role == Role::Arena {
        maps.put(index, map, MapContents::Arena { data });
        return Ok(variables);
    }
    // Only BTF tells which variables others may see, and only those need to be in memory that can be mapped.
    let visible = described.is_some() && variables.iter().any(|v| v.linkage != Linkage::Static);
    let name = budget.text(section.name)?;
    budget.take(section.name.len() + size_of::<MapSpec>())?;
    maps.add_section(
        index,
        MapSpec {
            section: name.clone(),
            name,
            map_type: MapType::ARRAY,
            key_size: 4,
            value_size: size,
            max_entries: 1,
            flags: if frozen { RDONLY_PROG } else { 0 } | if visible { MMAPABLE } else { 0 },
            extra: 0,
            numa_node: 0,
            pinning: Pinning::None,
            key_type_id: 0,
            value_type_id: described.map_or(0, |(_, (id, _))| id),
            inner: None,
            contents: MapContents::Data { data, frozen },
        },
    )?;
    Ok(variables)
}

fn from_btf(
    file: &File<'_>,
    section: usize,
    btf: &Btf<'_>,
    datasec: &DataSec<'_>,
    budget: &mut Budget,
) -> Result<Vec<VariableSpec>> {
    let vars = datasec.vars();
    let mut variables = Vec::new();
    for var in vars {
        let Some(ty) = btf.type_by_id(var.ty) else { continue };
        let Kind::Var { ty: type_id, linkage } = ty.kind else {
            return Err(Error::malformed(format!(
                "expected variables, found {} {:?}",
                ty.kind.code(),
                ty.name
            )));
        };
        let weak = || {
            let symbol = file.global(ty.name).filter(|symbol| symbol.section == Some(section));
            symbol.is_some_and(|symbol| symbol.binding == Binding::Weak)
        };
        budget.take(size_of::<VariableSpec>())?;
        variables.push(VariableSpec {
            name: budget.text(ty.name)?,
            map: 0,
            offset: var.offset,
            size: var.size,
            type_id,
            linkage: match linkage {
                btf::Linkage::Static => Linkage::Static,
                _ if weak() => Linkage::Weak,
                _ => Linkage::Global,
            },
        });
    }
    Ok(variables)
}

/// Where BTF says nothing about the section: an object without BTF, or string literals, which have no names.
fn from_symbols(file: &File<'_>, section: usize, budget: &mut Budget) -> Result<Vec<VariableSpec>> {
    let mut variables = Vec::new();
    let here = file.symbols.iter().filter(|s| s.section == Some(section));
    for symbol in here.filter(|s| s.kind == SymbolKind::Object && !s.name.is_empty()) {
        let place = u32::try_from(symbol.value).ok().zip(u32::try_from(symbol.size).ok());
        let Some((offset, size)) = place else {
            return Err(Error::malformed("a place beyond 4 GiB")
                .within(Frame::Variable(symbol.name.to_owned())));
        };
        budget.take(size_of::<VariableSpec>())?;
        variables.push(VariableSpec {
            name: budget.text(symbol.name)?,
            map: 0,
            offset,
            size,
            type_id: 0,
            linkage: match symbol.binding {
                _ if symbol.hidden => Linkage::Static,
                Binding::Local => Linkage::Static,
                Binding::Global => Linkage::Global,
                Binding::Weak => Linkage::Weak,
            },
        });
    }
    variables.sort_by_key(|variable| variable.offset);
    Ok(variables)
}

/// The first pointer to data among the initial values of a section: the variable, and what it points to. It would have to
/// be filled in with an address that only the kernel knows; libbpf leaves it as it is without a word. For those to functions
/// that is right: no program could call them, and tables of them for the kernel have sections of their own.
fn first_pointer<'s>(
    file: &'s File<'_>,
    section: &Section<'_>,
    variables: &'s [VariableSpec],
) -> Option<(Option<&'s str>, &'s str)> {
    section.relocations.iter().find_map(|relocation| {
        let symbol = file.symbols.get(relocation.symbol as usize);
        let place = symbol.and_then(|symbol| symbol.section).and_then(|index| file.section(index));
        if place.is_some_and(|place| place.role == Role::Text) {
            return None;
        }
        let covers = |v: &&VariableSpec| {
            let start = u64::from(v.offset);
            (start..start + u64::from(v.size)).contains(&relocation.offset)
        };
        let variable = variables.iter().find(covers).map(|variable| &*variable.name);
        let target = match (symbol, place) {
            (Some(symbol), Some(place)) if symbol.name.is_empty() => place.name,
            (Some(symbol), _) => symbol.name,
            (None, _) => "",
        };
        Some((variable, target))
    })
}

/// A number that a program reads is no address for the verifier, whatever number it is.
fn refused_pointer(variable: Option<&str>, target: &str) -> Error {
    let error = Error::not_supported_yet(format!("a pointer to {target:?} among initial values"))
        .with_hint("a program can only follow an address that its own code takes: keep an index here, or a copy");
    match variable {
        Some(variable) => error.within(Frame::Variable(variable.to_owned())),
        None => error,
    }
}
