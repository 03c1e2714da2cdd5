//! The `sections` and `live_sections` modules: data sections before and after load.

use super::docs::{bytes, code};
use super::paths::Paths;
use super::writer::Writer;
use super::{live, structs};
use crate::model::Section;

pub(super) fn modules(out: &mut Writer, root: &Paths<'_>, sections: &[Section<'_>]) {
    if sections.is_empty() {
        return;
    }
    let paths = root.in_module();
    out.doc("Data sections as plain data: before load, and for good where they are frozen.");
    out.open("pub mod sections {");
    for section in sections {
        plain(out, &paths, section);
    }
    out.close("}");
    if sections.iter().all(|section| section.frozen) {
        return;
    }
    out.doc("Data sections in memory that running programs share.");
    out.open("pub mod live_sections {");
    for section in sections.iter().filter(|section| !section.frozen) {
        shared(out, &paths, section);
    }
    out.close("}");
}

fn plain(out: &mut Writer, paths: &Paths<'_>, section: &Section<'_>) {
    let Section { ident, size, align, fields, .. } = section;
    out.doc(format!("Data section {}, {}", code(section.name), bytes(section.len)));
    out.line("#[derive(Clone, Copy)]");
    out.line(structs::repr(section.repr));
    out.open(format_args!("pub struct {ident} {{"));
    for field in fields {
        structs::field(out, field, &paths.ty(&field.ty));
    }
    out.close("}");
    let mut words = vec![format!("{ident}, {size}, {align};")];
    structs::offsets(&mut words, fields);
    out.call(&format!("{}::private::section_struct", paths.rt), &words);
}

fn shared(out: &mut Writer, paths: &Paths<'_>, section: &Section<'_>) {
    let Section { ident, repr, fields, .. } = section;
    let (name, len) = (code(section.name), bytes(section.len));
    out.doc(format!("Data section {name}, {len}, in shared memory"));
    let plain = format!("super::sections::{ident}");
    live::structure(out, paths, ident, *repr, fields, &plain, "super::live::");
}
