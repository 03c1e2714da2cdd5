//! Places in types, and finding in a candidate what the object means.

use super::compatible::{Pair, Shape, same_essential, same_kind};
use super::path::MAX_STEPS;
use super::question::Access;
use crate::btf::{Array, Btf, BtfKind, Kind, Member};
use crate::error::{Error, Result};
use crate::spec::{CoreKind, CorePath, CoreStep};

/// Members looked at in one search. Anonymous members are gone into; types made to take for ever end here.
const MAX_WORK: u32 = 1 << 20;

/// Where in a type something is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// The type that was found, without qualifiers for fields.
    pub(super) root: u32,
    /// The last step to it.
    pub(super) last: Option<Step<'a>>,
    /// From the start of the root.
    pub(super) bit_offset: u64,
    /// Index of the enumerator.
    pub(super) enumerator: usize,
}

/// A step of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    /// The struct for a member, the element's type for an index.
    pub(super) ty: u32,
    pub(super) index: u32,
    /// The member, or nothing for the index of an array or pointer.
    pub(super) member: Option<Member<'a>>,
}

impl<'a> Place<'a> {
    /// A type itself.
    pub(super) fn of(root: u32) -> Self {
        Self { root, ..Self::default() }
    }

    /// Goes to the `index`th of elements of type `ty`.
    pub(super) fn index(&mut self, btf: &Btf<'_>, ty: u32, index: u32) -> Result<Step<'a>, String> {
        // An opaque root at index 0 needs no size.
        if index != 0 {
            let size = btf.size_of(ty).map_err(|error| error.to_string())?;
            self.bit_offset = size
                .checked_mul(u64::from(index) * 8)
                .and_then(|bits| self.bit_offset.checked_add(bits))
                .ok_or("the offset does not fit in 64 bits")?;
        }
        let step = Step { ty, index, member: None };
        self.last = Some(step);
        Ok(step)
    }

    /// Whether the array that was come to is the flexible one at the end of its struct.
    pub(super) fn ends_in_flexible(&self, btf: &Btf<'_>, array: &Array) -> bool {
        let Some(Step { ty, index, member: Some(_) }) = self.last else { return false };
        let last = match btf.kind_by_id(ty) {
            Some(Kind::Struct(composite) | Kind::Union(composite)) => composite.len(),
            _ => return false,
        };
        array.len == 0 && index as usize + 1 == last
    }
}

impl Access<'_, '_> {
    /// Where it is in the candidate `root` of the kernel, if it is there.
    ///
    /// # Errors
    /// Where the candidate's types are too deep or too large to tell.
    pub(super) fn find<'k>(&self, kernel: &'k Btf<'k>, root: u32) -> Result<Option<Place<'k>>> {
        match self.spec.path {
            CorePath::Type { resolved } => {
                let same = match resolved {
                    Some(kind) => self.is_kind(kind, kernel, root),
                    None => self.is_same_type(kernel, root)?,
                };
                Ok(same.then(|| Place::of(root)))
            }
            CorePath::Enumerator { name, .. } => {
                let found = enumerator(kernel, root, self.name(name));
                Ok(found.map(|enumerator| Place { enumerator, ..Place::of(root) }))
            }
            CorePath::Field { .. } => self.find_field(kernel, root),
        }
    }

    /// Where the kind alone decides.
    fn is_kind(&self, kind: BtfKind, kernel: &Btf<'_>, root: u32) -> bool {
        let recorded = kernel.type_by_id(root).map(|ty| ty.kind.code());
        recorded.is_some_and(|other| same_kind(self.root.kind, other))
            && match kernel.resolve_kind(root).map(|(_, kind)| kind) {
                // An offset is a bit-field of a compiler before 2018.
                Some(Kind::Int(int)) => kind == BtfKind::Int && int.offset == 0,
                Some(other) => same_kind(kind, other.code()),
                None => false,
            }
    }

    fn is_same_type(&self, kernel: &Btf<'_>, root: u32) -> Result<bool> {
        let pair = Pair { local: self.questions.types()?, kernel };
        match self.spec.kind {
            CoreKind::TypeMatches => pair.types_match(self.root.type_id, root),
            _ => Ok(pair.types_compatible(self.root.type_id, root)),
        }
    }

    fn find_field<'k>(&self, kernel: &'k Btf<'k>, root: u32) -> Result<Option<Place<'k>>> {
        let mut place = Place::of(root);
        let mut work = MAX_WORK;
        let mut id = root;
        for (n, step) in self.steps.iter().enumerate() {
            let Some((resolved, ty)) = kernel.resolve(id) else { return Ok(None) };
            match *step {
                CoreStep::Index(index) => {
                    id = match ty.kind {
                        _ if n == 0 => resolved,
                        Kind::Array(array)
                            if index < array.len || place.ends_in_flexible(kernel, &array) =>
                        {
                            match kernel.resolve(array.element) {
                                Some((element, _)) => element,
                                None => return Ok(None),
                            }
                        }
                        _ => return Ok(None),
                    };
                    place.index(kernel, id, index).map_err(Error::malformed)?;
                }
                CoreStep::Member { name, dimensions, kind, type_name } => {
                    let Some((offset, step, member)) =
                        named(kernel, resolved, self.name(name), 0, &mut work)?
                    else {
                        return Ok(None);
                    };
                    let shape = Shape { dimensions, kind, name: self.name(type_name) };
                    if !shape.admits(kernel, member.ty) {
                        return Ok(None);
                    }
                    place.bit_offset = place
                        .bit_offset
                        .checked_add(offset)
                        .ok_or_else(|| Error::malformed("the offset does not fit in 64 bits"))?;
                    place.last = Some(step);
                    id = member.ty;
                }
            }
        }
        Ok(Some(place))
    }
}

/// The first member of this name, in a struct or in an anonymous one within it: its offset from the outermost, the step
/// to it, and itself.
fn named<'k>(
    kernel: &'k Btf<'k>,
    id: u32,
    name: &str,
    depth: usize,
    work: &mut u32,
) -> Result<Option<(u64, Step<'k>, Member<'k>)>> {
    if depth >= MAX_STEPS {
        return Err(Error::malformed("anonymous members nested too deep"));
    }
    let Some((ty, composite)) = kernel.resolve(id) else { return Ok(None) };
    let (Kind::Struct(composite) | Kind::Union(composite)) = composite.kind else {
        return Ok(None);
    };
    for (index, member) in (0..).zip(composite.members()) {
        *work = work.checked_sub(1).ok_or_else(|| Error::malformed("too many members"))?;
        let offset = u64::from(member.bit_offset);
        if member.name.is_empty() {
            if let Some((inner, step, found)) = named(kernel, member.ty, name, depth + 1, work)? {
                return Ok(Some((offset + inner, step, found)));
            }
        } else if member.name == name {
            return Ok(Some((offset, Step { ty, index, member: Some(member) }, member)));
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
