//! Structs that print by their fields: the phases and what they hold.

use std::fmt::Display;

use super::structs::MANY;
use super::writer::Writer;

/// The fields of a struct, as they are written.
pub(super) struct Fields<'w> {
    pub(super) out: &'w mut Writer,
    names: Vec<String>,
}

impl Fields<'_> {
    /// `pub name: ty,`
    pub(super) fn public(&mut self, name: impl Display, ty: impl Display) {
        self.out.typed(format_args!("pub {name}: {ty},"));
        self.names.push(name.to_string());
    }

    /// `name: ty,`
    pub(super) fn private(&mut self, name: impl Display, ty: impl Display) {
        self.out.typed(format_args!("{name}: {ty},"));
        self.names.push(name.to_string());
    }
}

/// `pub struct name { … }`, with `Debug` by what is written into it. Proved as one tuple the fields take the compiler less
/// than what a derive writes, which has a trait object of each.
pub(super) fn structure(
    out: &mut Writer,
    rt: &str,
    name: &str,
    define: impl FnOnce(&mut Fields<'_>),
) {
    out.open(format_args!("pub struct {name} {{"));
    let mut fields = Fields { out, names: Vec::new() };
    define(&mut fields);
    let Fields { out, names } = fields;
    out.close("}");
    let keyword = if names.len() > MANY { "each " } else { "" };
    out.invoke(format_args!("{rt}::private::printed"), |list| {
        list.item((keyword, name)).group();
        list.items(names);
    });
}
