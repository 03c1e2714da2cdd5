//! `OpenStructOps`: what operations begin with, while it may be changed.

use super::docs::code;
use super::paths::Paths;
use super::printed;
use super::writer::Writer;
use crate::model::StructOps;

/// The struct; nothing where the object has no operations.
pub(super) fn open_struct(out: &mut Writer, paths: &Paths<'_>, all: &[StructOps<'_>]) {
    if all.is_empty() {
        return;
    }
    out.doc(
        "The object's operations for the kernel, as it has them. Functions stay null here: `OpenMap::set_function` says which program they are.",
    );
    printed::structure(out, paths.rt, "OpenStructOps", |fields| {
        for one in all {
            field_doc(fields.out, one);
            fields.public(&one.ident, format_args!("::std::boxed::Box<{}>", paths.ty(&one.ty)));
        }
    });
}

fn field_doc(out: &mut Writer, one: &StructOps<'_>) {
    out.doc(format_args!("What map {} begins with.", code(one.name)));
    let functions = one
        .functions
        .iter()
        .map(|(member, program)| format!("{} is program {}", code(member), code(program)));
    let functions: Vec<String> = functions.collect();
    if !functions.is_empty() {
        out.paragraph(format_args!("{}.", functions.join(", ")));
    }
}
