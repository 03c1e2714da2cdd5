//! Enums as numbers with names: any bits are a valid value.

use super::docs::{code, codes};
use super::paths::Paths;
use super::types::about;
use super::writer::Writer;
use crate::model::{Def, Enumerator, Ty};

pub(super) fn enumeration(
    out: &mut Writer,
    paths: &Paths<'_>,
    def: &Def,
    bytes: u8,
    signed: bool,
    (values, misfits): (&[Enumerator], &[String]),
) {
    let (rt, ident) = (paths.rt, &def.ident);
    let repr = Ty::Int { bytes, signed };
    let repr = paths.ty(&repr);
    about(out, def);
    if !misfits.is_empty() {
        out.paragraph(format_args!("It has no room for {}.", codes(misfits)));
    }
    out.line("#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]");
    out.line("#[repr(transparent)]");
    out.open(format_args!("pub struct {ident}("));
    out.doc("The value, which need not be one that has a name.");
    out.line(format_args!("pub {repr},"));
    out.close(");");
    out.open(format_args!("impl {ident} {{"));
    values.iter().for_each(|enumerator| constant(out, enumerator, bytes, signed));
    out.close("}");
    out.invoke(format_args!("{rt}::private::enumeration"), |list| {
        list.item(ident).item(&repr).group();
        for Enumerator { ident, c, .. } in values {
            match ident == c {
                true => list.item(ident),
                // What C calls it is no Rust.
                false => list.item(format_args!("{ident} = {c:?}")),
            };
        }
    });
}

fn constant(out: &mut Writer, enumerator: &Enumerator, bytes: u8, signed: bool) {
    let Enumerator { ident, c, value } = enumerator;
    let unused = 64 - u32::from(bytes) * 8;
    out.doc(code(c));
    if signed {
        let value = value.cast_signed() << unused >> unused;
        out.line(format_args!("pub const {ident}: Self = Self({value});"));
    } else {
        let value = value << unused >> unused;
        out.line(format_args!("pub const {ident}: Self = Self({value});"));
    }
}
