//! Methods for members that have no field.

use super::Member;
use crate::ident::{Ident, Scope};
use crate::model::ty::{Accessor, At, Ty};
use crate::model::types::Types;

/// What every live twin has of its own.
const TAKEN_LIVE: &[&str] = &["get", "set", "update"];

/// What the methods of one type are made from.
pub(super) struct Methods<'m, 'n> {
    /// What goes before the name of one that makes a value.
    pub(super) make: &'static str,
    pub(super) size: u64,
    pub(super) align: u64,
    /// The members, and whether no field stands for them when values are compared.
    pub(super) members: Vec<(&'m Member<'n>, bool)>,
    /// Whether there is one more, for a flexible array.
    pub(super) flexible: bool,
}

impl Types<'_> {
    /// The accessors, and the name of the method for the flexible array: members go by their own names, before any method
    /// that starts with another word.
    pub(super) fn methods(&self, of: Methods<'_, '_>) -> (Vec<Accessor>, Option<Ident>) {
        let Methods { make, size, align, mut members, flexible } = of;
        if members.is_empty() && !flexible {
            return (Vec::new(), None);
        }
        // Hostile BTF may put a member outside of its union.
        members.retain(|(member, _)| match at(member) {
            At::Byte(offset) => offset.saturating_add(self.size(&member.ty)) <= size,
            At::Bits(first, bits) => {
                self.is_bits(&member.ty)
                    && (1..=128).contains(&bits)
                    && first.saturating_add(bits.into()) <= size.saturating_mul(8)
            }
        });
        let (mut scope, mut live) = (Scope::default(), Scope::reserving(TAKEN_LIVE));
        let names = || members.iter().map(|(member, _)| &*member.name);
        let idents = scope.claim_all(names()).into_iter().zip(live.claim_all(names()));
        let accessors = members.iter().zip(idents).map(|(&(member, compared), (get, live_get))| {
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
                c,
            }
        });
        (accessors.collect(), flexible.then(|| scope.claim("from_bytes")))
    }

    pub(super) fn union_accessors(
        &self,
        members: &[Member<'_>],
        size: u64,
        align: u64,
    ) -> Vec<Accessor> {
        let members = members.iter().flat_map(|member| match &member.inside {
            Some(inside) => &inside[..],
            None => std::slice::from_ref(member),
        });
        let members = members.map(|member| (member, false)).collect();
        self.methods(Methods { make: "from_*", size, align, members, flexible: false }).0
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
        Some(bits) => At::Bits(member.bit_offset, bits),
        None => At::Byte(member.bit_offset / 8),
    }
}
