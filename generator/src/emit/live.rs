//! The `live` module: twins of the structs that sit in writable data sections, made of cells.

use std::collections::BTreeSet;

use super::docs::code;
use super::paths::Paths;
use super::structs;
use super::writer::Writer;
use crate::model::{Def, DefKind, Field, FieldRole, Repr, Section, StructDef, Ty};

/// The `live` module; nothing where no writable section holds a struct.
pub(super) fn module(out: &mut Writer, root: &Paths<'_>, sections: &[Section<'_>]) {
    let mut wanted = BTreeSet::new();
    for field in sections.iter().filter(|section| !section.frozen).flat_map(|it| &it.fields) {
        collect(root, &field.ty, &mut wanted);
    }
    if wanted.is_empty() {
        return;
    }
    let paths = root.in_module();
    out.doc("C structs in memory that running programs share: every field is a cell.");
    out.open("pub mod live {");
    for index in wanted {
        let def = &root.model.defs[index];
        if let Some(layout) = cells_of(def) {
            item(out, &paths, index, def, layout);
        }
    }
    out.close("}");
}

/// The struct's layout if cells can stand for its fields: there are no references to fields of a packed one.
fn cells_of(def: &Def) -> Option<&StructDef> {
    match &def.kind {
        DefKind::Struct(layout) if layout.repr.packed.is_none() => Some(layout),
        _ => None,
    }
}

fn collect(paths: &Paths<'_>, ty: &Ty, wanted: &mut BTreeSet<usize>) {
    match paths.model.unaliased(ty) {
        Ty::Array(element, _) => collect(paths, element, wanted),
        Ty::Def(index) => {
            if let Some(layout) = cells_of(&paths.model.defs[*index])
                && wanted.insert(*index)
            {
                layout.fields.iter().for_each(|field| collect(paths, &field.ty, wanted));
            }
        }
        _ => {}
    }
}

/// The cell, or the cells, for a type. `live` goes before the names of this module.
fn cell(paths: &Paths<'_>, ty: &Ty, live: &str) -> String {
    let rt = paths.rt;
    match paths.model.unaliased(ty) {
        Ty::Array(element, len) => {
            format!("{rt}::live::GlobalArray<{}, {len}>", cell(paths, element, live))
        }
        Ty::Def(index) if cells_of(&paths.model.defs[*index]).is_some() => {
            format!("{live}{}", paths.model.defs[*index].ident)
        }
        // By its alias, where it has one.
        _ => format!("{rt}::live::Global<{}>", paths.ty(ty)),
    }
}

/// A struct of cells, the twin of `plain`. `live` goes before the names of this module.
pub(super) fn structure(
    out: &mut Writer,
    paths: &Paths<'_>,
    ident: &proc_macro2::Ident,
    repr: Repr,
    fields: &[Field],
    plain: &str,
    live: &str,
) {
    let rt = paths.rt;
    out.line(structs::repr(repr));
    out.open(format_args!("pub struct {ident} {{"));
    for field in fields {
        let ty = match field.role {
            // One cell of bytes.
            FieldRole::Padding => format!("{rt}::live::Global<{}>", paths.ty(&field.ty)),
            _ => cell(paths, &field.ty, live),
        };
        structs::field(out, field, &ty);
    }
    out.close("}");
    let mut words = vec![format!("{ident}, {plain};")];
    structs::list(&mut words, structs::named(fields).map(|field| field.ident.to_string()), ";");
    structs::list(&mut words, structs::hidden(fields).map(|field| field.ident.to_string()), "");
    out.call(&format!("{rt}::private::live_struct"), &words);
}

fn item(out: &mut Writer, paths: &Paths<'_>, index: usize, def: &Def, layout: &StructDef) {
    let ident = &def.ident;
    let twin = format!("[`types::{ident}`](super::types::{ident})");
    out.doc(format!("{} in shared memory; {twin} is its plain twin.", code(&def.c)));
    structure(out, paths, ident, layout.repr, &layout.fields, &paths.def(index), "");
}
