//! Definitions that lost to another one. Their bytes stay where they are, for what is around them refers to itself by
//! distance, but nothing leads there any more.

use std::collections::{HashMap, HashSet};

use super::input::Input;
use super::resolve::{Resolved, SymbolRef};
use super::symbols::Place;

/// The places of all definitions that lost: start and end, ascending, by input and ELF section.
pub(super) struct Overridden(HashMap<(usize, usize), Vec<(u64, u64)>>);

impl Overridden {
    pub(super) fn new(inputs: &[Input<'_>], resolved: &Resolved<'_>) -> Self {
        let mut lost: Vec<SymbolRef> = Vec::new();
        for global in &resolved.globals {
            lost.extend(global.occurrences.iter().filter(|other| **other != global.chosen));
        }
        let section = |at: &SymbolRef| match inputs[at.input].symbols[at.symbol].place {
            Place::Section(section) => Some(section),
            _ => None,
        };
        // What has another name that did not lose is in use.
        let losers: HashSet<(usize, usize)> = lost.iter().map(|at| (at.input, at.symbol)).collect();
        let mut in_use = HashSet::new();
        for (input, object) in inputs.iter().enumerate().filter(|_| !lost.is_empty()) {
            for (index, symbol) in object.symbols.iter().enumerate() {
                if let Place::Section(section) = symbol.place
                    && symbol.size > 0
                    && !losers.contains(&(input, index))
                {
                    in_use.insert((input, section, symbol.value));
                }
            }
        }
        let mut ranges: HashMap<_, Vec<_>> = HashMap::new();
        for at in &lost {
            let symbol = &inputs[at.input].symbols[at.symbol];
            if let Some(section) = section(at)
                && !in_use.contains(&(at.input, section, symbol.value))
            {
                let range = (symbol.value, symbol.value.saturating_add(symbol.size));
                ranges.entry((at.input, section)).or_default().push(range);
            }
        }
        ranges.values_mut().for_each(|ranges| ranges.sort_unstable());
        Self(ranges)
    }

    /// Whether the place belongs to a definition that lost.
    pub(super) fn contains(&self, input: usize, section: usize, offset: u64) -> bool {
        let Some(ranges) = self.0.get(&(input, section)) else { return false };
        let after = ranges.partition_point(|(start, _)| *start <= offset);
        after.checked_sub(1).is_some_and(|last| offset < ranges[last].1)
    }
}
