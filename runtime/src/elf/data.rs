//! Data sections: each becomes a map of one element, with its variables; those of an arena are in the arena.

use super::budget::Budget;
use super::file::File;
use super::maps::Maps;
use super::section::{RawRelocation, Role, Section};
use super::symbol::{Binding, SymbolKind};
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
    budget: &mut Budget,
) -> Result<Vec<VariableSpec>> {
    let mut variables = Vec::new();
    for (index, section) in file.sections.iter().enumerate().filter(|(_, s)| s.role.is_data()) {
        let described = btf.zip(datasec(section.name));
        let added = read_one(file, index, section, described, maps, budget)
            .within(|| Frame::Section(section.name.to_owned()))?;
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
    refuse_pointers(file, section, &variables)?;

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

/// Pointers among initial values would have to be filled in with addresses that only the kernel knows; libbpf
/// leaves them 0 without a word. For those to functions that is right: no program could call them, and tables of
/// them for the kernel have sections of their own.
fn refuse_pointers(
    file: &File<'_>,
    section: &Section<'_>,
    variables: &[VariableSpec],
) -> Result<()> {
    let is_data = |relocation: &&RawRelocation| {
        let symbol = file.symbols.get(relocation.symbol as usize);
        let section = symbol.and_then(|symbol| symbol.section).and_then(|s| file.section(s));
        section.is_none_or(|section| section.role != Role::Text)
    };
    let Some(first) = section.relocations.iter().find(is_data) else { return Ok(()) };
    let covers = |v: &&VariableSpec| {
        let start = u64::from(v.offset);
        (start..start + u64::from(v.size)).contains(&first.offset)
    };
    let symbol = file.symbols.get(first.symbol as usize);
    let target = symbol.map_or("", |symbol| match symbol.section.and_then(|s| file.section(s)) {
        Some(section) if symbol.name.is_empty() => section.name,
        _ => symbol.name,
    });
    let error = Error::not_supported_yet(format!("a pointer to {target:?} among initial values"));
    Err(match variables.iter().find(covers) {
        Some(variable) => error.within(Frame::Variable(variable.name.to_string())),
        None => error,
    })
}
