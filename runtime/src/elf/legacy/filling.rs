use std::collections::BTreeMap;

use super::super::budget::Budget;
use super::super::maps::Maps;
use super::super::warning::Warning;
use crate::Result;
use crate::spec::{MapContents, Slot, SlotTarget};

/// What is put into a map, by key.
#[derive(Default)]
pub(super) struct Filling(BTreeMap<u32, SlotTarget>);

impl Filling {
    /// Puts `target` into the map of this index. What is there already gives way with a warning: iproute2 wrote one over
    /// the other.
    pub(super) fn put(
        &mut self,
        key: u32,
        target: SlotTarget,
        map: u32,
        maps: &mut Maps<'_>,
        budget: &mut Budget,
    ) -> Result<()> {
        budget.take(size_of::<Slot>())?;
        if self.0.insert(key, target).is_some() {
            let name = maps.specs.get(map as usize).map_or("", |spec| &spec.name);
            budget.take(name.len() + size_of::<Warning>())?;
            let map = name.to_owned();
            maps.warnings.push(Warning::SlotTaken { map, key });
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_contents(self) -> MapContents {
        let slots = self.0.into_iter().map(|(key, target)| Slot { key, target });
        MapContents::Slots(slots.collect())
    }
}
