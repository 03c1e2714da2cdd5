//! The `live` module: twins of the structs that sit in writable data sections, made of cells.

use std::collections::BTreeSet;

use super::docs::code;
use super::paths::Paths;
use super::text::Text;
use super::writer::Writer;
use super::{accessors, structs};
use crate::model::{
    Accessor, Def, DefKind, Field, FieldRole, Repr, Section, StructDef, Ty, UnionDef,
};

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
        if let Some(cells) = Cells::of(def) {
            item(out, &paths, index, def, &cells);
        }
    }
    out.close("}");
}

/// What cells can stand for.
enum Cells<'d> {
    Struct(&'d StructDef),
    Union(&'d UnionDef),
}

impl<'d> Cells<'d> {
    fn of(def: &'d Def) -> Option<Self> {
        match &def.kind {
            DefKind::Struct(layout) => {
                Some(layout.live.as_deref().map_or(Self::Struct(layout), Self::Union))
            }
            DefKind::Union(layout) => Some(Self::Union(layout)),
            _ => None,
        }
    }

    fn fields(&self) -> &'d [Field] {
        match self {
            Self::Struct(layout) => &layout.fields,
            Self::Union(_) => &[],
        }
    }

    fn accessors(&self) -> &'d [Accessor] {
        match self {
            Self::Struct(layout) => &layout.accessors,
            Self::Union(layout) => &layout.accessors,
        }
    }

    fn repr(&self) -> Repr {
        match self {
            Self::Struct(layout) => layout.repr,
            Self::Union(layout) => layout.repr,
        }
    }
}

fn collect(paths: &Paths<'_>, ty: &Ty, wanted: &mut BTreeSet<usize>) {
    match paths.model.unaliased(ty) {
        Ty::Array(element, _) => collect(paths, element, wanted),
        Ty::Def(index) => {
            if let Some(cells) = Cells::of(&paths.model.defs[*index])
                && wanted.insert(*index)
            {
                cells.fields().iter().for_each(|field| collect(paths, &field.ty, wanted));
                let cells = cells.accessors().iter().filter(|accessor| accessor.aligned);
                cells.for_each(|one| collect(paths, &one.ty, wanted));
            }
        }
        _ => {}
    }
}

/// The cell, or the cells, for a type. `live` goes before the names of this module.
pub(super) fn cell<'t>(paths: &'t Paths<'t>, ty: &'t Ty, live: &'t str) -> impl Text + 't {
    (paths.rt, "::live::", Cell { paths, ty, live })
}

/// As [`cell`], by its name alone.
struct Cell<'t> {
    paths: &'t Paths<'t>,
    ty: &'t Ty,
    live: &'t str,
}

impl Text for Cell<'_> {
    fn put(&self, out: &mut String) {
        let Self { paths, ty, live } = *self;
        match paths.model.unaliased(ty) {
            Ty::Array(element, len) => {
                ("GlobalArray<", cell(paths, element, live), ", ", len, ">").put(out);
            }
            Ty::Def(index) if Cells::of(&paths.model.defs[*index]).is_some() => {
                ("GlobalStruct<", live, &paths.model.defs[*index].ident, ">").put(out);
            }
            // By its alias, where it has one.
            _ => ("Global<", paths.ty(ty), ">").put(out),
        }
    }
}

/// A field of a live struct, without its documentation. Padding is one cell of bytes, and so are words that have methods.
pub(super) fn field(out: &mut Writer, paths: &Paths<'_>, field: &Field, live: &str) {
    let Field { ident, ty, .. } = field;
    match field.role {
        FieldRole::Padding | FieldRole::Storage | FieldRole::Nested => {
            out.typed(("pub ", ident, ": Global<", paths.of(field), ">,"));
        }
        _ => out.typed(("pub ", ident, ": ", Cell { paths, ty, live }, ",")),
    }
}

fn item(out: &mut Writer, paths: &Paths<'_>, index: usize, def: &Def, cells: &Cells<'_>) {
    let (ident, plain) = (&def.ident, Ty::Def(index));
    twin(
        out,
        paths,
        (ident, cells.repr(), paths.ty(&plain)),
        |out| {
            let twin = format!("[`types::{ident}`](super::types::{ident})");
            out.doc((code(&def.c), " in shared memory; ", twin, " is its plain twin."));
        },
        |out| match cells {
            Cells::Struct(layout) => layout.fields.iter().for_each(|one| {
                structs::field_doc(out, one);
                field(out, paths, one, "");
            }),
            Cells::Union(layout) => {
                out.line("#[doc(hidden)]");
                out.typed(("pub storage: Global<", paths.ty(&layout.storage), ">,"));
            }
        },
    );
    if !cells.accessors().is_empty() {
        out.open(format_args!("impl {ident} {{"));
        cells.accessors().iter().for_each(|one| accessors::shared(out, paths, one));
        out.close("}");
    }
}

/// A struct of cells.
pub(super) fn twin(
    out: &mut Writer,
    paths: &Paths<'_>,
    (ident, repr, plain): (impl Text, Repr, impl Text),
    doc: impl FnOnce(&mut Writer),
    fields: impl FnOnce(&mut Writer),
) {
    out.open(format_args!("{}::private::live_struct! {{", paths.rt));
    doc(out);
    structs::repr(out, repr);
    out.open(("pub struct ", ident, " of ", plain, " {"));
    fields(out);
    out.close("}");
    out.close("}");
}
