//! Whether two definitions in `.maps` are of the same map.

use std::collections::BTreeMap;

use bpf_skel::btf::{Btf, Composite, Kind};
use bpf_skel::{Error, Result};

use super::compatible;
use crate::model::type_name;

/// An attribute that differs.
pub(super) struct Difference {
    pub(super) name: String,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// A map's attributes, as far as they are to be compared.
#[derive(Default)]
pub(super) struct MapDef<'a> {
    numbers: BTreeMap<&'a str, u64>,
    /// The types of `key` and `value`.
    types: BTreeMap<&'static str, u32>,
    inner: Option<Box<MapDef<'a>>>,
}

/// The first attribute that differs between two variables. A declaration need not give all: where only one of the two
/// is a definition, what `theirs` leaves out is not compared.
pub(super) fn difference(
    (ours, a): (&Btf<'_>, &MapDef<'_>),
    (theirs, b): (&Btf<'_>, &MapDef<'_>),
    both: bool,
) -> Option<Difference> {
    let differ = |name: &str, ours: String, theirs: String| {
        Some(Difference { name: name.to_owned(), ours, theirs })
    };
    let names = b.numbers.keys().chain(a.numbers.keys().filter(|_| both));
    for name in names {
        let number = |def: &MapDef<'_>| def.numbers.get(name).copied().unwrap_or(0);
        if number(a) != number(b) {
            return differ(name, number(a).to_string(), number(b).to_string());
        }
    }
    for (name, &theirs_id) in &b.types {
        let Some(&ours_id) = a.types.get(name) else { continue };
        if let Some(reason) = compatible::difference((ours, ours_id), (theirs, theirs_id)) {
            let (a, b) = (type_name(ours, ours_id), type_name(theirs, theirs_id));
            let reason = if a == b { format!(": {reason}") } else { String::new() };
            return differ(name, format!("{a:?}"), format!("{b:?}{reason}"));
        }
    }
    match (&a.inner, &b.inner) {
        (Some(a), Some(b)) => difference((ours, a), (theirs, b), both)
            .map(|inner| Difference { name: format!("values.{}", inner.name), ..inner }),
        (None, Some(_)) => differ("values", "no inner map".into(), "one".into()),
        (Some(_), None) if both => differ("values", "an inner map".into(), "none".into()),
        _ => None,
    }
}

impl<'a> MapDef<'a> {
    /// Of the struct that is a variable's type.
    pub(super) fn read(btf: &Btf<'a>, id: u32) -> Result<Self> {
        let id = match btf.kind_by_id(id) {
            Some(Kind::Var { ty, .. }) => ty,
            _ => id,
        };
        match btf.resolve_kind(id).map(|(_, kind)| kind) {
            Some(Kind::Struct(composite)) => Self::read_struct(btf, &composite, true),
            _ => Err(Error::malformed(format!(
                "expected a struct that defines a map, found {:?}",
                type_name(btf, id)
            ))),
        }
    }

    fn read_struct(btf: &Btf<'a>, composite: &Composite<'a>, outer: bool) -> Result<Self> {
        let mut def = Self::default();
        for member in composite.members() {
            let Some((_, ty)) = btf.resolve(member.ty) else { continue };
            match (member.name, ty.kind) {
                ("key", Kind::Ptr(to)) => def.set_type("key", "key_size", btf, to),
                ("value", Kind::Ptr(to)) => def.set_type("value", "value_size", btf, to),
                ("values", Kind::Array(array)) if outer => {
                    let pointer = btf.resolve_kind(array.element).map(|(_, kind)| kind);
                    let target = match pointer {
                        Some(Kind::Ptr(to)) => btf.resolve_kind(to).map(|(_, kind)| kind),
                        _ => None,
                    };
                    // Of a prog array, it says nothing that could differ.
                    if let Some(Kind::Struct(inner)) = target {
                        def.inner = Some(Box::new(Self::read_struct(btf, &inner, false)?));
                    }
                }
                (name, Kind::Ptr(to)) => {
                    if let Some(Kind::Array(array)) = btf.resolve_kind(to).map(|(_, kind)| kind) {
                        def.numbers.insert(name, array.len.into());
                    }
                }
                (name, Kind::Enum(values)) => {
                    let first = values.values().next();
                    let number = first.map(|(_, value)| value.cast_unsigned());
                    def.numbers.extend(number.map(|number| (name, number)));
                }
                (name, Kind::Enum64(values)) => {
                    let first = values.values().next();
                    def.numbers.extend(first.map(|(_, number)| (name, number)));
                }
                _ => {}
            }
        }
        Ok(def)
    }

    fn set_type(&mut self, name: &'static str, size: &'static str, btf: &Btf<'_>, id: u32) {
        self.types.insert(name, id);
        // What has no size is refused when the map is read.
        self.numbers.extend(btf.size_of(id).ok().map(|bytes| (size, bytes)));
    }
}
