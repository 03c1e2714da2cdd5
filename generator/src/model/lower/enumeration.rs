//! Enums: numbers with names.

use super::owner::Owner;
use crate::ident::Scope;
use crate::model::named;
use crate::model::ty::{DefKind, Enumerator, Ty};
use crate::model::types::Types;

/// What every generated enum has of its own.
const TAKEN: &[&str] = &["VARIANTS", "name"];

impl Types<'_> {
    pub(super) fn enumeration<'v>(
        &mut self,
        id: u32,
        name: &str,
        size: u32,
        signed: bool,
        values: impl Iterator<Item = (&'v str, u64)>,
        owner: Owner<'_>,
    ) -> Ty {
        if let Some(index) = self.known(id) {
            return Ty::Def(index);
        }
        let Some(bytes) = int_bytes(size) else { return Ty::bytes(size.into()) };
        let wanted = self.wanted_name(id, name, owner);
        let index = self.reserve(id, wanted, self.c_title(id, "enum", name));
        let (values, misfits): (Vec<(&str, u64)>, Vec<_>) =
            values.partition(|&(_, value)| fits(value, bytes, signed));
        let misfits = misfits.into_iter().map(|(name, value)| match signed {
            true => format!("{name} = {}", value.cast_signed()),
            false => format!("{name} = {value}"),
        });
        let misfits = misfits.collect();
        let idents = Scope::reserving(TAKEN).claim_all(values.iter().map(|&(name, _)| name));
        let values = values
            .iter()
            .zip(idents)
            .map(|(&(c, value), ident)| Enumerator { ident, c: c.to_owned(), value })
            .collect();
        let def = &mut self.defs[index];
        (def.size, def.align) = (bytes.into(), bytes.into());
        (def.named, def.by_bytes) = (named::all(def.size), true);
        def.kind = DefKind::Enum { bytes, signed, values, misfits };
        Ty::Def(index)
    }
}

/// Whether an enum of this size can have the value. Of an unsigned one it may also be the bits of a negative number: compilers
/// have not always said which enums are signed.
fn fits(value: u64, bytes: u8, signed: bool) -> bool {
    let unused = 64 - u32::from(bytes) * 8;
    let negative = value.cast_signed() << unused >> unused;
    let is_negative = value.cast_signed() == negative;
    if signed {
        return is_negative;
    }
    let half = u32::try_from(value).is_ok_and(|value| value == negative as u32);
    value << unused >> unused == value || is_negative || half
}

pub(super) fn int_bytes(size: u32) -> Option<u8> {
    matches!(size, 1 | 2 | 4 | 8).then_some(size as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_or_do_not() {
        for (value, bytes, signed, expected) in [
            (255, 1, false, true),
            (256, 1, false, false),
            (127, 1, true, true),
            (200, 1, true, false),
            ((-128i64).cast_unsigned(), 1, true, true),
            ((-129i64).cast_unsigned(), 1, true, false),
            // -1 and -129 of 32 bits, which the enum does not say are negative.
            (0xffff_ffff, 1, false, true),
            (0xffff_ff7f, 1, false, false),
            (0xffff_ffff, 4, false, true),
            (0x1_0000_0000, 4, false, false),
            (u64::MAX, 8, false, true),
            (u64::MAX, 8, true, true),
        ] {
            assert_eq!(fits(value, bytes, signed), expected, "{value:#x} {bytes} {signed}");
        }
    }
}
