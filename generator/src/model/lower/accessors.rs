//! Methods for members that have no field.

use super::Member;
use crate::ident::Scope;
use crate::model::ty::{Accessor, At, Ty};
use crate::model::types::Types;

/// What every live twin has of its own.
const TAKEN_LIVE: &[&str] = &["get", "set", "update"];

/// Methods of one type: their names are no other's.
pub(super) struct Methods<'t> {
    pub(super) types: &'t Types<'t>,
    pub(super) scope: Scope,
    live: Scope,
    /// What goes before the name of one that makes a value.
    make: &'static str,
    pub(super) size: u64,
    pub(super) align: u64,
    /// The members, and whether no field stands for them when values are compared.
    pub(super) members: Vec<(Member, bool)>,
}

impl<'t> Methods<'t> {
    pub(super) fn new(types: &'t Types<'t>, make: &'static str, size: u64, align: u64) -> Self {
        let (scope, live) = (Scope::default(), Scope::reserving(TAKEN_LIVE));
        Self { types, scope, live, make, size, align, members: Vec::new() }
    }

    /// The accessors, and the scope that has their names: members by their own, before any that starts with another word.
    pub(super) fn finish(mut self) -> (Vec<Accessor>, Scope) {
        let types = self.types;
        let (size, align) = (self.size, self.align);
        let mut members = std::mem::take(&mut self.members);
        // Hostile BTF may put a member outside of its union.
        members.retain(|(member, _)| match at(member) {
            At::Byte(offset) => offset.saturating_add(types.size(&member.ty)) <= size,
            At::Bits(first, bits) => {
                types.is_bits(&member.ty)
                    && (1..=64).contains(&bits)
                    && first.saturating_add(bits.into()) <= size.saturating_mul(8)
            }
        });
        let names = || members.iter().map(|(member, _)| member.name.as_str());
        let (gets, live_gets) = (self.scope.claim_all(names()), self.live.claim_all(names()));
        let idents = gets.into_iter().zip(live_gets);
        let accessors = members.iter().zip(idents).map(|((member, compared), (get, live_get))| {
            let mut method = |word: &str| self.scope.claim(&word.replace('*', &member.name));
            let set = method("set_*");
            let make = method(self.make);
            let at = at(member);
            let aligned = match at {
                At::Byte(offset) => {
                    let wanted = types.align(&member.ty);
                    offset.is_multiple_of(wanted) && align.is_multiple_of(wanted)
                }
                At::Bits(..) => false,
            };
            let borrow = (aligned && types.is_aggregate(&member.ty))
                .then(|| [method("*_ref"), method("*_mut")]);
            let live_set = self.live.claim(&format!("set_{}", member.name));
            let (ty, c) = (member.ty.clone(), member.c.clone());
            let (live, compared) = ([live_get, live_set], *compared);
            Accessor { get, set, make, borrow, live, ty, at, aligned, compared, c }
        });
        (accessors.collect(), self.scope)
    }
}

fn at(member: &Member) -> At {
    match member.bits {
        Some(bits) => At::Bits(member.bit_offset, bits),
        None => At::Byte(member.bit_offset / 8),
    }
}

impl Types<'_> {
    pub(super) fn union_accessors(
        &self,
        members: &[Member],
        size: u64,
        align: u64,
    ) -> Vec<Accessor> {
        let mut methods = Methods::new(self, "from_*", size, align);
        for member in members {
            match &member.inside {
                Some(inside) => {
                    methods.members.extend(inside.iter().map(|leaf| (leaf.clone(), false)))
                }
                None => methods.members.push((member.clone(), false)),
            }
        }
        methods.finish().0
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
