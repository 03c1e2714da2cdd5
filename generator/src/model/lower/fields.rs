//! The fields of a struct or of a section, from where everything goes.

use super::Member;
use super::accessors::Methods;
use crate::ident::{Ident, Scope};
use crate::model::layout::{Place, Plan};
use crate::model::ty::{Accessor, Field, FieldRole, Flexible, Ty};
use crate::model::types::Types;

impl Types<'_> {
    /// The fields of a struct, methods for what has none, and its flexible array.
    pub(super) fn struct_parts(
        &self,
        members: Vec<Member<'_>>,
        plan: &Plan,
        size: u64,
    ) -> (Vec<Field>, Vec<Accessor>, Option<Flexible>) {
        let mut without = Vec::new();
        for place in &plan.places {
            match place {
                Place::Member { index, as_bytes, .. } => {
                    let member = &members[*index];
                    match &member.inside {
                        Some(inside) => without.extend(inside.iter().map(|leaf| (leaf, false))),
                        None if *as_bytes => without.push((member, false)),
                        None => {}
                    }
                }
                Place::Bits { members: run, .. } => {
                    without.extend(members[run.clone()].iter().map(|member| (member, true)));
                }
                Place::Padding { .. } => {}
            }
        }
        let flexible = members.last().and_then(|last| Some((last, self.flexible(last)?)));
        let (accessors, method) = self.methods(Methods {
            make: "with_*",
            size,
            align: plan.align,
            members: without,
            flexible: flexible.is_some(),
        });
        let flexible = flexible.zip(method).map(|((last, element), method)| Flexible {
            method,
            element: element.clone(),
            offset: last.bit_offset / 8,
            c: last.c.clone(),
        });
        (self.fields(members, plan), accessors, flexible)
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
                    let words = *as_bytes || inside.is_some();
                    Field {
                        ident,
                        role: if words { FieldRole::Storage } else { FieldRole::Member },
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
