//! The fields of a struct or of a section, from where everything goes.

use super::Member;
use super::accessors::Methods;
use crate::ident::Scope;
use crate::model::layout::{Place, Plan};
use crate::model::ty::{Accessor, Field, FieldRole, Flexible, Ty};
use crate::model::types::Types;

impl Types<'_> {
    /// The fields of a struct, methods for what has none, and its flexible array.
    pub(super) fn struct_parts(
        &self,
        members: &[Member],
        plan: &Plan,
        size: u64,
    ) -> (Vec<Field>, Vec<Accessor>, Option<Flexible>) {
        let mut methods = Methods::new(self, "with_*", size, plan.align);
        for place in &plan.places {
            match place {
                Place::Member { index, as_bytes, .. } => {
                    let member = &members[*index];
                    let words = member.inside.iter().flatten();
                    methods.members.extend(words.map(|leaf| (leaf.clone(), false)));
                    if *as_bytes && member.inside.is_none() {
                        methods.members.push((member.clone(), false));
                    }
                }
                Place::Bits { members: run, .. } => {
                    methods.members.extend(members[run.clone()].iter().map(|m| (m.clone(), true)));
                }
                Place::Padding { .. } => {}
            }
        }
        let (accessors, mut scope) = methods.finish();
        let flexible = members.last().and_then(|last| self.flexible(last, &mut scope));
        (self.fields(members, plan), accessors, flexible)
    }

    fn flexible(&self, last: &Member, scope: &mut Scope) -> Option<Flexible> {
        match &last.ty {
            Ty::Array(element, 0) if last.inside.is_none() && self.size(element) > 0 => {
                Some(Flexible {
                    method: scope.claim("from_bytes"),
                    element: (**element).clone(),
                    offset: last.bit_offset / 8,
                    c: last.c.clone(),
                })
            }
            _ => None,
        }
    }

    /// The fields of a plan: members by their names, then bit-field words and padding by names that are left.
    pub(crate) fn fields(&self, members: &[Member], plan: &Plan) -> Vec<Field> {
        let mut scope = Scope::default();
        let named = plan.places.iter().filter_map(|place| match place {
            Place::Member { index, .. } => Some(members[*index].name.as_str()),
            _ => None,
        });
        let mut idents = scope.claim_all(named).into_iter();
        let (mut pads, mut words) = (0.., 0..);
        let mut numbered = |word: &str, numbers: &mut std::ops::RangeFrom<u32>| {
            scope.claim(&format!("{word}{}", numbers.next().unwrap_or(0)))
        };
        let fields = plan.places.iter().filter_map(|place| {
            Some(match place {
                Place::Member { index, offset, as_bytes } => {
                    let member = &members[*index];
                    let words = *as_bytes || member.inside.is_some();
                    Field {
                        ident: idents.next()?,
                        role: if words { FieldRole::Storage } else { FieldRole::Member },
                        ty: match as_bytes {
                            true => Ty::bytes(self.size(&member.ty)),
                            false => member.ty.clone(),
                        },
                        offset: *offset,
                        c: member.c.clone(),
                    }
                }
                Place::Bits { members: run, offset, unit, count } => {
                    let run: Vec<&str> =
                        members[run.clone()].iter().map(|member| member.c.as_str()).collect();
                    let unit = Ty::unsigned(*unit);
                    Field {
                        ident: numbered("bits", &mut words),
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
                    ident: numbered("__pad", &mut pads),
                    role: FieldRole::Padding,
                    ty: Ty::bytes(*len),
                    offset: *offset,
                    c: String::new(),
                },
            })
        });
        fields.collect()
    }
}
