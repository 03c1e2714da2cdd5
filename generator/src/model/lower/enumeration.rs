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
        let values: Vec<(&str, u64)> = values.collect();
        let idents = Scope::reserving(TAKEN).claim_all(values.iter().map(|&(name, _)| name));
        let values = values
            .iter()
            .zip(idents)
            .map(|(&(c, value), ident)| Enumerator { ident, c: c.to_owned(), value })
            .collect();
        let def = &mut self.defs[index];
        (def.size, def.align) = (bytes.into(), bytes.into());
        def.named = Some(named::all(def.size));
        def.kind = DefKind::Enum { bytes, signed, values };
        Ty::Def(index)
    }
}

pub(super) fn int_bytes(size: u32) -> Option<u8> {
    matches!(size, 1 | 2 | 4 | 8).then_some(size as u8)
}
