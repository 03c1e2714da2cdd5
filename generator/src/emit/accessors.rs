//! Methods for members that have no field: of structs and unions, and of their live twins.

use super::docs::code;
use super::live;
use super::locals::Locals;
use super::paths::Paths;
use super::structs::LARGE;
use super::text::Text;
use super::writer::Writer;
use crate::ident::Ident;
use crate::model::{Accessor, At, Def, Tail, Ty, Words};

/// What the methods belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Struct,
    Union,
    /// A section may be too large for the stack: nothing makes another one of it.
    Section,
}

/// Methods of the plain type.
pub(super) fn plain(out: &mut Writer, paths: &Paths<'_>, of: Of, accessor: &Accessor) {
    let rt = paths.rt;
    let Accessor { get, set, make, borrow, at, c, .. } = accessor;
    let ty = ty(paths, accessor);
    let Locals { value, this, .. } = paths.locals;
    let taken = format!("{value}: {ty}");
    let (read, write) = match at {
        At::Byte(offset) => (
            format!("{rt}::private::view::<_, _, {offset}>(self)"),
            format!("{rt}::private::set_view::<_, _, {offset}>(self, {value});"),
        ),
        At::Bits(first, bits, _) => (
            format!("{rt}::private::bits(self, {first}, {bits})"),
            format!("{rt}::private::set_bits(self, {first}, {bits}, {value});"),
        ),
    };
    out.doc(code(c));
    out.function(get, &["&self"], &ty, &[&read]);
    out.doc(format_args!("Sets {}.", code(c)));
    out.function(set, &["&mut self", &taken], "", &[&write]);
    if of == Of::Union {
        out.doc(format_args!("A union with this {}, and zeros behind it.", code(c)));
        let zeroed = format!("let mut {this}: Self = {rt}::pod::zeroed();");
        let fill = format!("{this}.{set}({value});");
        out.function(make, &[&taken], "Self", &[&zeroed, &fill, this]);
    } else if of == Of::Struct {
        out.doc(format_args!("The same with another {}.", code(c)));
        out.line("#[must_use]");
        let fill = format!("self.{set}({value});");
        out.function(make, &["mut self", &taken], "Self", &[&fill, "self"]);
    }
    if let (Some([by_ref, by_mut]), At::Byte(offset)) = (borrow, at) {
        let view = format!("{rt}::private::view_ref::<_, _, {offset}>(self)");
        out.doc(format_args!("{} in place.", code(c)));
        out.function(by_ref, &["&self"], &format!("&{ty}"), &[&view]);
        let view = format!("{rt}::private::view_mut::<_, _, {offset}>(self)");
        out.doc(format_args!("{} in place, to be changed.", code(c)));
        out.function(by_mut, &["&mut self"], &format!("&mut {ty}"), &[&view]);
    }
}

/// Methods of the live twin: a cell, where one can stand for the member.
pub(super) fn shared(out: &mut Writer, paths: &Paths<'_>, accessor: &Accessor) {
    let rt = paths.rt;
    let Accessor { live: [get, set], at, aligned, c, .. } = accessor;
    let (read, write) = match at {
        At::Byte(offset) if *aligned => {
            let mut cell = "&".to_owned();
            live::cell(paths, &accessor.ty, "").put(&mut cell);
            let view = format!("{rt}::private::live_view::<_, _, {offset}>(self)");
            out.doc(code(c));
            return out.function(get, &["&self"], &cell, &[&view]);
        }
        At::Byte(offset) => (
            format!("{rt}::private::live_unaligned::<_, _, {offset}>(self)"),
            format!("{rt}::private::set_live_unaligned::<_, _, {offset}>(self, value);"),
        ),
        At::Bits(first, bits, Words { start, end, widest }) => (
            format!("{rt}::private::live_bits(self, {first}, {bits}, {start}..{end}, {widest})"),
            format!(
                "{rt}::private::set_live_bits(self, {first}, {bits}, {start}..{end}, {widest}, value);"
            ),
        ),
    };
    let ty = ty(paths, accessor);
    out.doc(code(c));
    out.function(get, &["&self"], &ty, &[&read]);
    match at {
        At::Byte(_) => out.doc(format_args!("Sets {}.", code(c))),
        // As in C, where nobody is told.
        At::Bits(..) => out.doc(format_args!(
            "Sets {}; not atomic: what others write to bit-fields beside it in between is lost.",
            code(c)
        )),
    }
    out.function(set, &["&self", &format!("value: {ty}")], "", &[&write]);
}

/// The struct, and the elements of its flexible array, out of a record.
pub(super) fn flexible(
    out: &mut Writer,
    paths: &Paths<'_>,
    def: &Def,
    (method, tail): (&Ident, &Tail),
) {
    let rt = paths.rt;
    let Tail { element, offset, c, .. } = tail;
    let bytes = paths.locals.bytes;
    out.doc(format_args!(
        "A copy of the struct at the start of a record, and as many elements of {} as the record holds.",
        code(c)
    ));
    out.paragraph(format_args!(
        "At any alignment. What the record lacks of the struct is zeros; `None` where it ends before the elements' offset, \
         {offset}.",
    ));
    let (head, function) = match def.size {
        ..=LARGE => ("Self", "flexible"),
        _ => ("::std::boxed::Box<Self>", "flexible_boxed"),
    };
    let ty = paths.ty(element);
    // Only these are aligned wherever the record lies.
    let elements = match paths.model.align(element) {
        1 => format!("&[{ty}]"),
        _ => format!("{rt}::pod::UnalignedSlice<'_, {ty}>"),
    };
    let result = format!("::core::option::Option<({head}, {elements})>");
    let read = format!("{rt}::private::{function}::<_, _, {offset}>({bytes})");
    out.function(method, &[&format!("{bytes}: &[u8]")], &result, &[&read]);
}

/// A single bit of `_Bool` is no byte that could be anything else.
fn ty(paths: &Paths<'_>, accessor: &Accessor) -> String {
    match (accessor.at, paths.model.unaliased(&accessor.ty)) {
        (At::Bits(..), Ty::Bool) => "bool".to_owned(),
        _ => paths.ty(&accessor.ty).to_string(),
    }
}
