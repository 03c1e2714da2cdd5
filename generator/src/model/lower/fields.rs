//! The fields of a struct or of a section, from where everything goes.

use super::accessors::{Leaves, Methods};
use super::{Inside, Member};
use crate::ident::{Ident, Scope};
use crate::model::layout::{Place, Plan};
use crate::model::ty::{Field, FieldRole, Flexible, StructDef, Ty};
use crate::model::types::Types;

impl Types<'_> {
    /// A struct but for its live twin: its fields, methods for what has none, and its flexible array.
    pub(super) fn struct_parts(
        &self,
        members: Vec<Member<'_>>,
        plan: &Plan,
        size: u64,
    ) -> StructDef {
        let mut without = Leaves::default();
        let mut without_methods = Vec::new();
        for (nth, place) in plan.places.iter().enumerate() {
            let (words, compared) = match place {
                Place::Member { index, as_bytes, .. } => {
                    let member = &members[*index];
                    match &member.inside {
                        None if !*as_bytes => continue,
                        // The bytes of a union are compared, as a field.
                        inside => (*index..*index + 1, !is_union(inside.as_ref())),
                    }
                }
                Place::Bits { members: run, .. } => (run.clone(), true),
                Place::Padding { .. } => continue,
            };
            let (leaves, unions) = (without.members.len(), without.unions.len());
            members[words].iter().for_each(|member| self.leaves(member, compared, &mut without));
            let leaves = &mut without.members[leaves..];
            if !leaves.iter().all(|(member, _)| self.has_methods(member, size)) {
                // Then the words are all that there is of some.
                without_methods.push(nth);
                leaves.iter_mut().for_each(|(_, compared)| *compared = false);
                without.unions.truncate(unions);
            }
        }
        let Leaves { members: leaves, unions } = without;
        let flexible = members.last().and_then(|last| Some((last, self.flexible(last)?)));
        let (accessors, method) = self.methods(Methods {
            make: "with_*",
            size,
            align: plan.align,
            members: leaves,
            flexible: flexible.is_some(),
        });
        let flexible = flexible.zip(method).map(|((last, element), method)| Flexible {
            method,
            element: element.clone(),
            offset: last.bit_offset / 8,
            c: last.c.clone(),
        });
        let mut fields = self.fields(members, plan);
        for nth in without_methods {
            fields[nth].role = FieldRole::Member;
        }
        StructDef {
            repr: plan.repr,
            fields,
            accessors,
            unions: unions.into(),
            flexible: flexible.map(Box::new),
            live: None,
        }
    }

    /// The type of the elements, if this is an array without a length.
    fn flexible<'m>(&self, last: &'m Member<'_>) -> Option<&'m Ty> {
        match &last.ty {
            Ty::Array(element, 0) if last.inside.is_none() && self.size(element) > 0 => {
                Some(element)
            }
            _ => None,
        }
    }

    /// The fields of a plan for these members.
    pub(crate) fn fields(&self, members: Vec<Member<'_>>, plan: &Plan) -> Vec<Field> {
        let idents = idents(&members, plan);
        // Members are placed in their order.
        let mut members = members.into_iter();
        let mut fields = Vec::with_capacity(plan.places.len());
        fields.extend(plan.places.iter().zip(idents).filter_map(|(place, ident)| {
            Some(match place {
                Place::Member { offset, as_bytes, .. } => {
                    let Member { ty, c, inside, .. } = members.next()?;
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
                    }
                }
                Place::Padding { offset, len } => Field {
                    ident,
                    role: FieldRole::Padding,
                    ty: Ty::bytes(*len),
                    offset: *offset,
                    c: String::new(),
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
        Place::Member { index, .. } => Some(&*members[*index].name),
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
