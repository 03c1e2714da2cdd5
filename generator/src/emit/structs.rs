//! Structs, and unions as words with typed views.

use std::ops::Range;

use super::accessors::{self, Of};
use super::arguments::Arguments;
use super::docs::code;
use super::paths::Paths;
use super::text::Text;
use super::types::about;
use super::writer::Writer;
use crate::model::{Def, Equality, Field, FieldRole, Repr, StructDef, UnionDef};

pub(super) fn structure(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &StructDef) {
    let ident = &def.ident;
    about(out, def);
    repr(out, layout.repr);
    out.open(format_args!("pub struct {ident} {{"));
    layout.fields.iter().for_each(|field| self::field(out, paths, field));
    out.close("}");
    out.invoke(format_args!("{}::private::plain", paths.rt), |list| {
        list.item((packed(layout), ident)).group();
        names(list, &layout.fields);
        list.items(layout.accessors.iter().map(|accessor| &accessor.get));
    });
    equality(out, paths, def, layout);
    if layout.accessors.is_empty() && layout.flexible.is_none() {
        return;
    }
    out.open(format_args!("impl {ident} {{"));
    for accessor in &layout.accessors {
        accessors::plain(out, paths, Of::Struct, accessor);
    }
    layout.flexible.iter().for_each(|flexible| accessors::flexible(out, paths, flexible));
    out.close("}");
}

pub(super) fn union(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &UnionDef) {
    let ident = &def.ident;
    about(out, def);
    out.paragraph("Each member has methods to read, to write and to make it.");
    out.line("#[derive(PartialEq, Eq, Hash)]");
    repr(out, layout.repr);
    out.open(format_args!("pub struct {ident} {{"));
    out.line("#[doc(hidden)]");
    out.typed(format_args!("pub storage: {},", paths.ty(&layout.storage)));
    out.close("}");
    out.invoke(format_args!("{}::private::plain", paths.rt), |list| {
        list.item(ident).group().group().item("storage").group();
        list.items(layout.accessors.iter().map(|accessor| &accessor.get));
    });
    if layout.accessors.is_empty() {
        return;
    }
    out.open(format_args!("impl {ident} {{"));
    for accessor in &layout.accessors {
        accessors::plain(out, paths, Of::Union, accessor);
    }
    out.close("}");
}

pub(super) fn repr(out: &mut Writer, repr: Repr) {
    match (repr.packed, repr.align) {
        (Some(1), _) => out.line("#[repr(C, packed)]"),
        (Some(packed), _) => out.line(format_args!("#[repr(C, packed({packed}))]")),
        (None, Some(align)) => out.line(format_args!("#[repr(C, align({align}))]")),
        (None, None) => out.line("#[repr(C)]"),
    }
}

pub(super) fn field(out: &mut Writer, paths: &Paths<'_>, field: &Field) {
    field_doc(out, field);
    out.typed(("pub ", &field.ident, ": ", paths.ty(&field.ty), ","));
}

pub(super) fn field_doc(out: &mut Writer, field: &Field) {
    let c = code(&field.c);
    match field.role {
        FieldRole::Member => out.doc(c),
        FieldRole::Storage => {
            out.doc(format_args!("The bytes of {c}, for which there are methods."));
        }
        FieldRole::Bits => out.doc(format_args!("The bits of {c}, for which there are methods.")),
        FieldRole::Padding => out.line("#[doc(hidden)]"),
    }
}

/// The names of the fields that print, and of the others: padding, and words that print by methods.
pub(super) fn names(list: &mut Arguments<'_>, fields: &[Field]) {
    for shown in [true, false] {
        let fields = fields.iter().filter(|field| (field.role == FieldRole::Member) == shown);
        list.items(fields.map(|field| &field.ident)).group();
    }
}

/// What `private::layouts!` takes of a struct: size, alignment, and the offset of each field that is not its first.
pub(super) fn layout(
    out: &mut Writer,
    (ident, size, align): (impl Text, u64, u64),
    fields: &[Field],
) {
    let held = fields.iter().filter(|one| one.role != FieldRole::Padding && one.offset > 0);
    out.row(|list| {
        list.item((ident, ": ", size)).item(align);
        list.items(held.map(|field| (&field.ident, ": ", field.offset))).group();
    });
}

fn packed(layout: &StructDef) -> &'static str {
    if layout.repr.packed.is_some() { "packed " } else { "" }
}

/// Numbers are compared as bytes, structs by their own equality, and bits by their methods: a word of them has some
/// without a name.
fn equality(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &StructDef) {
    let name = match def.equality {
        Equality::None => return,
        Equality::Partial => "equal",
        Equality::Total => "total",
    };
    let is_total = def.equality == Equality::Total;
    let compared = |field: &&Field| matches!(field.role, FieldRole::Member | FieldRole::Storage);
    let as_bytes = |field: &&Field| is_total && paths.model.is_compared_as_bytes(&field.ty);
    let (bytes, fields): (Vec<&Field>, Vec<&Field>) =
        layout.fields.iter().filter(compared).partition(as_bytes);
    let bits = layout.accessors.iter().filter(|accessor| accessor.compared);
    out.invoke(format_args!("{}::private::{name}", paths.rt), |list| {
        list.item((packed(layout), &def.ident)).group();
        if is_total {
            let range = |one: &Field| one.offset..one.offset + paths.model.size(&one.ty);
            let ranges = bytes.into_iter().map(range);
            list.items(joined(ranges).iter().map(|range| (range.start, "..", range.end))).group();
        }
        list.items(fields.into_iter().map(|field| &field.ident)).group();
        list.items(bits.map(|accessor| &accessor.get));
    });
}

/// Ranges that touch are one, and empty ones none.
fn joined(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut joined = Vec::<Range<u64>>::new();
    for range in ranges.filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}
