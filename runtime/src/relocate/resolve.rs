//! The decision: one number that all candidates agree on.

use super::path::Named;
use super::question::Access;
use super::value::Asked;
use crate::btf::Btf;
use crate::error::{Error, Result, Within};
use crate::spec::{CoreKind, CoreMoved, CoreNumber, CorePath, CoreSort};

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
        from: u32,
        to: u32,
    },
    /// It must, but the value would not mean the same.
    Wrong,
}

/// Works out an access against all candidates for its root type.
///
/// Candidates that have not got what is meant are taken out of `candidates`, unless none has: the same list is to be
/// used for all accesses of a root type, so that of several kernel types of one name a single one is left.
///
/// # Errors
/// Where candidates do not agree, or a type is malformed. That nothing was found is no error: see
/// [`Resolution::value`].
pub fn resolve(access: &Access<'_, '_>, candidates: &mut Vec<Candidate<'_>>) -> Result<Resolution> {
    decide(access, candidates).within(|| access.frame())
}

fn decide(access: &Access<'_, '_>, candidates: &mut Vec<Candidate<'_>>) -> Result<Resolution> {
    let CoreNumber { value: original, certain, moved } = access.spec.original;
    if access.spec.kind == CoreKind::TypeIdLocal {
        return Ok(Resolution { original, value: Some(original), certain, resize: Resize::Keep });
    }
    let (field, signed) = match access.spec.path {
        CorePath::Field { .. } => (true, false),
        CorePath::Enumerator { signed, .. } => (false, signed),
        CorePath::Type { .. } => (false, false),
    };
    let asked = Asked { kind: access.spec.kind, signed };
    let mut found: Option<(Candidate<'_>, u64, Option<CoreNumber>)> = None;
    let mut kept = 0;
    for nth in 0..candidates.len() {
        let candidate = candidates[nth];
        let Some(place) = access.find(candidate.btf, candidate.id)? else { continue };
        let number = asked.at(candidate.btf, &place)?;
        candidates.swap(kept, nth);
        kept += 1;
        match found {
            None => found = Some((candidate, place.bit_offset, number)),
            Some((first, bit_offset, agreed)) => {
                // Agreement is about the number; what a load moves may differ.
                let value = |number: Option<CoreNumber>| number.map(|number| number.value);
                if (field && bit_offset != place.bit_offset) || value(agreed) != value(number) {
                    return Err(ambiguous(first, candidate));
                }
            }
        }
    }
    if kept != 0 {
        candidates.truncate(kept);
    }
    let number = match found {
        Some((_, _, number)) => number,
        None => asked.nowhere(),
    };
    Ok(Resolution {
        original,
        value: number.map(|number| number.value),
        certain,
        resize: resize(moved, number.and_then(|number| number.moved)),
    })
}

fn resize(from: Option<CoreMoved>, to: Option<CoreMoved>) -> Resize {
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (None, None) => return Resize::Keep,
        // A bit-field on one side only: what a load moves is not the field.
        _ => return Resize::Wrong,
    };
    let harmless = from.sort == to.sort && from.sort != CoreSort::Other;
    match (from.size == to.size, harmless) {
        (true, _) => Resize::Keep,
        (false, true) => Resize::To { from: from.size, to: to.size },
        (false, false) => Resize::Wrong,
    }
}

fn ambiguous(a: Candidate<'_>, b: Candidate<'_>) -> Error {
    Error::mismatch(format!(
        "the kernel's types [{}] {} and [{}] {} do not agree",
        a.id,
        Named(a.btf, a.id),
        b.id,
        Named(b.btf, b.id)
    ))
}
