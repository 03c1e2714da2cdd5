//! The fields of a struct or of a section, from where everything goes.

use super::accessors::{Leaves, Methods, TAKEN, TAKEN_BY_MAPS, Taken};
use super::{Inside, Member};
use crate::ident::{Ident, Scope};
use crate::model::layout::{Place, Plan};
use crate::model::ty::{Accessor, Field, FieldRole, StructDef, Tail, Ty};
use crate::model::types::Types;

/// More flexible arrays at the end of one type than any object has: hostile BTF nests unions of unions.
const MOST_TAILS: usize = 16;

impl Types<'_> {
    /// A struct but for its live twin: its fields, methods for what has none, and the names of those for its flexible
    /// arrays.
    pub(super) fn struct_parts(
        &self,
        members: Vec<Member<'_>>,
        plan: &Plan,
        size: u64,
        tails: &[Tail],
    ) -> StructDef {
        self.parts(members, plan, size, TAKEN, tails)
    }

    /// The fields of a section, and methods for variables that are where their types cannot be.
    pub(crate) fn section_parts(
        &self,
        members: Vec<Member<'_>>,
        plan: &Plan,
        size: u64,
    ) -> (Vec<Field>, Vec<Accessor>) {
        let StructDef { fields, accessors, .. } =
            self.parts(members, plan, size, TAKEN_BY_MAPS, &[]);
        (fields, accessors)
    }

    fn parts(
        &self,
        members: Vec<Member<'_>>,
        plan: &Plan,
        size: u64,
        taken: Taken,
        tails: &[Tail],
    ) -> StructDef {
        let mut without = Leaves::default();
        let mut without_methods = Vec::new();
        for (nth, place) in plan.places.iter().enumerate() {
            let words = match place {
                Place::Member { index, as_bytes, .. } => {
                    let member = &members[*index];
                    if member.inside.is_none() && !*as_bytes {
                        without.fields_before += 1;
                        continue;
                    }
                    *index..*index + 1
                }
                Place::Bits { members: run, .. } => run.clone(),
                Place::Padding { .. } => continue,
            };
            let (leaves, unions) = (without.members.len(), without.unions.len());
            members[words].iter().for_each(|member| self.leaves(member, true, &mut without));
            let leaves = &mut without.members[leaves..];
            if !leaves.iter().all(|leaf| self.has_methods(leaf.member, size)) {
                // Then the words are all that there is of some.
                without_methods.push(nth);
                leaves.iter_mut().for_each(|leaf| leaf.compared = false);
                without.fields_before += 1;
                without.unions.truncate(unions);
            }
        }
        let Leaves { members: leaves, unions, .. } = without;
        let unions = unions.into_iter().flat_map(|union| self.named_inside(union)).collect();
        let (make, align) = ("with_*", plan.align);
        let methods = Methods { make, taken, size, align, members: leaves, tails };
        let (accessors, from_bytes) = self.methods(methods);
        let mut fields = self.fields(members, plan);
        for nth in without_methods {
            fields[nth].role = FieldRole::Member;
        }
        StructDef { repr: plan.repr, fields, accessors, unions, from_bytes, live: None }
    }

    /// The flexible arrays that a struct or union with these members ends in.
    pub(super) fn tails(&self, members: &[Member<'_>]) -> Vec<Tail> {
        let mut tails = Vec::new();
        // Of a struct's members, those that end it are the last ones.
        for member in members.iter().rev().take_while(|member| member.is_last) {
            let mut inside = Leaves::default();
            self.leaves(member, false, &mut inside);
            let leaves = inside.members.into_iter().map(|leaf| leaf.member).rev();
            for leaf in leaves.filter(|leaf| leaf.is_last && leaf.bits.is_none()) {
                let offset = leaf.bit_offset / 8;
                match self.unaliased(&leaf.ty) {
                    Ty::Array(element, 0) if self.size(element) > 0 => tails.push(Tail {
                        name: leaf.name.to_string(),
                        element: Ty::clone(element),
                        offset,
                        c: leaf.c.clone(),
                    }),
                    Ty::Def(index) => {
                        tails.extend(self.defs[*index].tails.iter().rev().map(|tail| Tail {
                            offset: offset.saturating_add(tail.offset),
                            ..tail.clone()
                        }))
                    }
                    _ => {}
                }
                if tails.len() > MOST_TAILS {
                    return Vec::new();
                }
            }
        }
        tails.reverse();
        tails
    }

    /// The fields of a plan for these members.
    fn fields(&self, members: Vec<Member<'_>>, plan: &Plan) -> Vec<Field> {
        let idents = idents(&members, plan);
        // Members are placed in their order.
        let mut members = members.into_iter();
        let mut fields = Vec::with_capacity(plan.places.len());
        fields.extend(plan.places.iter().zip(idents).filter_map(|(place, ident)| {
            Some(match place {
                Place::Member { offset, as_bytes, .. } => {
                    let Member { ty, c, inside, why, .. } = members.next()?;
                    Field {
                        ident,
                        role: match inside {
                            None if !*as_bytes => FieldRole::Member,
                            inside if is_union(inside.as_ref()) => FieldRole::Storage,
                            _ => FieldRole::Nested,
                        },
                        ty: if *as_bytes { Ty::bytes(self.size(&ty)) } else { ty },
                        offset: *offset,
                        c,
                        why,
                    }
                }
                Place::Bits { members: run, offset, unit, count } => {
                    let run: Vec<String> =
                        members.by_ref().take(run.len()).map(|member| member.c).collect();
                    let unit = Ty::unsigned(*unit);
                    Field {
                        ident,
                        role: FieldRole::Bits,
                        ty: match count {
                            1 => unit,
                            _ => Ty::Array(Box::new(unit), *count),
                        },
                        offset: *offset,
                        c: run.join("; "),
                        why: "",
                    }
                }
                Place::Padding { offset, len } => Field {
                    ident,
                    role: FieldRole::Padding,
                    ty: Ty::bytes(*len),
                    offset: *offset,
                    c: String::new(),
                    why: "",
                },
            })
        }));
        fields
    }
}

fn is_union(inside: Option<&Inside<'_>>) -> bool {
    inside.is_some_and(|inside| inside.is_union)
}

/// The names of the places: members by their own, then words of bit-fields and padding by names that are left.
fn idents(members: &[Member<'_>], plan: &Plan) -> Vec<Ident> {
    let mut scope = Scope::default();
    let named = plan.places.iter().filter_map(|place| match place {
        Place::Member { index, .. } => {
            let member = &members[*index];
            Some((&*member.name, member.origin))
        }
        _ => None,
    });
    let mut named = scope.claim_all(named).into_iter();
    let (mut pads, mut words) = (0u32.., 0u32..);
    let mut numbered =
        |word: &str, number: Option<u32>| Some(scope.claim(format!("{word}{}", number?)));
    let mut idents = Vec::with_capacity(plan.places.len());
    idents.extend(plan.places.iter().filter_map(|place| match place {
        Place::Member { .. } => named.next(),
        Place::Bits { .. } => numbered("bits", words.next()),
        Place::Padding { .. } => numbered("__pad", pads.next()),
    }));
    idents
}
