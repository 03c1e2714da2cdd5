//! Following an access string through the object's types.

use std::fmt;

use super::place::{Place, Step};
use crate::btf::{Btf, Kind};
use crate::spec::CoreKind;

/// Longest access string: more steps than nested C declarations ever have.
pub(super) const MAX_STEPS: usize = 64;

/// What a relocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Field,
    Type,
    Enumerator,
}

impl Class {
    pub(super) fn of(kind: CoreKind) -> Self {
        match kind {
            CoreKind::FieldByteOffset
            | CoreKind::FieldByteSize
            | CoreKind::FieldExists
            | CoreKind::FieldSigned
            | CoreKind::FieldLshiftU64
            | CoreKind::FieldRshiftU64 => Self::Field,
            CoreKind::TypeIdLocal
            | CoreKind::TypeIdTarget
            | CoreKind::TypeExists
            | CoreKind::TypeSize
            | CoreKind::TypeMatches => Self::Type,
            CoreKind::EnumvalExists | CoreKind::EnumvalValue => Self::Enumerator,
        }
    }
}

/// The numbers of an access string (`0:1:2`).
pub(super) fn indices(access: &str) -> Option<Vec<u32>> {
    let indices: Vec<u32> = access
        .split(':')
        .take(MAX_STEPS + 1)
        // `parse` would take a sign.
        .map(|index| index.bytes().all(|b| b.is_ascii_digit()).then(|| index.parse().ok())?)
        .collect::<Option<_>>()?;
    (indices.len() <= MAX_STEPS).then_some(indices)
}

/// An enumerator of the object.
pub(super) struct Enumerator<'a> {
    pub(super) index: usize,
    pub(super) name: &'a str,
    /// Whether its enum is signed.
    pub(super) signed: bool,
}

/// The enumerator that an access string means.
pub(super) fn enumerator<'a>(
    btf: &Btf<'a>,
    root: u32,
    indices: &[u32],
) -> Result<Enumerator<'a>, String> {
    let &[index] = indices else { return Err("an enumerator has no members".into()) };
    let index = index as usize;
    let (name, signed) = match btf.resolve_kind(root).map(|(_, kind)| kind) {
        Some(Kind::Enum(kind)) => (kind.value(index).map(|(name, _)| name), kind.signed),
        Some(Kind::Enum64(kind)) => (kind.value(index).map(|(name, _)| name), kind.signed),
        _ => return Err("the type is not an enum".into()),
    };
    let name = name.ok_or_else(|| format!("there is no enumerator {index}"))?;
    Ok(Enumerator { index, name, signed })
}

/// The place that an access string means; `visit` is shown every step but those through anonymous members.
pub(super) fn field<'a>(
    btf: &Btf<'a>,
    root: u32,
    indices: &[u32],
    mut visit: impl FnMut(Step<'a>),
) -> Result<Place<'a>, String> {
    let endless = || "the type does not resolve".to_string();
    let (&first, rest) = indices.split_first().ok_or("it is empty")?;
    let (root, _) = btf.resolve(root).ok_or_else(endless)?;
    let mut place = Place::of(root);
    visit(place.index(btf, root, first)?);
    let mut id = root;
    for &index in rest {
        let (resolved, ty) = btf.resolve(id).ok_or_else(endless)?;
        match ty.kind {
            Kind::Struct(composite) | Kind::Union(composite) => {
                let member = composite
                    .member(index as usize)
                    .ok_or_else(|| format!("{} has no member {index}", Named(btf, resolved)))?;
                place.bit_offset += u64::from(member.bit_offset);
                if !member.name.is_empty() {
                    let step = Step { ty: resolved, index, member: Some(member) };
                    place.last = Some(step);
                    visit(step);
                }
                id = member.ty;
            }
            Kind::Array(array) => {
                if index >= array.len && !place.ends_in_flexible(btf, &array) {
                    return Err(format!("index {index} of an array of {}", array.len));
                }
                (id, _) = btf.resolve(array.element).ok_or_else(endless)?;
                visit(place.index(btf, id, index)?);
            }
            _ => return Err(format!("{} has no members", Named(btf, resolved))),
        }
    }
    Ok(place)
}

/// A type for messages: kind and name, or its id.
pub(super) struct Named<'b>(pub(super) &'b Btf<'b>, pub(super) u32);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.type_by_id(self.1) {
            Some(ty) if !ty.name.is_empty() => write!(f, "{} {}", ty.kind.code(), ty.name),
            Some(ty) => write!(f, "anonymous {} [{}]", ty.kind.code(), self.1),
            None => write!(f, "type [{}]", self.1),
        }
    }
}
