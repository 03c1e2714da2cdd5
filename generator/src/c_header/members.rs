//! The names of members, and of padding between them, which C wants to be different.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bpf_skel::btf::{Btf, Composite, Kind};

use super::names::identifier;

/// Whether two members of a struct or union have one name, those of nameless members included.
pub(super) fn clash(btf: &Btf<'_>, composite: &Composite<'_>) -> bool {
    let (mut names, mut inside) = (HashSet::<Cow<'_, str>>::new(), HashSet::new());
    let mut next = vec![*composite];
    while let Some(composite) = next.pop() {
        for member in composite.members() {
            if !member.name.is_empty() {
                if !names.insert(identifier(member.name)) {
                    return true;
                }
            } else if let Some((id, Kind::Struct(inner) | Kind::Union(inner))) =
                btf.resolve_kind(member.ty)
            {
                // What is there twice is there with its members.
                if !inside.insert(id) && !inner.is_empty() {
                    return true;
                }
                next.push(inner);
            }
        }
    }
    false
}

/// The names of padding in one scope: a struct or union, and the nameless members in it.
#[derive(Default)]
pub(super) struct Padding {
    /// By name, how many have asked for it; those of members are there from the first on.
    taken: Option<HashMap<String, u32>>,
}

impl Padding {
    /// A name for the bytes from this one on, in the scope of this struct or union.
    pub(super) fn name(&mut self, btf: &Btf<'_>, scope: u32, at: u64) -> String {
        let taken = self.taken.get_or_insert_with(|| like_padding(btf, scope));
        let name = format!("{PADDING}{at}");
        let Some(&count) = taken.get(&name) else {
            taken.insert(name.clone(), 1);
            return name;
        };
        for count in count.saturating_add(1).. {
            if let Entry::Vacant(entry) = taken.entry(format!("{name}_{count}")) {
                let another = entry.key().clone();
                entry.insert(1);
                taken.insert(name, count);
                return another;
            }
        }
        name
    }
}

/// How the names of padding begin.
const PADDING: &str = "__bytes_";

/// The members in this scope that are called like padding.
fn like_padding(btf: &Btf<'_>, scope: u32) -> HashMap<String, u32> {
    let (mut names, mut inside) = (HashMap::new(), HashSet::new());
    let mut next = vec![scope];
    while let Some(id) = next.pop() {
        let (true, Some(Kind::Struct(composite) | Kind::Union(composite))) =
            (inside.insert(id), btf.kind_by_id(id))
        else {
            continue;
        };
        for member in composite.members() {
            if member.name.starts_with(PADDING) {
                names.insert(identifier(member.name).into_owned(), 1);
            } else if member.name.is_empty() {
                next.extend(btf.resolve_kind(member.ty).map(|(id, _)| id));
            }
        }
    }
    names
}
