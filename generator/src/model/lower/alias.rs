//! Typedefs, and the names of anonymous types.

use bpf_skel::btf::{Btf, Kind};

use super::owner::Owner;
use crate::ident::{Origin, cut};
use crate::model::c_text::declaration;
use crate::model::ty::{DefKind, Ty};
use crate::model::types::Types;

impl<'b> Types<'b> {
    pub(super) fn alias(&mut self, btf: &Btf<'b>, id: u32, name: &str, to: u32) -> Ty {
        if let Some(index) = self.known(id) {
            return Ty::Def(index);
        }
        let Some((target_id, resolved)) = btf.resolve(to) else { return Ty::Unit };
        // What is anonymous in it is called after it, whoever uses it first.
        let owner = match resolved.kind {
            Kind::Array(_) => Owner::member(name, "element"),
            _ => Owner::named(name),
        };
        let target = self.lower(btf, target_id, owner);
        let tags = self.tags(id, None);
        if tags.is_empty() && well_known(name).is_some_and(|known| known == target) {
            return target;
        }
        // `typedef struct event event`, and a typedef that gave an anonymous type its name.
        let same = matches!(target, Ty::Def(_))
            && (resolved.name == name
                || (resolved.name.is_empty() && self.typedefs.get(&target_id) == Some(&name)));
        if same || target == Ty::Unit {
            if let Ty::Def(index) = target {
                // Here both are one type.
                let of_target = &mut self.defs[index].tags;
                let new = tags.into_iter().filter(|tag| !of_target.contains(tag));
                of_target.extend(new.collect::<Vec<_>>());
            }
            return target;
        }
        let c = format!("typedef {}", declaration(btf, to, name));
        let index = self.reserve(id, (name.to_owned(), Origin::Typedef), c);
        let (size, align) = (self.size(&target), self.align(&target));
        let (over_aligned, equality) = (self.over_aligned(&target), self.equality(&target));
        let def = &mut self.defs[index];
        (def.size, def.align, def.over_aligned, def.equality) =
            (size, align, over_aligned, equality);
        def.kind = DefKind::Alias(target);
        Ty::Def(index)
    }

    /// The C name, or that of the first typedef.
    pub(super) fn c_name(&self, id: u32, name: &str) -> Option<(String, Origin)> {
        if !name.is_empty() {
            return Some((name.to_owned(), Origin::C));
        }
        self.typedefs.get(&id).map(|&name| (name.to_owned(), Origin::Typedef))
    }

    /// As [`c_name`](Self::c_name), or else the path to it.
    pub(super) fn wanted_name(&self, id: u32, name: &str, owner: Owner<'_>) -> (String, Origin) {
        // Cut at once: types may nest deep, and each has the path to the one around it.
        let path = || (cut(owner.to_string().into()).into_owned(), Origin::Made);
        self.c_name(id, name).unwrap_or_else(path)
    }

    /// `struct event`, `typedef enum {…} state_t`, `union {…}`
    pub(super) fn c_title(&self, id: u32, word: &str, name: &str) -> String {
        if !name.is_empty() {
            return [word, " ", name].concat();
        }
        match self.typedefs.get(&id) {
            Some(typedef) => format!("typedef {word} {{…}} {typedef}"),
            None => format!("{word} {{…}}"),
        }
    }
}

/// The integers that every C source has typedefs for; those are spelled as Rust has them.
fn well_known(name: &str) -> Option<Ty> {
    let name = name.strip_prefix("__").unwrap_or(name);
    let (signed, bits) = match name.strip_suffix("_t") {
        Some(name) => match name.strip_prefix("uint") {
            Some(bits) => (false, bits),
            None => (true, name.strip_prefix("int")?),
        },
        None => match name.strip_prefix('u') {
            Some(bits) => (false, bits),
            None if name == "bool" => return Some(Ty::Bool),
            None => (true, name.strip_prefix('s')?),
        },
    };
    let bytes = match bits {
        "8" => 1,
        "16" => 2,
        "32" => 4,
        "64" => 8,
        "128" => 16,
        _ => return None,
    };
    Some(Ty::Int { bytes, signed })
}
