//! Types that a user asks for: by name, by a tag in the C source, or to have them replaced by types of their own.

use std::collections::HashSet;

use bpf_skel::Frame;
use bpf_skel::btf::{Btf, Kind};

use super::owner::Owner;
use crate::ident::Origin;
use crate::model::named;
use crate::model::ty::{BoundField, DefKind, Equality, Field, FieldRole, Ty};
use crate::model::types::Types;
use crate::options::Binding;
use crate::path::Path;
use crate::{Error, Result};

/// `__attribute__((btf_decl_tag("bpf_skel_export")))`
const EXPORT: &str = "bpf_skel_export";

impl<'b> Types<'b> {
    /// The type of each name: `event`, `struct event`.
    pub(crate) fn named(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            let (btf, id) = self.find(name)?;
            self.lower(btf, id, Owner::named(name));
        }
        Ok(())
    }

    /// The types that the source tags. Those of variables come with their sections.
    pub(crate) fn exported(&mut self) {
        let Some(btf) = self.btf else { return };
        for id in self.tagged(EXPORT) {
            if let Some(ty) = btf.type_by_id(id)
                && !matches!(ty.kind, Kind::Var { .. } | Kind::Func { .. })
            {
                self.lower(btf, id, Owner::named(ty.name));
            }
        }
    }

    /// The variables that are there only to show their type.
    pub(crate) fn exporting(&self) -> HashSet<&'b str> {
        let Some(btf) = self.btf else { return HashSet::new() };
        let tagged = self.tagged(EXPORT).into_iter().filter_map(|id| btf.type_by_id(id));
        tagged.filter(|ty| matches!(ty.kind, Kind::Var { .. })).map(|ty| ty.name).collect()
    }

    /// Has a type of the user's stand for a C type. Before anything else is lowered.
    pub(crate) fn bind(&mut self, binding: &Binding) -> Result<()> {
        let name = &binding.c;
        let in_type = |error: Error| error.within(Frame::Type(name.clone()));
        let path = Path::absolute(&binding.rust).map_err(in_type)?;
        let (btf, id) = self.find(name)?;
        let Some((id, ty)) = btf.unqualified(id) else { return Ok(()) };
        // Nothing else was lowered yet.
        if let Some(bound) = self.known(id)
            && let DefKind::Bound(other, _) = &self.defs[bound].kind
        {
            let message = format!("it is bound to {other} already, and to {} as well", path.text());
            return Err(in_type(Error::invalid_input(message)));
        }
        // What the skeleton would have had for it.
        let mut own = Types::new(self.btf);
        let lowered = own.lower(btf, id, Owner::named(name));
        let (size, align) = (own.size(&lowered), own.align(&lowered));
        let fields = if binding.opaque { Vec::new() } else { own.bound_fields(&lowered) };
        let c = match ty.kind {
            Kind::Struct(_) => self.c_title(id, "struct", ty.name),
            Kind::Union(_) => self.c_title(id, "union", ty.name),
            Kind::Enum(_) | Kind::Enum64(_) => self.c_title(id, "enum", ty.name),
            _ => format!("typedef {}", ty.name),
        };
        let origin = if matches!(ty.kind, Kind::Typedef(_)) { Origin::Typedef } else { Origin::C };
        let index = self.reserve(id, (ty.name.to_owned(), origin), c);
        let def = &mut self.defs[index];
        // Nothing is known of how it is made.
        (def.size, def.align, def.over_aligned, def.equality) = (size, align, true, Equality::None);
        def.named = named::all(size);
        def.kind = DefKind::Bound(path.text().to_owned(), fields);
        Ok(())
    }

    /// The fields that a struct has by name.
    fn bound_fields(&self, ty: &Ty) -> Vec<BoundField> {
        let Ty::Def(index) = self.unaliased(ty) else { return Vec::new() };
        let DefKind::Struct(layout) = &self.defs[*index].kind else { return Vec::new() };
        let members = layout.fields.iter().filter(|field| field.role == FieldRole::Member);
        members
            .map(|Field { ident, c, offset, ty, .. }| BoundField {
                ident: ident.clone(),
                c: c.clone(),
                offset: *offset,
                size: self.size(ty),
            })
            .collect()
    }

    /// Says that there is no type of this name.
    pub(crate) fn expect(btf: &'b Btf<'b>, name: &str) -> Result<()> {
        Self::new(Some(btf)).find(name).map(drop)
    }

    /// A type by its name in C, with or without `struct`, `union` or `enum` before it.
    fn find(&self, wanted: &str) -> Result<(&'b Btf<'b>, u32)> {
        let missing =
            |why: &'static str| Error::invalid_input(why).within(Frame::Type(wanted.to_owned()));
        let btf = self.btf.ok_or_else(|| {
            missing("the object has no BTF").with_hint("compile it with `clang -g`")
        })?;
        let (word, name) = match wanted.split_once(' ') {
            Some((word, name)) => (word, name.trim()),
            None => ("", wanted),
        };
        if name.is_empty() {
            return Err(missing("a type has a name"));
        }
        let fits = |kind: &Kind<'_>| match word {
            "" => is_type(kind),
            "struct" => matches!(kind, Kind::Struct(_)),
            "union" => matches!(kind, Kind::Union(_)),
            "enum" => matches!(kind, Kind::Enum(_) | Kind::Enum64(_)),
            _ => false,
        };
        // A typedef last: `typedef struct event event` is of the struct's name.
        let named = |typedef: bool| {
            btf.find(name, |kind| fits(kind) && matches!(kind, Kind::Typedef(_)) == typedef)
        };
        if let Some((id, _)) = named(false).or_else(|| named(true)) {
            return Ok((btf, id));
        }
        if btf.find(name, |kind| matches!(kind, Kind::Fwd { .. })).is_some() {
            return Err(missing("the object has its declaration only"));
        }
        let error = missing("the object has none of this name");
        Err(match near(btf, name) {
            near if near.is_empty() && !is_tag(name) => error,
            near if near.is_empty() => error.with_hint(format!(
                "clang leaves out what nothing refers to: add `struct {name} *unused_{name};` to the C source"
            )),
            near => error.with_hint(format!("there is {}", near.join(", "))),
        })
    }
}

/// Whether C source may have a struct of this name.
fn is_tag(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn is_type(kind: &Kind<'_>) -> bool {
    matches!(
        kind,
        Kind::Struct(_) | Kind::Union(_) | Kind::Enum(_) | Kind::Enum64(_) | Kind::Typedef(_)
    )
}

/// The names that are most like it, at most three.
fn near(btf: &Btf<'_>, name: &str) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = btf
        .types()
        .filter(|(_, ty)| is_type(&ty.kind) && !ty.name.is_empty())
        .map(|(_, ty)| (distance(name, ty.name), ty.name))
        .filter(|&(distance, other)| distance <= other.len().min(name.len()) / 3 + 1)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| format!("{name:?}")).collect()
}

/// How many letters must be changed, added or left out. Names too unlike in length are not compared.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 3 || a.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_names_are_near() {
        assert_eq!(distance("event", "event"), 0);
        assert_eq!(distance("evnt", "event"), 1);
        assert_eq!(distance("Event", "event"), 0);
        assert_eq!(distance("record", "event_t"), 6);
        assert_eq!(distance("a", "much_longer"), usize::MAX);
    }
}
