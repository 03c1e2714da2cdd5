//! Which types of all inputs are the same, with declarations (`struct task;`) taken for the definitions they mean.

use std::collections::{BTreeMap, BTreeSet};

use super::partition::Labelled;
use super::types::{Tag, Types};

/// How often names may turn out to be ambiguous after others did. Honest objects need one or two rounds; then the
/// declarations that are left stay declarations, which is always right.
const ROUNDS: usize = 16;

/// For each node the one that stands for it and for all that are the same type.
///
/// `alias` says of some nodes that they are to be taken for another one; edges to them count as edges to that.
pub(super) fn same(types: &Types<'_, '_>, alias: &[u32]) -> Vec<u32> {
    let mut alias = alias.to_vec();
    within_inputs(types, &mut alias);

    // A declaration means the one definition that all inputs agree on. Whether they do depends on declarations within
    // the definitions, so agreement on all names is assumed and those that prove wrong are taken back.
    let mut agreed = declared_and_defined(types, &alias);
    let mut round = 0;
    let classes = loop {
        let classes = classes(types, &alias, &agreed);
        let wrong = disagreements(types, &alias, &agreed, &classes);
        if wrong.is_empty() {
            break classes;
        }
        round += 1;
        match round < ROUNDS {
            true => agreed.retain(|name| !wrong.contains(name)),
            false => agreed.clear(),
        }
    };
    let mut definitions = BTreeMap::new();
    for node in 0..types.len() {
        if let Some(Tag { name, complete: true }) = types.tags[node as usize] {
            definitions.entry(name).or_insert(node);
        }
    }
    for (node, tag) in types.tags.iter().enumerate() {
        if let Some(Tag { name, complete: false }) = *tag
            && alias[node] == node as u32
            && agreed.contains(&name)
        {
            alias[node] = definitions.get(&name).copied().unwrap_or(node as u32);
        }
    }
    let mut first = vec![u32::MAX; types.len() as usize];
    for node in (0..types.len()).rev() {
        first[classes[node as usize] as usize] = node;
    }
    alias.iter().map(|&node| first[classes[node as usize] as usize]).collect()
}

/// In one input, a declaration means the only definition there.
fn within_inputs(types: &Types<'_, '_>, alias: &mut [u32]) {
    let mut definitions: BTreeMap<(usize, u32), Vec<u32>> = BTreeMap::new();
    let tags = || types.tags.iter().enumerate().filter_map(|(node, tag)| Some((node, (*tag)?)));
    for (node, tag) in tags().filter(|(_, tag)| tag.complete) {
        let (input, _) = types.place(node as u32);
        definitions.entry((input, tag.name)).or_default().push(node as u32);
    }
    for (node, tag) in tags().filter(|(_, tag)| !tag.complete) {
        let (input, _) = types.place(node as u32);
        if let Some([only]) = definitions.get(&(input, tag.name)).map(Vec::as_slice) {
            alias[node] = *only;
        }
    }
}

/// Names that are declared in one place and defined in another.
fn declared_and_defined(types: &Types<'_, '_>, alias: &[u32]) -> BTreeSet<u32> {
    let names = |complete: bool| {
        types
            .tags
            .iter()
            .enumerate()
            .filter(|(node, _)| alias[*node] == *node as u32)
            .filter_map(move |(_, tag)| tag.filter(|tag| tag.complete == complete))
            .map(|tag| tag.name)
    };
    let defined: BTreeSet<u32> = names(true).collect();
    names(false).filter(|name| defined.contains(name)).collect()
}

/// The class of each node, where all with one of the `agreed` names are taken for the same from outside.
fn classes(types: &Types<'_, '_>, alias: &[u32], agreed: &BTreeSet<u32>) -> Vec<u32> {
    let edges: Vec<u32> = types
        .edges
        .iter()
        .map(|&edge| {
            let edge = alias[edge as usize];
            match types.tags[edge as usize] {
                Some(tag) if agreed.contains(&tag.name) => types.len() + tag.name,
                _ => edge,
            }
        })
        .collect();
    Labelled { labels: &types.labels, starts: &types.starts, edges: &edges }.classes()
}

/// Those of the `agreed` names whose definitions are not all the same.
fn disagreements(
    types: &Types<'_, '_>,
    alias: &[u32],
    agreed: &BTreeSet<u32>,
    classes: &[u32],
) -> BTreeSet<u32> {
    let mut class_of_name = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for (node, tag) in types.tags.iter().enumerate() {
        if let Some(Tag { name, complete: true }) = *tag
            && alias[node] == node as u32
            && agreed.contains(&name)
            && *class_of_name.entry(name).or_insert(classes[node]) != classes[node]
        {
            wrong.insert(name);
        }
    }
    wrong
}
