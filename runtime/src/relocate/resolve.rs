//! The decision: one number that all candidates agree on.

use super::access::{Access, Class, Named, Place};
use super::value::{Moved, Sort, Value};
use crate::btf::Btf;
use crate::error::{Error, Result};
use crate::spec::CoreKind;

/// A type of the kernel that has the name of a relocation's root.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'k> {
    /// The kernel's types, or those of a module.
    pub btf: &'k Btf<'k>,
    /// Its id in there.
    pub id: u32,
}

/// What becomes of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The number that the compiler worked out from the object's types.
    pub original: u64,
    /// The number for this kernel; `None` where the kernel has not got what is meant, and the instruction must not be
    /// reached.
    pub value: Option<u64>,
    /// Whether the instruction must have the original number before.
    pub(super) certain: bool,
    /// Another size for the load or store.
    pub(super) resize: Resize,
}

/// Whether a load or store must change size, from and to so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resize {
    Keep,
    To {
        from: u64,
        to: u64,
    },
    /// It must, but the value would not mean the same.
    Wrong,
}

/// Works out a relocation against all candidates for its root type.
///
/// Candidates that have not got what is meant are taken out of `candidates`, unless none has: the same list is to be
/// used for all relocations of a root type, so that of several kernel types of one name a single one is left.
///
/// # Errors
/// Where candidates do not agree, or a type is malformed. That nothing was found is no error: see
/// [`Resolution::value`].
pub fn resolve(access: &Access<'_>, candidates: &mut Vec<Candidate<'_>>) -> Result<Resolution> {
    let original = number(access, access.value(access.btf, Some(&access.place))?)?;
    if access.kind == CoreKind::TypeIdLocal {
        let root = u64::from(access.root);
        return Ok(Resolution {
            original: root,
            value: Some(root),
            certain: false,
            resize: Resize::Keep,
        });
    }
    let mut found: Option<(Candidate<'_>, Place<'_>, Value)> = None;
    let mut kept = Vec::new();
    for &candidate in candidates.iter() {
        let Some(place) = access.find(candidate.btf, candidate.id)? else { continue };
        let value = access.value(candidate.btf, Some(&place))?;
        kept.push(candidate);
        match &found {
            None => found = Some((candidate, place, value)),
            Some((first, other, agreed)) => {
                let same_place =
                    access.class() != Class::Field || other.bit_offset == place.bit_offset;
                if !same_place || !same(*agreed, value) {
                    return Err(ambiguous(access, *first, candidate));
                }
            }
        }
    }
    if !kept.is_empty() {
        *candidates = kept;
    }
    let (value, moved) = match found {
        Some((_, _, value)) => parts(value),
        None => parts(access.value(access.btf, None)?),
    };
    Ok(Resolution {
        original: original.value,
        value,
        certain: original.certain,
        resize: resize(original.moved, moved),
    })
}

struct Original {
    value: u64,
    certain: bool,
    moved: Option<Moved>,
}

fn number(access: &Access<'_>, value: Value) -> Result<Original> {
    match value {
        Value::Number { value, certain, moved } => Ok(Original { value, certain, moved }),
        Value::Absent => Err(Error::malformed(format!("CO-RE relocation of {access}: no value"))),
    }
}

fn parts(value: Value) -> (Option<u64>, Option<Moved>) {
    match value {
        Value::Number { value, moved, .. } => (Some(value), moved),
        Value::Absent => (None, None),
    }
}

/// Agreement is about the number; what moves it may be told apart by name only.
fn same(a: Value, b: Value) -> bool {
    parts(a).0 == parts(b).0
}

fn resize(from: Option<Moved>, to: Option<Moved>) -> Resize {
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (None, None) => return Resize::Keep,
        // A bit-field on one side only: what a load moves is not the field.
        _ => return Resize::Wrong,
    };
    let harmless = from.sort == to.sort && from.sort != Sort::Other;
    match (from.size == to.size, harmless) {
        (true, _) => Resize::Keep,
        (false, true) => Resize::To { from: from.size, to: to.size },
        (false, false) => Resize::Wrong,
    }
}

fn ambiguous(access: &Access<'_>, a: Candidate<'_>, b: Candidate<'_>) -> Error {
    Error::mismatch(format!(
        "CO-RE relocation of {access}: the kernel's types [{}] and [{}], both {}, do not agree",
        a.id,
        b.id,
        Named(b.btf, b.id)
    ))
}
