//! Maps in maps, which name each other by id.

use super::super::budget::Budget;
use super::super::maps::Maps;
use super::definition::Definition;
use super::filling::Filling;
use crate::error::Within as _;
use crate::spec::{MapSpec, Pinning, SlotTarget};
use crate::{Error, Frame, Result};

/// Gives each map of maps its template and what is in it from the start.
///
/// One without an inner id gets no template. That is no error yet: a map that is found at its pin needs none.
pub(super) fn resolve(
    definitions: &[(u32, Definition)],
    maps: &mut Maps<'_>,
    budget: &mut Budget,
) -> Result<()> {
    for (index, outer) in definitions.iter().filter(|(_, map)| map.holds_maps()) {
        let Some(spec) = maps.specs.get(*index as usize) else { continue };
        let name = spec.name.clone();
        resolve_one(*index, outer, definitions, maps, budget)
            .within(|| Frame::Map(name.into_owned()))?;
    }
    Ok(())
}

fn resolve_one(
    index: u32,
    outer: &Definition,
    definitions: &[(u32, Definition)],
    maps: &mut Maps<'_>,
    budget: &mut Budget,
) -> Result<()> {
    if outer.value_size != 4 {
        return Err(Error::malformed(format!(
            "expected values of 4 bytes, since it holds maps, found {}",
            outer.value_size
        )));
    }
    if outer.inner_id == 0 {
        return Ok(());
    }
    let inner = || definitions.iter().filter(|(_, map)| map.id == outer.inner_id);
    let Some((first, template)) = inner().next() else {
        return Err(Error::malformed(format!("no map has id {}, its inner id", outer.inner_id)));
    };
    if template.holds_maps() {
        return Err(Error::malformed("expected one level of maps in a map, found two"));
    }
    let mut slots = Filling::default();
    for (map, key) in inner().filter_map(|(map, inner)| Some((*map, inner.place()?))) {
        slots.put(key, SlotTarget::Map(map), index, maps, budget)?;
    }
    if !slots.is_empty() && outer.key_size != 4 {
        return Err(Error::malformed(format!(
            "expected keys of 4 bytes, since an inner index is one, found {}",
            outer.key_size
        )));
    }
    let name = |maps: &Maps<'_>, of: u32| maps.specs[of as usize].name.clone();
    let template = MapSpec {
        name: format!("{}.inner", name(maps, index)).into(),
        pinning: Pinning::None,
        ..maps.specs[*first as usize].clone()
    };
    budget.take(template.name.len() + template.section.len() + size_of::<MapSpec>())?;
    let template = maps.add_inner(template)?;
    let spec = &mut maps.specs[index as usize];
    spec.inner = Some(template);
    if !slots.is_empty() {
        spec.contents = slots.into_contents();
    }
    Ok(())
}
