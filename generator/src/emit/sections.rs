//! The `sections` and `live_sections` modules: data sections before and after load.

use super::accessors::{self, Of};
use super::docs::{bytes, code};
use super::paths::Paths;
use super::writer::Writer;
use super::{layouts, live, structs};
use crate::model::{Accessor, Field, FieldRole, Section};

pub(super) fn modules(out: &mut Writer, root: &Paths<'_>, sections: &[Section<'_>]) {
    if sections.is_empty() {
        return;
    }
    let paths = root.in_module();
    out.doc("Data sections as plain data: before load, and for good where they are frozen.");
    out.open("pub mod sections {");
    sections.iter().for_each(|section| plain(out, &paths, section));
    let mut rows = Vec::new();
    for Section { ident, size, align, fields, .. } in sections {
        layouts::rows(&mut rows, (paths.model, 3), (ident, *size, *align), fields);
    }
    layouts::layouts(out, paths.rt, &rows);
    out.close("}");
    if sections.iter().all(|section| section.frozen) {
        return;
    }
    out.doc("Data sections in memory that running programs share.");
    out.open("pub mod live_sections {");
    // `LiveLayout` holds each to its plain twin, whose layout is held above.
    let writable = sections.iter().filter(|section| !section.frozen);
    writable.for_each(|section| shared(out, &paths, section));
    out.close("}");
}

fn plain(out: &mut Writer, paths: &Paths<'_>, section: &Section<'_>) {
    let Section { ident, name, len, size, repr, fields, .. } = section;
    let is_large = *size > structs::LARGE;
    out.doc(format_args!("Data section {}, {}", code(name), bytes(*len)));
    if is_large {
        out.line("#[derive(Clone, Copy)]");
    }
    structs::repr(out, *repr);
    out.open(format_args!("pub struct {ident} {{"));
    for field in fields {
        variable_doc(out, paths, section, field);
        structs::why(out, field);
        structs::field(out, paths, field);
    }
    out.close("}");
    let is_one_tuple = structs::proved(fields) <= structs::MANY && section.accessors.is_empty();
    let keyword = match (is_large, is_one_tuple) {
        (true, _) => "large ",
        (false, true) => "",
        (false, false) => "each ",
    };
    out.invoke(format_args!("{}::private::section_struct", paths.rt), |list| {
        list.item((keyword, ident)).group();
        structs::names(list, fields);
        let methods = section.accessors.iter();
        list.items(methods.map(|accessor| structs::placed(accessor, &accessor.get)));
    });
    methods(out, section, |out, accessor| accessors::plain(out, paths, Of::Section, accessor));
}

fn shared(out: &mut Writer, paths: &Paths<'_>, section: &Section<'_>) {
    let Section { ident, name, len, repr, fields, .. } = section;
    live::twin(
        out,
        paths,
        (ident, *repr, format_args!("super::sections::{ident}")),
        |out| {
            out.doc(format_args!("Data section {}, {}, in shared memory", code(name), bytes(*len)));
        },
        |out| {
            for field in fields {
                variable_doc(out, paths, section, field);
                live::field(out, paths, field, "super::live::");
            }
        },
    );
    methods(out, section, |out, accessor| accessors::shared(out, paths, accessor));
}

fn methods(out: &mut Writer, section: &Section<'_>, method: impl Fn(&mut Writer, &Accessor)) {
    if !section.accessors.is_empty() {
        out.open(format_args!("impl {} {{", section.ident));
        section.accessors.iter().for_each(|accessor| method(out, accessor));
        out.close("}");
    }
}

/// "`long long total`, 8 bytes, section `.bss`"
fn variable_doc(out: &mut Writer, paths: &Paths<'_>, section: &Section<'_>, field: &Field) {
    if field.role != FieldRole::Member {
        return structs::field_doc(out, field);
    }
    let size = bytes(paths.model.size(&field.ty));
    out.doc((code(&field.c), ", ", size.as_str(), ", section ", code(section.name)));
}
