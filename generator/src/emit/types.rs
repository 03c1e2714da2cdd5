//! The `types` module: C types as plain data.

use super::docs::{bytes, code};
use super::paths::Paths;
use super::writer::{Writer, put};
use super::{enums, structs};
use crate::model::{Def, DefKind, Repr, Ty};

pub(super) fn module(out: &mut Writer, root: &Paths<'_>) {
    let paths = root.in_types();
    out.doc("The object's C types, byte for byte.");
    out.open("pub mod types {");
    for def in &root.model.defs {
        item(out, &paths, def);
    }
    out.close("}");
}

fn item(out: &mut Writer, paths: &Paths<'_>, def: &Def) {
    match &def.kind {
        DefKind::Struct(layout) => structs::structure(out, paths, def, layout),
        DefKind::Union { storage, repr, members, bit_fields } => {
            structs::storage(out, paths, def, storage, *repr, structs::OF_UNION);
            structs::accessors(out, paths, def, members, bit_fields);
        }
        DefKind::Enum { bytes, signed, values } => {
            enums::enumeration(out, paths, def, *bytes, *signed, values);
        }
        DefKind::Alias(to) => alias(out, paths, def, to),
        DefKind::Opaque { storage, why } => {
            let why = format!("Bytes only: {why}.");
            structs::storage(out, paths, def, storage, Repr::default(), &why);
        }
        DefKind::Declared => declared(out, def),
    }
}

/// "`struct event`, 24 bytes, alignment 8"
pub(super) fn title(def: &Def) -> String {
    format!("{}, {}, alignment {}", code(&def.c), bytes(def.size), def.align)
}

fn alias(out: &mut Writer, paths: &Paths<'_>, def: &Def, to: &Ty) {
    out.doc(code(&def.c));
    put!(out, "pub type {} = {};", def.ident, paths.ty(to));
}

fn declared(out: &mut Writer, def: &Def) {
    out.doc(format!("{}, which is only pointed to.", code(&def.c)));
    out.open(format_args!("pub struct {} {{", def.ident));
    out.line("_declared: (),");
    out.close("}");
}
