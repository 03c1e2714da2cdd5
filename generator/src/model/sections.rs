//! Data sections as structs.

use bpf_skel::spec::{ExternKind, Linkage, MapContents, MapSpec, ObjectSpec, VariableSpec};

use super::c_text::declaration;
use super::layout::{self, Wanted};
use super::lower::{Member, Variable};
use super::ty::{Accessor, Field, Repr, Words};
use super::types::Types;
use crate::ident::{Ident, Origin, Scope, section_field};

/// A data section that has at least one global variable.
pub(crate) struct Section<'s> {
    pub(crate) ident: Ident,
    /// Its name in the object: `.data.config`.
    pub(crate) name: &'s str,
    /// Index of its map.
    pub(crate) map: usize,
    /// Whether the map is frozen after it was filled: plain data then, no cells.
    pub(crate) frozen: bool,
    /// Whether the loader fills it, with the kernel's configuration: there is nothing to edit before.
    pub(crate) kconfig: bool,
    /// Bytes of the section.
    pub(crate) len: u64,
    /// Bytes of the struct: those of the section, up to a multiple of the alignment.
    pub(crate) size: u64,
    pub(crate) align: u64,
    pub(crate) repr: Repr,
    /// Every byte, in order; static variables are padding.
    pub(crate) fields: Vec<Field>,
    /// Methods for variables that are less aligned than their types.
    pub(crate) accessors: Vec<Accessor>,
}

/// Names that generated code gives to the fields beside the sections.
const TAKEN: &[&str] = &["maps", "progs", "options", "object", "struct_ops"];

pub(super) fn sections<'s>(
    spec: &'s ObjectSpec,
    types: &mut Types<'_>,
) -> Result<Vec<Section<'s>>, String> {
    let options = kconfig_variables(spec);
    let mut variables: Vec<Vec<&VariableSpec>> = vec![Vec::new(); spec.maps.len()];
    // Where variables of all linkages start.
    let mut starts: Vec<Vec<u64>> = vec![Vec::new(); spec.maps.len()];
    for variable in spec.variables.iter() {
        if let Some(of_map) = starts.get_mut(variable.map as usize) {
            of_map.push(variable.offset.into());
        }
    }
    starts.iter_mut().for_each(|of_map| of_map.sort_unstable());
    let exporting = types.exporting();
    for variable in spec.variables.iter().chain(&options) {
        if exporting.contains(&*variable.name) {
            types.shown(variable.type_id, &variable.name);
        } else if variable.linkage != Linkage::Static
            && let Some(of_map) = variables.get_mut(variable.map as usize)
        {
            of_map.push(variable);
        }
    }
    let shown: Vec<usize> =
        (0..spec.maps.len()).filter(|&map| !variables[map].is_empty()).collect();
    let names = shown.iter().map(|&map| section_field(name(&spec.maps[map])));
    let idents = Scope::reserving(TAKEN).claim_all(names);
    shown
        .iter()
        .zip(idents)
        .map(|(&map, ident)| {
            section(spec, map, (&variables[map], &starts[map]), ident, types)
                .map_err(|why| format!("data section {:?}: {why}", spec.maps[map].name))
        })
        .collect()
}

/// The variables of an arena are called so, as bpftool has them, whatever the arena is called.
fn name(map: &MapSpec) -> &str {
    match map.contents {
        MapContents::Arena { .. } => "arena",
        _ => &map.name,
    }
}

/// Options of the kernel's configuration, as the variables that they are once the object is loaded.
fn kconfig_variables(spec: &ObjectSpec) -> Vec<VariableSpec> {
    let Some(map) = spec.kconfig_map().and_then(|map| u32::try_from(map).ok()) else {
        return Vec::new();
    };
    let options = spec.externs.iter().filter_map(|external| {
        let ExternKind::Kconfig { offset, size, value: _, type_id } = external.kind else {
            return None;
        };
        let linkage = if external.weak { Linkage::Weak } else { Linkage::Global };
        Some(VariableSpec { name: external.name.clone(), map, offset, size, type_id, linkage })
    });
    options.collect()
}

fn section<'s>(
    spec: &'s ObjectSpec,
    map: usize,
    (variables, starts): (&[&VariableSpec], &[u64]),
    ident: Ident,
    types: &mut Types<'_>,
) -> Result<Section<'s>, String> {
    let (data, frozen) = match &spec.maps[map].contents {
        MapContents::Data { data, frozen } => (data, *frozen),
        MapContents::Arena { data } => (data, false),
        _ => return Err("its map is none of data".to_owned()),
    };
    let tagged = types.tagged_variables();
    let mut members: Vec<(u64, Member<'_>)> = Vec::with_capacity(variables.len());
    members.extend(variables.iter().map(|variable| {
        let (offset, size) = (u64::from(variable.offset), u64::from(variable.size));
        let next = starts.partition_point(|&start| start <= offset);
        let room = starts.get(next).map_or(u64::MAX, |next| next - offset);
        let (id, name) = (variable.type_id, &*variable.name);
        let (ty, why) = types.variable(Variable { id, offset, size, room, name });
        let member = Member {
            name: name.into(),
            origin: Origin::C,
            ty,
            c: match types.btf {
                Some(btf) if variable.type_id != 0 => {
                    let c = declaration(btf, variable.type_id, &variable.name);
                    match tagged.get(&*variable.name) {
                        Some(&id) => types.with_tags(c, id, None),
                        None => c,
                    }
                }
                _ => variable.name.to_string(),
            },
            bit_offset: offset * 8,
            bits: None,
            words: Words::default(),
            inside: None,
            is_last: false,
            why,
        };
        (size, member)
    }));
    members.sort_by_key(|(_, member)| member.bit_offset);
    let len = data.len() as u64;
    // Aliases are two names of one place: the first stays. So does what hostile symbols put over one another.
    let mut end = 0;
    members.retain(|&(size, ref member)| {
        let start = member.bit_offset / 8;
        let free = start >= end && start.saturating_add(size) <= len;
        end = if free { start + size } else { end };
        free
    });

    let members: Vec<Member<'_>> = members.into_iter().map(|(_, member)| member).collect();
    let plain = types.plain(&members);
    let aligned = plain.iter().filter(|member| member.bit_offset / 8 % member.align == 0);
    let most = aligned.map(|member| member.align).max().unwrap_or(1);
    let size = len.next_multiple_of(most);
    let plan = layout::plan(Wanted { members: &plain, size, may_pack: false, placed_at: &|| 1 })?;
    let (fields, accessors) = types.section_parts(members, &plan, size);
    Ok(Section {
        ident,
        name: name(&spec.maps[map]),
        map,
        frozen,
        kconfig: spec.kconfig_map() == Some(map),
        len,
        size,
        align: plan.align,
        repr: plan.repr,
        fields,
        accessors,
    })
}
