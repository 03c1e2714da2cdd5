//! Which bytes of a struct or union have a name in C, and are equal where the struct is.

use std::ops::Range;

use super::ty::{Accessor, At, DefKind, Equality, Field, FieldRole, StructDef, Ty};
use super::types::Types;

/// A type of more places than this is compared by its own equality where it is a field: a long array of structs with padding.
const MOST: usize = 16;

/// A union of more places than this is compared by all of its bytes, as is a longer array of structs with padding in one:
/// they are text in the skeleton.
const MOST_OF_UNION: usize = 256;

/// What is compared of a struct whose equality is total.
pub(crate) struct Compared<'d> {
    /// Where the bytes are that are compared as such, in order; no two of them touch.
    pub(crate) places: Vec<Range<u64>>,
    /// The fields that are compared by their own equality.
    pub(crate) fields: Vec<&'d Field>,
    /// What has no field, and is compared by its own equality.
    pub(crate) methods: Vec<&'d Accessor>,
}

impl Types<'_> {
    /// Numbers are compared as bytes, and so are structs of nothing else. Bits are compared by methods: a word of them has
    /// some without a name.
    pub(crate) fn compared<'d>(&self, layout: &'d StructDef) -> Compared<'d> {
        let mut compared = Compared { places: Vec::new(), fields: Vec::new(), methods: Vec::new() };
        let mut places = Vec::new();
        for field in layout.fields.iter().filter(|field| field.role == FieldRole::Member) {
            places.clear();
            if self.name_bytes(&field.ty, field.offset, &mut places) {
                places.drain(..).for_each(|place| push(&mut compared.places, place));
            } else {
                compared.fields.push(field);
            }
        }
        let in_fields = compared.places.len();
        for method in layout.accessors.iter().filter(|accessor| accessor.compared) {
            places.clear();
            match method.at {
                At::Byte(offset) if self.name_bytes(&method.ty, offset, &mut places) => {
                    compared.places.append(&mut places);
                }
                At::Byte(_) | At::Bits(..) => compared.methods.push(method),
            }
        }
        compared.places.extend_from_slice(&layout.unions);
        if compared.places.len() > in_fields {
            compared.places.sort_by_key(|place| place.start);
            let sorted = std::mem::take(&mut compared.places);
            sorted.into_iter().for_each(|place| push(&mut compared.places, place));
        }
        compared
    }

    /// Where the bytes of a struct or union are that have a name, and whether values are equal where those are.
    pub(super) fn named_bytes(
        &self,
        kind: &DefKind,
        size: u64,
        equality: Equality,
    ) -> (Vec<Range<u64>>, bool) {
        match kind {
            DefKind::Struct(layout) => {
                if equality == Equality::Total {
                    let Compared { places, fields, methods } = self.compared(layout);
                    if fields.is_empty() && methods.is_empty() && places.len() <= MOST {
                        return (places, true);
                    }
                }
                let fields = layout.fields.iter().filter(|field| field.role == FieldRole::Member);
                let fields = fields.map(|field| (At::Byte(field.offset), &field.ty));
                let methods = layout.accessors.iter().map(|method| (method.at, &method.ty));
                (self.named_by(fields.chain(methods), 0..size), false)
            }
            DefKind::Union(layout) if layout.all => {
                let members = layout.accessors.iter().map(|member| (member.at, &member.ty));
                let places = self.named_by(members, 0..size);
                let is_short = places.len() <= MOST;
                (places, is_short)
            }
            // Words, whatever their members are.
            _ => (all(size), true),
        }
    }

    /// Where the bytes are that any of these members has a part of, which may be at the same ones.
    pub(super) fn named_by<'t>(
        &self,
        members: impl Iterator<Item = (At, &'t Ty)>,
        within: Range<u64>,
    ) -> Vec<Range<u64>> {
        let mut places = Vec::new();
        for (at, ty) in members {
            match at {
                At::Byte(offset) => drop(self.name(ty, offset, &mut places)),
                At::Bits(first, bits, _) => {
                    push(&mut places, first / 8..(first + u64::from(bits)).div_ceil(8));
                }
            }
            // Hostile BTF has structs of structs of many places.
            if places.len() > 2 * MOST_OF_UNION {
                places = merged(places, &within);
                if places.len() > MOST_OF_UNION {
                    break;
                }
            }
        }
        let places = merged(places, &within);
        if places.len() > MOST_OF_UNION { vec![within] } else { places }
    }

    /// Appends the places that have a name in a value of this type at this offset; `false`, and anything appended, where
    /// it is not compared as bytes.
    fn name_bytes(&self, ty: &Ty, at: u64, places: &mut Vec<Range<u64>>) -> bool {
        let is_array = matches!(self.unaliased(ty), Ty::Array(..));
        self.is_by_bytes(ty) && self.name(ty, at, places) && !(is_array && places.len() > MOST)
    }

    fn is_by_bytes(&self, ty: &Ty) -> bool {
        match self.unaliased(ty) {
            Ty::Int { .. } | Ty::Chars(_) | Ty::Ptr(_) => true,
            Ty::Array(element, _) => self.is_by_bytes(element),
            Ty::Def(index) => self.defs[*index].by_bytes,
            Ty::Float { .. } | Ty::Bool | Ty::Function(..) | Ty::Unit => false,
        }
    }

    /// Appends the places that have a name in a value of this type at this offset; `false` where they are too many, so that
    /// what is between them is among them.
    fn name(&self, ty: &Ty, at: u64, places: &mut Vec<Range<u64>>) -> bool {
        let whole = at..at + self.size(ty);
        match self.unaliased(ty) {
            Ty::Array(element, len) => {
                let size = self.size(element);
                let mut one = Vec::new();
                let is_exact = self.name(element, 0, &mut one);
                match &one[..] {
                    [] => {}
                    [all] if *all == (0..size) => push(places, whole),
                    _ if *len > (MOST_OF_UNION / one.len()) as u64 => {
                        push(places, whole);
                        return false;
                    }
                    _ => {
                        for from in (0..*len).map(|nth| at + nth * size) {
                            shifted(&one, from).for_each(|place| push(places, place));
                        }
                    }
                }
                is_exact
            }
            Ty::Def(index) => {
                shifted(&self.defs[*index].named, at).for_each(|place| push(places, place));
                true
            }
            _ => {
                push(places, whole);
                true
            }
        }
    }

    /// Whether there are words of which only a part is compared.
    pub(crate) fn has_parts(&self, layout: &StructDef) -> bool {
        layout.fields.iter().any(|field| match field.role {
            FieldRole::Nested => true,
            FieldRole::Storage => {
                let words = field.offset..field.offset + self.size(&field.ty);
                !words.is_empty() && !layout.unions.contains(&words)
            }
            FieldRole::Member | FieldRole::Bits | FieldRole::Padding => false,
        })
    }
}

impl StructDef {
    /// The fields that count when values are compared, if they count whole.
    pub(crate) fn compared(&self) -> impl Iterator<Item = &Field> {
        let counts = |role| matches!(role, FieldRole::Member | FieldRole::Storage);
        self.fields.iter().filter(move |field| counts(field.role))
    }
}

/// Every byte.
pub(super) fn all(size: u64) -> Vec<Range<u64>> {
    let mut places = Vec::new();
    push(&mut places, 0..size);
    places
}

fn shifted(places: &[Range<u64>], by: u64) -> impl Iterator<Item = Range<u64>> {
    places.iter().map(move |place| by + place.start..by + place.end)
}

/// Places that touch are one, and empty ones none.
fn push(places: &mut Vec<Range<u64>>, place: Range<u64>) {
    match places.last_mut() {
        _ if place.is_empty() => {}
        Some(last) if last.end == place.start => last.end = place.end,
        _ => places.push(place),
    }
}

/// Those that are in any order and may overlap, without what is outside.
fn merged(mut places: Vec<Range<u64>>, within: &Range<u64>) -> Vec<Range<u64>> {
    places.sort_unstable_by_key(|place| place.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for place in places {
        let start = merged.last().map_or(within.start, |last| last.end).max(place.start);
        push(&mut merged, start..place.end.min(within.end));
    }
    merged
}
