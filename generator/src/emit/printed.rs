//! Structs that print by their fields: the phases and what they hold.

use std::fmt::Display;

use super::structs::MANY;
use super::writer::Writer;

/// `pub struct name { … }` with `Debug`; `define` writes the fields, which are those of `fields`. Proved as one tuple they
/// take the compiler less than what a derive writes, which has a trait object of each.
pub(super) fn structure(
    out: &mut Writer,
    rt: &str,
    name: &str,
    fields: &[&dyn Display],
    define: impl FnOnce(&mut Writer),
) {
    let is_one_tuple = fields.len() <= MANY;
    if !is_one_tuple {
        out.line("#[derive(Debug)]");
    }
    out.open(format_args!("pub struct {name} {{"));
    define(out);
    out.close("}");
    if is_one_tuple {
        out.invoke(format_args!("{rt}::private::printed"), |list| {
            list.item(name).group();
            list.items(fields.iter().map(|field| format!("{field}")));
        });
    }
}
