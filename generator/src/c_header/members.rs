//! The names of members, which C wants to be different.

use std::borrow::Cow;
use std::collections::HashSet;

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
