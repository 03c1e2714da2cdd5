//! The types of a skeleton: what was lowered so far, and their sizes.

use std::collections::HashMap;
use std::sync::OnceLock;

use bpf_skel::btf::{Btf, BtfKind, Kind};

use super::ty::{Def, DefKind, Equality, Ty};
use crate::ident::{Ident, Origin, PRIMITIVES, Scope};

/// More members of anonymous structs and unions than any object has.
const MAX_NESTED: u32 = 1 << 18;

/// The largest alignment that is told of a place.
const PAGE: u16 = 4096;

/// The types that a skeleton needs, in the order in which they were met.
pub(crate) struct Types<'b> {
    pub(super) btf: Option<&'b Btf<'b>>,
    /// Filled by [`lower`](Self::lower); identifiers are final after [`name_all`](Self::name_all).
    pub(crate) defs: Vec<Def>,
    /// By BTF id, index in `defs`: of structs, unions and enums, and of typedefs that are aliases.
    by_id: Vec<Option<u32>>,
    /// Anonymous type → the first typedef that names it.
    pub(super) typedefs: HashMap<u32, &'b str>,
    /// Type and member → its declaration tags.
    tags: HashMap<(u32, Option<u32>), Vec<&'b str>>,
    /// Members that may still be looked at, of anonymous structs and unions and of structs that are looked at again: hostile
    /// BTF nests them without end.
    pub(super) nested_left: u32,
    /// By BTF id of a struct or union, the largest alignment that all the places have where the object has it, and 0 where
    /// there is none; made on first need.
    places: OnceLock<Vec<u16>>,
}

impl<'b> Types<'b> {
    pub(crate) fn new(btf: Option<&'b Btf<'b>>) -> Self {
        let mut typedefs = HashMap::new();
        let mut tags: HashMap<_, Vec<_>> = HashMap::new();
        let wanted = |kind| matches!(kind, BtfKind::Typedef | BtfKind::DeclTag);
        for (_, ty) in btf.into_iter().flat_map(|btf| btf.types_of(wanted)) {
            match ty.kind {
                Kind::Typedef(to) => {
                    // `typedef const struct {…} limits` names it as well.
                    let to = btf.and_then(|btf| btf.unqualified_kind(to)).map_or(to, |(to, _)| to);
                    typedefs.entry(to).or_insert(ty.name);
                }
                Kind::DeclTag { ty: of, component, .. } => {
                    tags.entry((of, component)).or_default().push(ty.name);
                }
                _ => {}
            }
        }
        let by_id = vec![None; btf.map_or(0, |btf| btf.len() as usize)];
        let defs = Vec::new();
        Self { btf, defs, by_id, typedefs, tags, nested_left: MAX_NESTED, places: OnceLock::new() }
    }

    /// The declaration tags of a type, a variable or a function, or of one of its members or parameters.
    pub(super) fn tags(&self, id: u32, component: Option<u32>) -> Vec<String> {
        let tags = self.tags.get(&(id, component)).into_iter().flatten();
        tags.map(|&tag| tag.to_owned()).collect()
    }

    /// A declaration with its tags behind it, as the source has them.
    pub(super) fn with_tags(&self, mut c: String, id: u32, component: Option<u32>) -> String {
        for tag in self.tags.get(&(id, component)).into_iter().flatten() {
            c.push_str(&format!(" __attribute__((btf_decl_tag({tag:?})))"));
        }
        c
    }

    /// The variables that have declaration tags.
    pub(super) fn tagged_variables(&self) -> HashMap<&'b str, u32> {
        let Some(btf) = self.btf else { return HashMap::new() };
        let whole = self.tags.keys().filter(|(_, component)| component.is_none());
        let types = whole.filter_map(|&(id, _)| Some((id, btf.type_by_id(id)?)));
        let variables = types.filter(|(_, ty)| matches!(ty.kind, Kind::Var { .. }));
        variables.map(|(id, ty)| (ty.name, id)).collect()
    }

    /// Gives every type its identifier. Exact C names go first, tags before typedefs, and made ones last, so nothing depends on
    /// the order of discovery but the suffixes of tags that clash: those of linked objects.
    pub(crate) fn name_all(&mut self) {
        let names = self.defs.iter().map(|def| (def.wanted.as_str(), def.origin));
        let idents = Scope::reserving(PRIMITIVES).claim_all(names);
        for (def, ident) in self.defs.iter_mut().zip(idents) {
            def.ident = ident;
        }
    }

    /// What has this declaration tag, in the order of BTF.
    pub(super) fn tagged(&self, tag: &str) -> Vec<u32> {
        let whole = self.tags.iter().filter(|((_, component), _)| component.is_none());
        let tagged = whole.filter(|(_, tags)| tags.contains(&tag));
        let mut ids: Vec<u32> = tagged.map(|((id, _), _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// The index in `defs` of a type that was met before.
    pub(super) fn known(&self, id: u32) -> Option<usize> {
        self.by_id.get(id as usize).copied().flatten().map(|index| index as usize)
    }

    /// A place for a type that is being lowered, so that pointers back to it find it.
    pub(super) fn reserve(&mut self, id: u32, wanted: (String, Origin), c: String) -> usize {
        let index = self.add(id, wanted, c);
        if let Some(known) = self.by_id.get_mut(id as usize) {
            *known = u32::try_from(index).ok();
        }
        index
    }

    /// A place for a type that is made of the one with this id, and does not stand for it.
    pub(super) fn add(&mut self, id: u32, (wanted, origin): (String, Origin), c: String) -> usize {
        let index = self.defs.len();
        self.defs.push(Def {
            wanted,
            origin,
            ident: Ident::unnamed(),
            c,
            size: 0,
            align: 1,
            over_aligned: false,
            equality: Equality::Total,
            named: Vec::new(),
            by_bytes: false,
            tails: Vec::new(),
            tags: self.tags(id, None),
            kind: DefKind::Declared,
        });
        index
    }

    pub(crate) fn size(&self, ty: &Ty) -> u64 {
        match ty {
            Ty::Int { bytes, .. } | Ty::Float { bytes } => u64::from(*bytes),
            Ty::Bool => 1,
            Ty::Ptr(_) => 8,
            Ty::Chars(len) => *len,
            Ty::Function(..) | Ty::Unit => 0,
            Ty::Array(element, len) => self.size(element).saturating_mul(*len),
            Ty::Def(index) => self.defs[*index].size,
        }
    }

    pub(crate) fn align(&self, ty: &Ty) -> u64 {
        match ty {
            Ty::Int { bytes, .. } | Ty::Float { bytes } => u64::from(*bytes),
            Ty::Bool | Ty::Chars(_) | Ty::Function(..) | Ty::Unit => 1,
            Ty::Ptr(_) => 8,
            Ty::Array(element, _) => self.align(element),
            Ty::Def(index) => self.defs[*index].align,
        }
    }

    /// As much of the alignment as Rust gives the type on every target: s390x aligns 128-bit integers to 8 bytes.
    pub(super) fn sure_align(&self, ty: &Ty) -> u64 {
        match self.unaliased(ty) {
            Ty::Array(element, _) => self.sure_align(element),
            ty @ Ty::Int { .. } => self.align(ty).min(8),
            ty => self.align(ty),
        }
    }

    pub(super) fn over_aligned(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Array(element, _) => self.over_aligned(element),
            Ty::Def(index) => self.defs[*index].over_aligned,
            _ => false,
        }
    }

    pub(super) fn equality(&self, ty: &Ty) -> Equality {
        match ty {
            Ty::Float { .. } => Equality::Partial,
            Ty::Array(element, _) => self.equality(element),
            Ty::Def(index) => self.defs[*index].equality,
            _ => Equality::Total,
        }
    }

    /// Bytes of this size and, as far as the size allows it, of this alignment.
    pub(super) fn storage(size: u64, align: u64) -> Ty {
        let unit = [16u8, 8, 4, 2]
            .into_iter()
            .find(|&unit| u64::from(unit) <= align && size.is_multiple_of(u64::from(unit)))
            .unwrap_or(1);
        Ty::Array(Box::new(Ty::unsigned(unit)), size / u64::from(unit))
    }

    /// As [`storage`](Self::storage), a number where one is enough.
    pub(super) fn number_or_storage(size: u64, align: u64) -> Ty {
        match Self::storage(size, align) {
            Ty::Array(word, 1) => *word,
            words => words,
        }
    }

    /// The types that a type spells.
    pub(crate) fn made_of(&self, def: &Def) -> impl Iterator<Item = usize> {
        let mut found = Vec::new();
        let mut look = |ty: &Ty| ty.defs(&mut found);
        match &def.kind {
            DefKind::Struct(layout) => {
                layout.fields.iter().for_each(|field| look(&field.ty));
                layout.accessors.iter().for_each(|accessor| look(&accessor.ty));
                def.tails.iter().for_each(|tail| look(&tail.element));
            }
            DefKind::Union(layout) => layout.accessors.iter().for_each(|one| look(&one.ty)),
            DefKind::Alias(to) => look(to),
            DefKind::Enum { .. }
            | DefKind::Bound(..)
            | DefKind::Opaque { .. }
            | DefKind::Declared => {}
        }
        found.into_iter()
    }

    /// The type without aliases at its top.
    pub(crate) fn unaliased<'t>(&'t self, mut ty: &'t Ty) -> &'t Ty {
        while let Ty::Def(index) = ty {
            let DefKind::Alias(target) = &self.defs[*index].kind else { break };
            ty = target;
        }
        ty
    }

    /// The largest alignment, at most a page, that every place of this struct or union in the object has.
    pub(super) fn placed_at(&self, id: u32) -> u64 {
        let Some(btf) = self.btf else { return 1 };
        let places = self.places.get_or_init(|| places(btf));
        match places.get(id as usize) {
            None | Some(0) => PAGE.into(),
            Some(&align) => align.into(),
        }
    }
}

/// What is in arrays of arrays, without typedefs and qualifiers.
pub(super) fn element<'b>(btf: &Btf<'b>, id: u32) -> Option<(u32, Kind<'b>)> {
    let mut at = btf.resolve_kind(id)?;
    while let Kind::Array(array) = at.1 {
        at = btf.resolve_kind(array.element)?;
    }
    Some(at)
}

fn places(btf: &Btf<'_>) -> Vec<u16> {
    let mut places = vec![0; btf.len() as usize];
    let wanted = |kind| matches!(kind, BtfKind::Struct | BtfKind::Union | BtfKind::DataSec);
    for (_, ty) in btf.types_of(wanted) {
        match ty.kind {
            Kind::Struct(composite) | Kind::Union(composite) => {
                for member in composite.members() {
                    // The size of the outer one, too: it may lie in arrays.
                    let offset = u64::from(member.bit_offset / 8) | u64::from(composite.size);
                    place(btf, &mut places, member.ty, aligned(offset));
                }
            }
            Kind::DataSec(section) => {
                for variable in section.vars() {
                    if let Some(Kind::Var { ty, .. }) = btf.kind_by_id(variable.ty) {
                        place(btf, &mut places, ty, aligned(variable.offset.into()));
                    }
                }
            }
            _ => {}
        }
    }
    // What is inside is aligned no more than the outer one. From the least on, so that each of them is looked at once.
    for align in (0..PAGE.ilog2()).map(|shift| 1 << shift) {
        let mut outer: Vec<usize> = (0..places.len()).filter(|&id| places[id] == align).collect();
        while let Some(id) = outer.pop() {
            let Some(Kind::Struct(composite) | Kind::Union(composite)) = btf.kind_by_id(id as u32)
            else {
                continue;
            };
            let inside = composite.members();
            outer.extend(inside.filter_map(|one| place(btf, &mut places, one.ty, align)));
        }
    }
    places
}

fn aligned(offset: u64) -> u16 {
    1 << offset.trailing_zeros().min(PAGE.ilog2())
}

/// Takes note of one place of a type; if it is the least aligned one of a struct or union, of which.
fn place(btf: &Btf<'_>, places: &mut [u16], ty: u32, align: u16) -> Option<usize> {
    let (id, Kind::Struct(_) | Kind::Union(_)) = element(btf, ty)? else { return None };
    let least = places.get_mut(id as usize)?;
    if *least != 0 && *least <= align {
        return None;
    }
    *least = align;
    Some(id as usize)
}
