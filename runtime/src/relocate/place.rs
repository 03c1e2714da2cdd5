//! Finding in a candidate what the object means.

use super::access::{Access, Class, MAX_STEPS, Place, Step};
use super::compatible::{Pair, same_essential};
use crate::btf::{Btf, Kind, Member};
use crate::error::{Error, Result};
use crate::spec::CoreKind;

/// Members looked at in one search. Anonymous members are gone into; types made to take for ever end here.
const MAX_WORK: u32 = 1 << 20;

impl<'a> Access<'a> {
    /// Where it is in the candidate `root` of the kernel, if it is there.
    ///
    /// # Errors
    /// Where the candidate's types are too deep or too large to tell.
    pub(super) fn find<'k>(&self, kernel: &'k Btf<'k>, root: u32) -> Result<Option<Place<'k>>> {
        let pair = Pair { local: self.btf, kernel };
        let whole = Place { root, ..Place::default() };
        match self.class() {
            Class::Type if self.kind == CoreKind::TypeMatches => {
                Ok(pair.types_match(self.root, root)?.then_some(whole))
            }
            Class::Type => Ok(pair.types_compatible(self.root, root).then_some(whole)),
            Class::Enumerator => {
                let found = enumerator(kernel, root, self.enumerator.unwrap_or(""));
                Ok(found.map(|enumerator| Place { enumerator, ..whole }))
            }
            Class::Field => self.find_field(pair, root),
        }
    }

    fn find_field<'k>(&self, pair: Pair<'a, 'k>, root: u32) -> Result<Option<Place<'k>>> {
        let kernel = pair.kernel;
        let mut place = Place { root, ..Place::default() };
        let mut work = MAX_WORK;
        let mut id = root;
        for (n, step) in self.place.steps.iter().enumerate() {
            let Some((resolved, ty)) = kernel.resolve(id) else { return Ok(None) };
            let Some(wanted) = step.member else {
                id = match ty.kind {
                    _ if n == 0 => resolved,
                    Kind::Array(array)
                        if step.index < array.len || place.ends_in_flexible(kernel, &array) =>
                    {
                        match kernel.resolve(array.element) {
                            Some((element, _)) => element,
                            None => return Ok(None),
                        }
                    }
                    _ => return Ok(None),
                };
                place.index(kernel, id, step.index).map_err(Error::malformed)?;
                continue;
            };
            let Some((owner, offset, index, member)) =
                named(kernel, resolved, wanted.name, 0, &mut work)?
            else {
                return Ok(None);
            };
            if !pair.fields_compatible(wanted.ty, member.ty) {
                return Ok(None);
            }
            place.bit_offset = place
                .bit_offset
                .checked_add(offset)
                .ok_or_else(|| Error::malformed("the offset does not fit in 64 bits"))?;
            place.steps.push(Step { ty: owner, index, member: Some(member) });
            id = member.ty;
        }
        Ok(Some(place))
    }
}

/// The first member of this name, in a struct or in an anonymous one within it: the struct that has it, the offset
/// from the outermost, its index and itself.
fn named<'k>(
    kernel: &'k Btf<'k>,
    id: u32,
    name: &str,
    depth: usize,
    work: &mut u32,
) -> Result<Option<(u32, u64, u32, Member<'k>)>> {
    if depth >= MAX_STEPS {
        return Err(Error::malformed("anonymous members nested too deep"));
    }
    let Some((id, ty)) = kernel.resolve(id) else { return Ok(None) };
    let (Kind::Struct(composite) | Kind::Union(composite)) = ty.kind else { return Ok(None) };
    for (index, member) in (0..).zip(composite.members()) {
        *work = work.checked_sub(1).ok_or_else(|| Error::malformed("too many members"))?;
        let offset = u64::from(member.bit_offset);
        if member.name.is_empty() {
            if let Some((owner, inner, index, found)) =
                named(kernel, member.ty, name, depth + 1, work)?
            {
                return Ok(Some((owner, offset + inner, index, found)));
            }
        } else if member.name == name {
            return Ok(Some((id, offset, index, member)));
        }
    }
    Ok(None)
}

fn enumerator(kernel: &Btf<'_>, root: u32, name: &str) -> Option<usize> {
    let wanted = |other: &str| same_essential(name, other);
    match kernel.resolve(root)?.1.kind {
        Kind::Enum(kind) => kind.values().position(|(other, _)| wanted(other)),
        Kind::Enum64(kind) => kind.values().position(|(other, _)| wanted(other)),
        _ => None,
    }
}
