//! Methods for members that have no field.

use std::ops::Range;

use super::Member;
use crate::ident::{Ident, Scope};
use crate::model::ty::{Accessor, At, Tail, Ty};
use crate::model::types::Types;

/// The methods that a type and its live twin have of their own.
pub(super) type Taken = [&'static [&'static str]; 2];

/// What every value has by traits that take it whole, which go before methods that borrow it.
const BY_VALUE: &[&str] = &["into", "try_into"];

/// What every live twin has.
pub(super) const TAKEN: Taken = [&[], &["get", "set", "update"]];

/// What a section is reached through has more.
pub(super) const TAKEN_BY_MAPS: Taken = [
    &["map", "is_mapped"],
    &["get", "set", "update", "map", "is_mapped", "snapshot", "refresh", "flush"],
];

/// What the methods of one type are made from.
pub(super) struct Methods<'m, 'n> {
    /// What goes before the name of one that makes a value.
    pub(super) make: &'static str,
    pub(super) taken: Taken,
    pub(super) size: u64,
    pub(super) align: u64,
    pub(super) members: Vec<Leaf<'m, 'n>>,
    /// What there is one more for, each: flexible arrays.
    pub(super) tails: &'m [Tail],
}

/// A member that C can name, though it has no field.
pub(super) struct Leaf<'m, 'n> {
    pub(super) member: &'m Member<'n>,
    /// Whether no field stands for it when values are compared.
    pub(super) compared: bool,
    /// How many fields that print are before it in C.
    pub(super) fields_before: usize,
}

#[derive(Default)]
pub(super) struct Leaves<'m, 'n> {
    pub(super) members: Vec<Leaf<'m, 'n>>,
    /// How many fields that print are before those that are to come.
    pub(super) fields_before: usize,
    /// The outermost unions that are compared, each as the bytes that its members name.
    pub(super) unions: Vec<&'m Member<'n>>,
}

impl Types<'_> {
    /// Appends a member; of an anonymous struct or union, those inside of it.
    pub(super) fn leaves<'m, 'n>(
        &self,
        member: &'m Member<'n>,
        compared: bool,
        out: &mut Leaves<'m, 'n>,
    ) {
        let Some(inside) = &member.inside else {
            let fields_before = out.fields_before;
            return out.members.push(Leaf { member, compared, fields_before });
        };
        if compared && inside.is_union {
            out.unions.push(member);
        }
        let compared = compared && !inside.is_union;
        inside.members.iter().for_each(|member| self.leaves(member, compared, out));
    }

    /// The bytes of a union without a name that its members name.
    pub(super) fn named_inside(&self, union: &Member<'_>) -> Vec<Range<u64>> {
        let mut inside = Leaves::default();
        self.leaves(union, false, &mut inside);
        let first = union.bit_offset / 8;
        let members = inside.members.iter().map(|leaf| (at(leaf.member), &leaf.member.ty));
        self.named_by(members, first..first + self.size(&union.ty))
    }

    /// Whether a member of a type of this size can have methods. Hostile BTF may put it outside of its union, or have bits
    /// of a type that has none.
    pub(super) fn has_methods(&self, member: &Member<'_>, size: u64) -> bool {
        match at(member) {
            At::Byte(offset) => offset.saturating_add(self.size(&member.ty)) <= size,
            At::Bits(first, bits, _) => {
                self.is_bits(&member.ty)
                    && (1..=128).contains(&bits)
                    && first.saturating_add(bits.into()) <= size.saturating_mul(8)
            }
        }
    }

    /// The accessors, and the names of the methods for flexible arrays: members go by their own names, before any method
    /// that starts with another word.
    pub(super) fn methods(&self, of: Methods<'_, '_>) -> (Vec<Accessor>, Vec<Ident>) {
        let Methods { make, taken, size, align, mut members, tails } = of;
        if members.is_empty() && tails.is_empty() {
            return (Vec::new(), Vec::new());
        }
        members.retain(|leaf| self.has_methods(leaf.member, size));
        let [mut scope, mut live] = taken.map(|own| Scope::reserving(&[BY_VALUE, own].concat()));
        let names = || members.iter().map(|leaf| (&*leaf.member.name, leaf.member.origin));
        let idents = scope.claim_all(names()).into_iter().zip(live.claim_all(names()));
        let accessors = members.iter().zip(idents).map(|(leaf, (get, live_get))| {
            let &Leaf { member, compared, fields_before } = leaf;
            let mut method = |word: &str| scope.claim(word.replace('*', &member.name));
            let set = method("set_*");
            let make = method(make);
            let at = at(member);
            let aligned = match at {
                At::Byte(offset) => {
                    let wanted = self.align(&member.ty);
                    offset.is_multiple_of(wanted) && align.is_multiple_of(wanted)
                }
                At::Bits(..) => false,
            };
            let borrow = (aligned && self.is_aggregate(&member.ty))
                .then(|| [method("*_ref"), method("*_mut")]);
            let live_set = live.claim(format!("set_{}", member.name));
            let (ty, c) = (member.ty.clone(), member.c.clone());
            Accessor {
                get,
                set,
                make,
                borrow,
                live: [live_get, live_set],
                ty,
                at,
                aligned,
                compared,
                fields_before,
                c,
            }
        });
        let accessors = accessors.collect();
        let from_bytes = match tails {
            [_] => vec![scope.claim("from_bytes")],
            _ => {
                let names = tails.iter().map(|tail| format!("from_bytes_with_{}", tail.name));
                names.map(|name| scope.claim(name)).collect()
            }
        };
        (accessors, from_bytes)
    }

    /// Whether a bit-field can have this type.
    fn is_bits(&self, ty: &Ty) -> bool {
        match self.unaliased(ty) {
            Ty::Int { .. } | Ty::Bool => true,
            Ty::Def(index) => self.defs[*index].is_enum(),
            _ => false,
        }
    }

    /// Whether a borrow is worth more than a copy.
    fn is_aggregate(&self, ty: &Ty) -> bool {
        match self.unaliased(ty) {
            Ty::Array(..) | Ty::Chars(_) => true,
            Ty::Def(index) => !self.defs[*index].is_enum(),
            _ => false,
        }
    }
}

fn at(member: &Member<'_>) -> At {
    match member.bits {
        Some(bits) => At::Bits(member.bit_offset, bits, member.words),
        None => At::Byte(member.bit_offset / 8),
    }
}
