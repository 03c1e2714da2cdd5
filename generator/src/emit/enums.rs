//! Enums as numbers with names: any bits are a valid value.

use super::docs::code;
use super::paths::Paths;
use super::types::title;
use super::writer::{Writer, put};
use crate::model::{Def, Enumerator, Ty};

pub(super) fn enumeration(
    out: &mut Writer,
    paths: &Paths<'_>,
    def: &Def,
    bytes: u8,
    signed: bool,
    values: &[Enumerator],
) {
    let ident = &def.ident;
    let repr = paths.ty(&Ty::Int { bytes, signed });
    out.doc(title(def));
    out.line("#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]");
    out.line("#[repr(transparent)]");
    out.open(format_args!("pub struct {ident}("));
    out.doc("The value, which need not be one that has a name.");
    put!(out, "pub {repr},");
    out.close(");");
    if !values.is_empty() {
        out.open(format_args!("impl {ident} {{"));
        for Enumerator { ident, c, value } in values {
            out.doc(code(c));
            put!(out, "pub const {ident}: Self = Self({});", number(*value, bytes, signed));
        }
        out.close("}");
    }
    let mut words = vec![format!("{ident},"), format!("{repr};")];
    words.extend(values.iter().map(|value| format!("{},", value.ident)));
    out.call(&format!("{}::private::enumeration", paths.rt), &trimmed(words));
}

fn number(value: u64, bytes: u8, signed: bool) -> String {
    let unused = 64 - u32::from(bytes) * 8;
    if signed {
        (value.cast_signed() << unused >> unused).to_string()
    } else {
        (value << unused >> unused).to_string()
    }
}

/// Without a comma at the end.
fn trimmed(mut words: Vec<String>) -> Vec<String> {
    if let Some(last) = words.last_mut()
        && last.ends_with(',')
    {
        last.pop();
    }
    words
}
