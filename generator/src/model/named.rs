//! Which bytes of a struct have a name in C, and are equal where the struct is.

use std::ops::Range;

use super::ty::{Def, DefKind, Equality, Field, FieldRole, StructDef, Ty};
use super::types::Types;

/// A field of more places than this is compared by its own equality: a long array of structs with padding.
const MOST: usize = 16;

/// What is compared of a struct whose equality is total.
pub(crate) struct Compared<'d> {
    /// Where the bytes are that are compared as such, in order; no two of them touch.
    pub(crate) places: Vec<Range<u64>>,
    /// The fields that are compared by their own equality.
    pub(crate) fields: Vec<&'d Field>,
}

impl Types<'_> {
    /// Numbers are compared as bytes, and so are structs of nothing else. Bits are compared by methods: a word of them has
    /// some without a name.
    pub(crate) fn compared<'d>(&self, layout: &'d StructDef) -> Compared<'d> {
        let mut compared = Compared { places: Vec::new(), fields: Vec::new() };
        let mut places = Vec::new();
        for field in layout.compared() {
            places.clear();
            if self.name_bytes(&field.ty, field.offset, &mut places) {
                places.drain(..).for_each(|place| push(&mut compared.places, place));
            } else {
                compared.fields.push(field);
            }
        }
        compared
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
            Ty::Def(index) => self.name_type(&self.defs[*index], at, places),
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
                    one.iter().for_each(|place| push(places, from + place.start..from + place.end));
                }
            }
        }
        places.len() <= MOST
    }

    fn name_type(&self, def: &Def, at: u64, places: &mut Vec<Range<u64>>) -> bool {
        match &def.kind {
            // The last two are words, whatever their members are.
            DefKind::Enum { .. } | DefKind::Union(_) | DefKind::Opaque { .. } => {
                push(places, at..at + def.size);
                true
            }
            DefKind::Struct(layout) => {
                def.equality == Equality::Total
                    && layout.accessors.iter().all(|accessor| !accessor.compared)
                    && layout
                        .compared()
                        .all(|field| self.name_bytes(&field.ty, at + field.offset, places))
                    && places.len() <= MOST
            }
            DefKind::Alias(_) | DefKind::Bound(..) | DefKind::Declared => false,
        }
    }
}

impl StructDef {
    /// The fields that count when values are compared.
    pub(crate) fn compared(&self) -> impl Iterator<Item = &Field> {
        let counts = |role| matches!(role, FieldRole::Member | FieldRole::Storage);
        self.fields.iter().filter(move |field| counts(field.role))
    }
}

/// Places that touch are one, and empty ones none.
fn push(places: &mut Vec<Range<u64>>, place: Range<u64>) {
    match places.last_mut() {
        _ if place.is_empty() => {}
        Some(last) if last.end == place.start => last.end = place.end,
        _ => places.push(place),
    }
}
