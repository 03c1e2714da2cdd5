//! Which bytes of a struct have a name in C, and are equal where the struct is.

use std::ops::Range;

use super::ty::{Accessor, At, DefKind, Field, FieldRole, StructDef, Ty};
use super::types::Types;

/// A type of more places than this is compared by its own equality where it is a field: a long array of structs with padding.
const MOST: usize = 16;

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
        for field in layout.compared() {
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

    /// Where the bytes of a struct or union are that have a name; `None` where it is not compared as bytes.
    pub(super) fn named_bytes(&self, kind: &DefKind, size: u64) -> Option<Vec<Range<u64>>> {
        match kind {
            DefKind::Struct(layout) => {
                let Compared { places, fields, methods } = self.compared(layout);
                let by_bytes = fields.is_empty() && methods.is_empty();
                (by_bytes && places.len() <= MOST).then_some(places)
            }
            // Words, whatever their members are.
            _ => Some(all(size)),
        }
    }

    /// Appends the places that have a name in a value of this type at this offset; `false`, and anything appended, where
    /// it is not compared as bytes.
    fn name_bytes(&self, ty: &Ty, at: u64, places: &mut Vec<Range<u64>>) -> bool {
        match self.unaliased(ty) {
            Ty::Int { .. } | Ty::Chars(_) | Ty::Ptr(_) => {
                push(places, at..at + self.size(ty));
                true
            }
            Ty::Array(element, len) => self.name_elements((element, *len), at, places),
            Ty::Def(index) => {
                let Some(named) = &self.defs[*index].named else { return false };
                shifted(named, at).for_each(|place| push(places, place));
                true
            }
            Ty::Float { .. } | Ty::Bool | Ty::Function(..) | Ty::Unit => false,
        }
    }

    fn name_elements(
        &self,
        (element, len): (&Ty, u64),
        at: u64,
        places: &mut Vec<Range<u64>>,
    ) -> bool {
        let size = self.size(element);
        let mut one = Vec::new();
        if !self.name_bytes(element, 0, &mut one) {
            return false;
        }
        match &one[..] {
            [] => {}
            [whole] if *whole == (0..size) => push(places, at..at + size.saturating_mul(len)),
            _ if len > MOST as u64 => return false,
            _ => {
                for from in (0..len).map(|nth| at + nth * size) {
                    shifted(&one, from).for_each(|place| push(places, place));
                }
            }
        }
        places.len() <= MOST
    }
}

impl StructDef {
    /// Whether there are words of which only a part is compared.
    pub(crate) fn has_nested(&self) -> bool {
        self.fields.iter().any(|field| field.role == FieldRole::Nested)
    }

    /// The fields that count when values are compared.
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
