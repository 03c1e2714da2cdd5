//! Structs, and unions as words with typed views.

use std::ops::Range;

use super::accessors::{self, Of};
use super::arguments::Arguments;
use super::docs::code;
use super::paths::Paths;
use super::text::{Hex, Text};
use super::types::about;
use super::writer::Writer;
use crate::model::{
    Accessor, At, Compared, Def, Equality, Field, FieldRole, Repr, StructDef, UnionDef,
};

/// Members of more bytes than this are not copied to be printed or compared, nor are those of packed structs of more: the
/// stack may have no room for them.
pub(super) const LARGE: u64 = 1 << 12;

/// As many fields as one tuple of `private::Fields` has, and so as one call of `private::plain!` takes with equality, padding
/// not counted.
pub(super) const MANY: usize = 12;

/// The form of the macros that copies nothing.
const IN_PLACE: &str = "in_place ";

pub(super) fn structure(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &StructDef) {
    let ident = &def.ident;
    about(out, def);
    repr(out, layout.repr);
    out.open(format_args!("pub struct {ident} {{"));
    for field in &layout.fields {
        field_doc(out, field);
        why(out, field);
        self::field(out, paths, field);
    }
    out.close("}");
    let is_plain = layout.accessors.is_empty() && layout.repr.packed.is_none();
    let is_one_call = is_plain && proved(&layout.fields) <= MANY;
    let named = (is_one_call && def.by_bytes).then_some(&def.named);
    out.invoke(format_args!("{}::private::plain", paths.rt), |list| {
        let methods = Methods::of(paths, def, layout.repr, layout.accessors.iter());
        list.item((methods.keyword, ident)).group();
        names(list, &layout.fields);
        match named {
            Some(places) => list.item(Named { places, size: def.size }),
            None => list.items(methods.placed()),
        };
    });
    if named.is_none() {
        equality(out, paths, def, layout);
    }
    if layout.accessors.is_empty() && layout.from_bytes.is_empty() {
        return;
    }
    out.open(format_args!("impl {ident} {{"));
    for accessor in &layout.accessors {
        accessors::plain(out, paths, Of::Struct, accessor);
    }
    for (method, tail) in layout.from_bytes.iter().zip(&def.tails) {
        accessors::flexible(out, paths, def, (method, tail));
    }
    out.close("}");
}

pub(super) fn union(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &UnionDef) {
    let ident = &def.ident;
    about(out, def);
    if layout.all {
        out.paragraph("Each member has methods to read, to write and to make it.");
    }
    repr(out, layout.repr);
    out.open(format_args!("pub struct {ident} {{"));
    out.line("#[doc(hidden)]");
    out.typed(format_args!("pub storage: {},", paths.ty(&layout.storage)));
    out.close("}");
    out.invoke(format_args!("{}::private::plain", paths.rt), |list| {
        let methods = Methods::of(paths, def, layout.repr, layout.accessors.iter());
        list.item((methods.keyword, ident)).group().group().item("storage").group();
        list.items(methods.placed());
    });
    out.invoke(format_args!("{}::private::total", paths.rt), |list| {
        let named = Named { places: &def.named, size: def.size };
        list.item(ident).group().item(named).group().group();
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

/// A field, without its documentation.
pub(super) fn field(out: &mut Writer, paths: &Paths<'_>, field: &Field) {
    out.typed(("pub ", &field.ident, ": ", paths.of(field), ","));
}

/// One line, since a live twin's fields take no more.
pub(super) fn field_doc(out: &mut Writer, field: &Field) {
    let c = code(&field.c);
    match field.role {
        FieldRole::Member => out.doc(c),
        FieldRole::Storage | FieldRole::Nested => {
            out.doc(format_args!("The bytes of {c}, for which there are methods."));
        }
        FieldRole::Bits => out.doc(format_args!("The bits of {c}, for which there are methods.")),
        FieldRole::Padding => out.line("#[doc(hidden)]"),
    }
}

/// Why a field is not of the type that C has.
pub(super) fn why(out: &mut Writer, field: &Field) {
    if !field.why.is_empty() {
        out.paragraph(field.why);
    }
}

/// The names of the fields that print, and of the others but for padding: words that print by methods.
pub(super) fn names(list: &mut Arguments<'_>, fields: &[Field]) {
    let of = |wanted: fn(FieldRole) -> bool| {
        fields.iter().filter(move |field| wanted(field.role)).map(|field| &field.ident)
    };
    list.items(of(|role| role == FieldRole::Member)).group();
    let words = |role| matches!(role, FieldRole::Storage | FieldRole::Nested | FieldRole::Bits);
    list.items(of(words)).group();
}

/// How many fields are given to be printed or proved plain data.
pub(super) fn proved(fields: &[Field]) -> usize {
    fields.iter().filter(|field| field.role != FieldRole::Padding).count()
}

/// Equality of what does not fit one call of `private::plain!`.
fn equality(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &StructDef) {
    let name = match def.equality {
        Equality::None => return,
        Equality::Partial => "equal",
        Equality::Total => "total",
    };
    let Compared { places, fields, methods } = paths.model.compared(layout);
    let mut methods = Methods::of(paths, def, layout.repr, methods.into_iter());
    if def.equality == Equality::Partial && paths.model.has_parts(layout) {
        // The only form with bytes.
        methods.keyword = IN_PLACE;
    }
    out.invoke(format_args!("{}::private::{name}", paths.rt), |list| {
        list.item((methods.keyword, &def.ident)).group();
        if def.equality == Equality::Total || methods.keyword == IN_PLACE {
            list.item(Named { places: &places, size: def.size }).group();
            list.items(fields.iter().map(|field| &field.ident)).group();
        } else {
            list.items(layout.compared().map(|field| &field.ident)).group();
        }
        list.items(methods.items());
    });
}

/// What the macros call for members that have no field.
struct Methods<'d, I> {
    /// What goes before the name of the type.
    keyword: &'static str,
    accessors: I,
    paths: &'d Paths<'d>,
}

impl<'d, I: Iterator<Item = &'d Accessor> + Clone> Methods<'d, I> {
    fn of(paths: &'d Paths<'_>, def: &Def, repr: Repr, accessors: I) -> Self {
        let is_packed = repr.packed.is_some();
        let keyword = match is_packed {
            true if def.size > LARGE => IN_PLACE,
            _ if accessors.clone().any(|one| large(paths, one).is_some()) => IN_PLACE,
            true => "packed ",
            false => "",
        };
        Self { keyword, accessors, paths }
    }

    fn items(&self) -> impl Iterator<Item = impl Text> {
        self.accessors.clone().map(|accessor| Method { accessor, paths: self.paths })
    }

    /// As [`placed`] has them.
    fn placed(&self) -> impl Iterator<Item = impl Text> {
        let paths = self.paths;
        self.accessors.clone().map(move |accessor| placed(accessor, Method { accessor, paths }))
    }
}

/// A method, behind the number of fields that print before it.
pub(super) fn placed(accessor: &Accessor, method: impl Text) -> impl Text {
    (accessor.fields_before as u64, " ", method)
}

struct Method<'d> {
    accessor: &'d Accessor,
    paths: &'d Paths<'d>,
}

impl Text for Method<'_> {
    fn put(&self, out: &mut String) {
        self.accessor.get.put(out);
        if let Some(offset) = large(self.paths, self.accessor) {
            (" @ ", offset).put(out);
        }
    }
}

/// Where a member is that is not copied.
fn large(paths: &Paths<'_>, accessor: &Accessor) -> Option<u64> {
    match accessor.at {
        At::Byte(offset) if paths.model.size(&accessor.ty) > LARGE => Some(offset),
        At::Byte(_) | At::Bits(..) => None,
    }
}

/// The places of bytes in a struct, as the macros take them: a string, each character of which is a number of bytes, in
/// turns that are meant and that are not; it is empty where all are meant.
pub(super) struct Named<'p> {
    places: &'p [Range<u64>],
    size: u64,
}

impl Named<'_> {
    /// Every byte.
    pub(super) const ALL: Self = Self { places: &[], size: 0 };
}

impl Text for Named<'_> {
    fn put(&self, out: &mut String) {
        out.push('"');
        if !matches!(self.places, [all] if *all == (0..self.size)) && self.size > 0 {
            let mut at = 0;
            if self.places.first().is_none_or(|first| first.start > 0) {
                length(out, 0);
            }
            for place in self.places {
                if place.start > 0 {
                    length(out, place.start - at);
                }
                length(out, place.end - place.start);
                at = place.end;
            }
        }
        out.push('"');
    }
}

/// As one character, or as several with nothing between them: not every number is a character.
fn length(out: &mut String, length: u64) {
    let is_char = |length| u32::try_from(length).ok().and_then(char::from_u32).is_some();
    let mut left = length;
    while !is_char(left) {
        let some = left.min(u64::from(char::MAX)) & !0xfff;
        (r"\u{", Hex(some), r"}\u{0}").put(out);
        left -= some;
    }
    (r"\u{", Hex(left), "}").put(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back() {
        let one = |place: Range<u64>| std::iter::once(place).collect::<Vec<_>>();
        for (size, places, text) in [
            (0, vec![], r#""""#),
            (24, one(0..24), r#""""#),
            (4, vec![], r#""\u{0}""#),
            (24, one(0..17), r#""\u{11}""#),
            (24, vec![4..8, 16..24], r#""\u{0}\u{4}\u{4}\u{8}\u{8}""#),
            // Not a character, and more than the last one.
            (0x10_0000, one(0..0xd801), r#""\u{d000}\u{0}\u{801}""#),
            (0x20_0000, one(0x1f_0001..0x20_0000), r#""\u{0}\u{10f000}\u{0}\u{e1001}\u{ffff}""#),
        ] {
            let mut out = String::new();
            Named { places: &places, size }.put(&mut out);
            assert_eq!(out, text);
            let literal: syn::LitStr = syn::parse_str(&out).unwrap();
            let mut named = vec![out == r#""""#; size as usize];
            let mut at = 0;
            for (nth, length) in literal.value().chars().map(|length| length as usize).enumerate() {
                named[at..at + length].fill(nth % 2 == 0);
                at += length;
            }
            let expected = (0..size).map(|at| places.iter().any(|place| place.contains(&at)));
            assert!(expected.eq(named), "{out}");
        }
    }
}
