//! Structs, and unions as words with typed views.

use proc_macro2::Ident;

use super::docs::code;
use super::paths::Paths;
use super::types::title;
use super::writer::{Writer, put};
use crate::model::{BitField, Def, DefKind, Field, FieldRole, Repr, StructDef, Ty, UnionMember};

pub(super) fn structure(out: &mut Writer, paths: &Paths<'_>, def: &Def, layout: &StructDef) {
    let (rt, ident) = (paths.rt, &def.ident);
    out.doc(title(def));
    out.line("#[derive(Clone, Copy)]");
    out.line(repr(layout.repr));
    out.open(format_args!("pub struct {ident} {{"));
    for one in &layout.fields {
        field(out, one, &paths.ty(&one.ty));
    }
    out.close("}");
    let packed = if layout.repr.packed.is_some() { "packed " } else { "" };
    let mut words = vec![format!("{packed}{ident}, {}, {};", def.size, def.align)];
    offsets(&mut words, &layout.fields);
    out.call(&format!("{rt}::private::plain"), &words);
    if def.eq {
        let mut words = vec![format!("{packed}{ident};")];
        list(&mut words, named(&layout.fields).map(|field| field.ident.to_string()), "");
        out.call(&format!("{rt}::private::equal"), &words);
    }
    accessors(out, paths, def, &[], &layout.bit_fields);
}

/// What documentation adds for a union.
pub(super) const OF_UNION: &str = "Each member has a method to read and one to write it.";

/// A struct of words without names.
pub(super) fn storage(
    out: &mut Writer,
    paths: &Paths<'_>,
    def: &Def,
    storage: &Ty,
    repr: Repr,
    what: &str,
) {
    let Def { ident, size, align, .. } = def;
    out.docs([title(def), what.to_owned()]);
    out.line("#[derive(Clone, Copy, PartialEq, Eq, Hash)]");
    out.line(self::repr(repr));
    out.open(format_args!("pub struct {ident} {{"));
    put!(out, "storage: {},", paths.ty(storage));
    out.close("}");
    put!(out, "{}::private::plain!({ident}, {size}, {align}; storage: 0;);", paths.rt);
}

pub(super) fn repr(repr: Repr) -> String {
    match (repr.packed, repr.align) {
        (Some(1), _) => "#[repr(C, packed)]".to_owned(),
        (Some(packed), _) => format!("#[repr(C, packed({packed}))]"),
        (None, Some(align)) => format!("#[repr(C, align({align}))]"),
        (None, None) => "#[repr(C)]".to_owned(),
    }
}

pub(super) fn field(out: &mut Writer, field: &Field, ty: &str) {
    match field.role {
        FieldRole::Member => out.doc(code(&field.c)),
        FieldRole::Bits => out.doc(format!("Bit-fields: {}", code(&field.c))),
        FieldRole::Padding => out.line("#[doc(hidden)]"),
    }
    put!(out, "pub {}: {ty},", field.ident);
}

/// The fields that have a name in C.
pub(super) fn named(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| field.role != FieldRole::Padding)
}

/// The fields that only fill.
pub(super) fn hidden(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| field.role == FieldRole::Padding)
}

/// `name: offset` of the fields that have a name in C, and of the others, as `private::plain!` and
/// `private::section_struct!` take them.
pub(super) fn offsets(words: &mut Vec<String>, fields: &[Field]) {
    let offset = |field: &Field| format!("{}: {}", field.ident, field.offset);
    list(words, named(fields).map(offset), ";");
    list(words, hidden(fields).map(offset), "");
}

/// Items with commas between them and `end` behind the last.
pub(super) fn list(
    words: &mut Vec<String>,
    items: impl Iterator<Item = String>,
    end: &'static str,
) {
    let start = words.len();
    words.extend(items.map(|item| item + ","));
    match words[start..].last_mut() {
        Some(last) => {
            last.pop();
            last.push_str(end);
        }
        None => {
            if let Some(last) = words.last_mut() {
                last.push_str(end);
            }
        }
    }
}

pub(super) fn accessors(
    out: &mut Writer,
    paths: &Paths<'_>,
    def: &Def,
    members: &[UnionMember],
    bit_fields: &[BitField],
) {
    let bit_fields: Vec<_> =
        bit_fields.iter().filter_map(|bits| Some((bits, conversion(paths, bits)?))).collect();
    if members.is_empty() && bit_fields.is_empty() {
        return;
    }
    out.open(format_args!("impl {} {{", def.ident));
    for member in members {
        union_member(out, paths, member);
    }
    for (bits, conversion) in bit_fields {
        bit_field(out, paths, bits, conversion);
    }
    out.close("}");
}

fn union_member(out: &mut Writer, paths: &Paths<'_>, member: &UnionMember) {
    let UnionMember { get, set, ty, c } = member;
    let (rt, ty) = (paths.rt, paths.ty(ty));
    reader(out, get, c, &ty, &format!("{rt}::private::view(self)"));
    out.doc(format!("Writes {}; what it leaves stays.", code(c)));
    writer(out, set, &ty, &format!("{rt}::private::set_view(self, value)"));
}

/// How the bits of a bit-field become its type.
enum Conversion {
    None,
    /// An enum is made from the integer inside of it.
    Enum(String),
}

/// How to come from a bit-field's bits to its type, if there is a way.
fn conversion(paths: &Paths<'_>, bits: &BitField) -> Option<Conversion> {
    if bits.bits == 0 || bits.bits > 64 {
        return None;
    }
    match paths.model.unaliased(&bits.ty) {
        Ty::Int { .. } | Ty::Bool => Some(Conversion::None),
        Ty::Def(index) => match &paths.model.defs[*index].kind {
            DefKind::Enum { .. } => Some(Conversion::Enum(paths.def(*index))),
            _ => None,
        },
        _ => None,
    }
}

fn bit_field(out: &mut Writer, paths: &Paths<'_>, bits: &BitField, conversion: Conversion) {
    let BitField { get, set, storage, bit, bits, ty, c } = bits;
    let (rt, ty) = (paths.rt, paths.ty(ty));
    let mut read = format!("{rt}::private::bits(&{{ self.{storage} }}, {bit}, {bits})");
    let mut value = "value";
    if let Conversion::Enum(def) = conversion {
        read = format!("{def}({read})");
        value = "value.0";
    }
    let write = format!(
        "self.{storage} = {rt}::private::with_bits(self.{storage}, {bit}, {bits}, {value})"
    );
    reader(out, get, c, &ty, &read);
    out.doc(format!("Writes {}; bits of the value that it has no room for are left out.", code(c)));
    writer(out, set, &ty, &write);
}

fn reader(out: &mut Writer, get: &Ident, c: &str, ty: &str, value: &str) {
    out.doc(code(c));
    out.open(format_args!("pub fn {get}(&self) -> {ty} {{"));
    out.line(value);
    out.close("}");
}

fn writer(out: &mut Writer, set: &Ident, ty: &str, work: &str) {
    out.open(format_args!("pub fn {set}(&mut self, value: {ty}) {{"));
    put!(out, "{work};");
    out.close("}");
}
