//! The types of the result: each once, and only one variable or function for each global symbol.

use bpf_skel::btf::{Btf, BtfBuilder, Kind, Linkage};
use bpf_skel::spec::Endian;
use bpf_skel::{Error, Result};

use super::budget::Budget;
use super::datasec;
use super::dedup;
use super::input::Input;
use super::resolve::Resolved;
use super::sections::Layout;
use super::symbols::Place;
use super::types::Types;

/// The types of the result in the making.
pub(super) struct Merged {
    pub(super) builder: BtfBuilder,
    /// By input and by the id there; 0 for what is not in the result.
    pub(super) ids: Vec<Vec<u32>>,
}

/// Merges the types of all inputs. `used` are those, by input, that instructions refer to.
pub(super) fn merge(
    inputs: &[Input<'_>],
    resolved: &Resolved<'_>,
    layout: &Layout<'_>,
    used: &[(usize, u32)],
    endian: Endian,
    budget: &mut Budget,
) -> Result<Merged> {
    let types = Types::new(inputs, budget)?;
    let fates = Fates::new(inputs, resolved, layout, &types);
    let same = dedup::same(&types, &fates.alias);
    let kept = fates.kept(&types, &same, used);

    let mut out = vec![0; types.len() as usize];
    let mut order = Vec::new();
    for node in 1..types.len() {
        let shared = same[node as usize] as usize;
        if kept[shared] && shared != 0 && out[shared] == 0 {
            order.push(shared as u32);
            out[shared] = order.len() as u32;
        }
    }
    let id_of = |node: u32| out[same[node as usize] as usize];
    let mut builder = BtfBuilder::new(endian);
    for &node in &order {
        let (input, _) = types.place(node);
        if let Some(ty) = types.get(node) {
            builder.add_with(&ty, |id| id_of(types.node(input, id)));
        }
    }
    let ids = inputs.iter().enumerate().map(|(input, object)| {
        let count = object.btf.as_ref().map_or(0, |btf| btf.len());
        (0..count).map(|id| id_of(types.node(input, id))).collect()
    });
    let mut merged = Merged { ids: ids.collect(), builder };
    datasec::add(inputs, resolved, layout, &mut merged)?;
    Ok(merged)
}

/// What becomes of the types that are not merely copied.
struct Fates {
    /// Another node for those that lost to it; else the node itself.
    alias: Vec<u32>,
    /// Those that are not in the result at all, and those that are made anew.
    gone: Vec<bool>,
}

impl Fates {
    fn new(
        inputs: &[Input<'_>],
        resolved: &Resolved<'_>,
        layout: &Layout<'_>,
        types: &Types<'_, '_>,
    ) -> Self {
        let mut fates =
            Self { alias: (0..types.len()).collect(), gone: vec![false; types.len() as usize] };
        for (number, input) in inputs.iter().enumerate() {
            for (id, ty) in input.btf.iter().flat_map(|btf| btf.types()) {
                let (Kind::Var { linkage, .. } | Kind::Func { linkage, .. }) = ty.kind else {
                    continue;
                };
                let global = resolved.find(ty.name).filter(|_| linkage != Linkage::Static);
                let winner = global.and_then(|global| {
                    let winner = resolved.described(global.chosen.input, ty.name)?;
                    Some(types.node(global.chosen.input, winner.id))
                });
                if let Some(winner) = winner {
                    fates.alias[types.node(number, id) as usize] = winner;
                }
            }
        }
        for (number, input) in inputs.iter().enumerate() {
            let Some(btf) = &input.btf else { continue };
            for (id, ty) in btf.types() {
                let Kind::DataSec(section) = ty.kind else { continue };
                fates.gone[types.node(number, id) as usize] = true;
                // A second license goes with its variable.
                let found = input.section_named(ty.name);
                if found.is_some_and(|index| layout.place(number, index).is_none()) {
                    for var in section.vars() {
                        fates.gone[types.node(number, var.ty) as usize] = true;
                    }
                }
            }
            for (id, ty) in btf.types() {
                if let Kind::DeclTag { ty, .. } = ty.kind {
                    let tagged = types.node(number, ty);
                    // What a declaration says holds of every definition; what one definition says, not of another.
                    let other = fates.alias[tagged as usize] != tagged && is_definition(btf, ty);
                    if other || fates.gone[tagged as usize] {
                        fates.gone[types.node(number, id) as usize] = true;
                    }
                }
            }
        }
        fates
    }

    fn lost(&self, node: u32) -> bool {
        self.gone[node as usize] || self.alias[node as usize] != node
    }

    /// What is in the result, by the node that stands for it: all but those that lost, and what only those referred to.
    fn kept(&self, types: &Types<'_, '_>, same: &[u32], used: &[(usize, u32)]) -> Vec<bool> {
        let lost = (1..types.len()).filter(|&node| self.lost(node));
        let edges = lost.flat_map(|node| types.edges_of(node).iter().copied()).collect();
        let behind_lost = reached(types, edges, |node| self.alias[node as usize]);

        let mut roots: Vec<u32> =
            (1..types.len()).filter(|&node| !behind_lost[node as usize]).collect();
        let all = (0..).zip(&self.alias);
        roots.extend(all.filter(|(node, other)| node != *other).map(|(_, winner)| *winner));
        roots.extend(used.iter().map(|&(input, id)| types.node(input, id)));
        roots.retain(|&node| !self.lost(node));
        reached(types, roots, |node| same[node as usize])
    }
}

/// Whether a variable or function is there, not elsewhere.
fn is_definition(btf: &Btf<'_>, id: u32) -> bool {
    matches!(
        btf.kind_by_id(id),
        Some(Kind::Var { linkage, .. } | Kind::Func { linkage, .. }) if linkage != Linkage::Extern
    )
}

/// What can be reached from nodes, each of which `stands` for another one.
fn reached(types: &Types<'_, '_>, mut next: Vec<u32>, stands: impl Fn(u32) -> u32) -> Vec<bool> {
    let mut reached = vec![false; types.len() as usize];
    while let Some(node) = next.pop() {
        let node = stands(node);
        if !std::mem::replace(&mut reached[node as usize], true) {
            next.extend_from_slice(types.edges_of(node));
        }
    }
    reached
}

/// Refuses a mixture of objects with and without types: half of the result would have none.
pub(super) fn check_all_or_none(inputs: &[Input<'_>]) -> Result<bool> {
    let with = inputs.iter().find(|input| input.btf.is_some());
    let without = inputs.iter().find(|input| {
        input.btf.is_none() && input.symbols.iter().any(|it| matches!(it.place, Place::Section(_)))
    });
    match (with, without) {
        (Some(with), Some(without)) => {
            Err(Error::mismatch(format!("{} has no BTF, {} has some", without.name, with.name))
                .with_hint("compile all of them with -g"))
        }
        (with, _) => Ok(with.is_some()),
    }
}
