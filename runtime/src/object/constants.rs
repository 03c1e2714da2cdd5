//! Whether a frozen section that is pinned already has the constants of this load: programs see those of the map.

use std::ops::Range;
use std::os::fd::AsFd;

use super::open_map::OpenMap;
use crate::btf::{Btf, Kind};
use crate::error::Result;
use crate::map::Map;
use crate::spec::{Endian, ExternKind, KCONFIG, MapContents, ObjectSpec};
use crate::sys;
use crate::{ContentsDifference, Difference};

/// In what a map with the section's definition differs from the section: that it may change, which `/proc` tells, and the
/// first byte. Nothing for a section that is not frozen, which keeps what it holds.
pub(crate) fn differences(
    object: &ObjectSpec,
    open: &OpenMap,
    existing: &Map,
) -> Result<Vec<Difference>> {
    if !matches!(open.spec.contents, MapContents::Data { frozen: true, .. }) {
        return Ok(Vec::new());
    }
    // Before the bytes are read: those of a frozen map stay.
    let unfrozen = sys::map_frozen(existing.as_fd()).is_ok_and(|frozen| !frozen);
    let found = existing.lookup(&[0; 4])?.unwrap_or_default();
    let contents = of_bytes(object, open, open.initial_bytes().unwrap_or_default(), &found)?;
    let unfrozen = unfrozen.then_some(Difference::NotFrozen);
    Ok(unfrozen.into_iter().chain(contents.map(Difference::Contents)).collect())
}

/// The first byte that differs; what is missing at the end is zero.
fn of_bytes(
    object: &ObjectSpec,
    open: &OpenMap,
    defined: &[u8],
    found: &[u8],
) -> Result<Option<ContentsDifference>> {
    let byte = |bytes: &[u8], at| bytes.get(at).copied().unwrap_or(0);
    let len = defined.len().max(found.len());
    let Some(at) = (0..len).find(|&at| byte(defined, at) != byte(found, at)) else {
        return Ok(None);
    };
    let variable = variable_at(object, open, at);
    let btf = match &variable {
        Some(variable) if variable.type_id != 0 => Some(Btf::parse(&object.btf, object.endian)?),
        _ => None,
    };
    let text = |bytes: &[u8]| {
        let number = variable.as_ref().zip(btf.as_ref()).and_then(|(variable, btf)| {
            number(btf, variable.type_id, bytes.get(variable.place.clone())?)
        });
        number.map_or_else(|| format!("{:#04x}", byte(bytes, at)), |number| number.to_string())
    };
    Ok(Some(ContentsDifference {
        offset: at,
        variable: variable.as_ref().map(|variable| variable.name.to_owned()),
        defined: text(defined),
        found: text(found),
    }))
}

/// What has a name in a section: a variable of the object's, or an option of the kernel's.
struct Variable<'o> {
    name: &'o str,
    place: Range<usize>,
    type_id: u32,
}

fn variable_at<'o>(object: &'o ObjectSpec, open: &OpenMap, at: usize) -> Option<Variable<'o>> {
    let map = object.maps.iter().position(|map| map.name == open.spec.name)?;
    let variable = |name, offset: u32, size: u32, type_id| {
        let place = offset as usize..offset as usize + size as usize;
        Variable { name, place, type_id }
    };
    let variables = object.variables.iter().filter(|it| it.map as usize == map);
    let options = object.externs.iter().filter(|_| open.spec.section == KCONFIG);
    let options = options.filter_map(|it| match it.kind {
        ExternKind::Kconfig { offset, size, type_id, .. } => {
            Some(variable(&*it.name, offset, size, type_id))
        }
        ExternKind::Ksym { .. } | ExternKind::Kfunc { .. } => None,
    });
    variables
        .map(|it| variable(&*it.name, it.offset, it.size, it.type_id))
        .chain(options)
        .find(|variable| variable.place.contains(&at))
}

/// The value of an integer or an enum of up to 64 bits.
fn number(btf: &Btf<'_>, type_id: u32, bytes: &[u8]) -> Option<i128> {
    let signed = match btf.resolve_kind(type_id)?.1 {
        Kind::Int(int) => int.encoding.is_signed(),
        Kind::Enum(values) => values.signed,
        Kind::Enum64(values) => values.signed,
        _ => return None,
    };
    let unused = 8 * u32::try_from(8usize.checked_sub(bytes.len())?).ok()?;
    let next = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
    let word = match btf.endian() {
        Endian::Little => bytes.iter().rev().fold(0, next),
        Endian::Big => bytes.iter().fold(0, next),
    };
    let signed = signed.then(|| i128::from((word << unused).cast_signed() >> unused));
    Some(signed.unwrap_or(word.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::btf::{BtfBuilder, IntEncoding};

    #[test]
    fn numbers_are_read_by_their_types() {
        for (endian, bytes) in [(Endian::Little, [0xfe, 0xff]), (Endian::Big, [0xff, 0xfe])] {
            let mut btf = BtfBuilder::new(endian);
            let signed = btf.int("short", 2, IntEncoding::SIGNED);
            let unsigned = btf.int("u16", 2, IntEncoding::UNSIGNED);
            let (constant, packed) = (btf.const_(signed), btf.enum_("e", 1, false, &[("ONE", 1)]));
            let (wide, array) =
                (btf.int("u128", 16, IntEncoding::UNSIGNED), btf.array(signed, signed, 1));
            let btf = btf.finish();
            let btf = Btf::parse(&btf, endian).unwrap();
            for (type_id, len, expected) in [
                (signed, 2, Some(-2)),
                (constant, 2, Some(-2)),
                (unsigned, 2, Some(0xfffe)),
                (packed, 1, Some(bytes[0].into())),
                (wide, 16, None),
                (array, 2, None),
            ] {
                let bytes: Vec<u8> = bytes.iter().copied().cycle().take(len).collect();
                assert_eq!(number(&btf, type_id, &bytes), expected, "{endian} {type_id}");
            }
        }
    }
}
