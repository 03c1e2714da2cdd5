//! What keys and values are in C: `struct ____btf_map_NAME { KEY key; VALUE value; }`.

use std::collections::HashMap;

use super::super::budget::Budget;
use super::super::maps::Maps;
use super::super::warning::Warning;
use super::definition::Definition;
use crate::btf::{Btf, Composite, Kind};
use crate::{Error, Result};

const PREFIX: &str = "____btf_map_";

/// The annotations of an object, by map.
pub(super) struct Annotations<'a> {
    btf: Option<&'a Btf<'a>>,
    of: HashMap<&'a str, Composite<'a>>,
}

impl<'a> Annotations<'a> {
    pub(super) fn read<'b: 'a>(btf: Option<&'a Btf<'b>>, budget: &mut Budget) -> Result<Self> {
        let mut of = HashMap::new();
        for (_, ty) in btf.into_iter().flat_map(|btf| btf.types()) {
            let (Some(map), Kind::Struct(members)) = (ty.name.strip_prefix(PREFIX), ty.kind) else {
                continue;
            };
            // Looking a name up costs time in proportion to it.
            budget.take(map.len())?;
            of.entry(map).or_insert(members);
        }
        Ok(Self { btf, of })
    }

    /// Gives each map its types. As with the loaders of the time, what does not fit costs a map no more than these.
    pub(super) fn apply(
        &self,
        definitions: &[(u32, Definition)],
        maps: &mut Maps<'_>,
        budget: &mut Budget,
    ) -> Result<()> {
        for (index, definition) in definitions {
            let Maps { specs, warnings, .. } = maps;
            let Some(spec) = specs.get_mut(*index as usize) else { continue };
            let Some((btf, members)) = self.btf.zip(self.of.get(&*spec.name)) else { continue };
            match types(btf, members, definition) {
                Ok((key, value)) => (spec.key_type_id, spec.value_type_id) = (key, value),
                Err(error) => {
                    budget.take(spec.name.len() + size_of::<Warning>())?;
                    let (map, why) = (spec.name.to_string(), error.to_string());
                    warnings.push(Warning::KeyValueTypes { map, why });
                }
            }
        }
        Ok(())
    }
}

fn types(btf: &Btf<'_>, members: &Composite<'_>, definition: &Definition) -> Result<(u32, u32)> {
    let wrong = || Error::malformed("expected two members, key and value");
    let mut members = members.members();
    let mut side = |name: &str, size: u32| {
        let member = members.next().filter(|member| member.name == name).ok_or_else(wrong)?;
        match btf.size_of(member.ty)? {
            found if found == u64::from(size) => Ok(member.ty),
            found => {
                Err(Error::malformed(format!("expected a {name} of {size} bytes, found {found}")))
            }
        }
    };
    let types = (side("key", definition.key_size)?, side("value", definition.value_size)?);
    if members.next().is_some() { Err(wrong()) } else { Ok(types) }
}
