//! `Open`, `Prepared` and `Skel`: the phases, with every step made by `private`.
//!
//! Functions are `#[inline]`, so that a library compiles none that it does not call.

use std::fmt::Display;

use super::docs::{bytes, code};
use super::printed;
use super::structs::MANY;
use super::text::Text;
use super::writer::Writer;
use crate::ident::Ident;
use crate::model::{Object, Section};

pub(super) fn structs(out: &mut Writer, rt: &str, object: &Object<'_, '_>, file: &str) {
    let phases = Phases { rt, object };
    phases.open(out, file);
    phases.new_open(out);
    phases.prepare(out);
    phases.prepared(out);
    phases.skel(out);
}

/// What all phases spell.
struct Phases<'o> {
    rt: &'o str,
    object: &'o Object<'o, 'o>,
}

impl Phases<'_> {
    /// What the loader fills is no field before load.
    fn editable(&self) -> impl Iterator<Item = &Section<'_>> {
        self.object.sections.iter().filter(|section| !section.kconfig)
    }

    fn open(&self, out: &mut Writer, file: &str) {
        let rt = self.rt;
        function(out, "Opens the object: no system call, cannot fail.", &[]);
        out.function("open", &[], "Open", &["Open::new()"]);
        out.doc(format_args!("Object {}, opened: everything may still be changed.", code(file)));
        printed::structure(out, rt, "Open", |fields| {
            fields.out.doc("Its maps: sizes, pins, descriptors to reuse.");
            fields.public("maps", "OpenMaps");
            fields.out.doc("Its programs: which of them are loaded.");
            fields.public("progs", "OpenProgs");
            if !self.object.struct_ops.is_empty() {
                fields.out.doc("What its struct_ops maps begin with.");
                fields.public("struct_ops", "OpenStructOps");
            }
            for section in self.editable() {
                let ident = &section.ident;
                section_doc(fields.out, section);
                fields.public(ident, format_args!("::std::boxed::Box<sections::{ident}>"));
            }
            fields.out.doc("How it is loaded.");
            fields.public("options", format_args!("{rt}::object::Options"));
        });
    }

    /// The first phase, and what it has before the second.
    fn new_open(&self, out: &mut Writer) {
        let Self { rt, object } = self;
        out.open("impl Open {");
        function(out, "Opens the object: no system call, cannot fail.", &[]);
        out.open("pub fn new() -> Self {");
        out.open("Self {");
        out.open("maps: OpenMaps {");
        for (index, map) in object.maps.iter().enumerate() {
            self.initial(out, &map.ident, "open_map", index);
        }
        out.close("},");
        out.open("progs: OpenProgs {");
        for (index, program) in object.programs.iter().enumerate() {
            self.initial(out, &program.ident, "open_program", index);
        }
        out.close("},");
        if !object.struct_ops.is_empty() {
            out.open("struct_ops: OpenStructOps {");
            for one in &object.struct_ops {
                self.initial(out, &one.ident, "section", one.map);
            }
            out.close("},");
        }
        for section in self.editable() {
            self.initial(out, &section.ident, "section", section.map);
        }
        out.field("options", "::core::default::Default::default()");
        out.close("}");
        out.close("}");
        let doc =
            "Lets `policy` say where maps are pinned: the system-wide configuration, for example.";
        function(out, doc, &[]);
        let policy = format!("policy: impl {rt}::pin::Policy + 'static");
        let body = ["self.options.set_pinning(policy);", "self"];
        out.function("pinning", &["&mut self", &policy], "&mut Self", &body);
    }

    /// `name: private::make(SPEC, index),`
    fn initial(&self, out: &mut Writer, name: impl Display, make: &str, index: usize) {
        let head = format!("{name}: {}::private::{make}", self.rt);
        out.call(head, &["SPEC", &index.to_string()], ",");
    }

    /// `head private::ok!(function(arguments)) tail`
    fn ok(&self, out: &mut Writer, head: &str, function: &str, arguments: &[&str], tail: &str) {
        let call = format!("{function}({})", arguments.join(", "));
        out.call(format_args!("{head}{}::private::ok!", self.rt), &[&call], tail);
    }

    /// From the first phase to the others; maps and programs are in the order of the spec.
    fn prepare(&self, out: &mut Writer) {
        let Self { rt, object } = self;
        const ERRORS: &str = "Whatever the kernel refuses; nothing is left behind then.";
        function(out, "Creates the maps and makes the programs ready for the verifier.", &[ERRORS]);
        out.open_function("pub fn prepare", &["self"], &format!("{rt}::Result<Prepared>"));
        let new = format!("let mut object = {rt}::private::Assembly::new");
        out.call(new, &["SPEC", "self.options"], ";");
        for (index, map) in object.maps.iter().enumerate() {
            let map = format!("self.maps.{}", map.ident);
            // A data map takes the section's bytes along, one of operations those.
            let section = self.editable().find(|section| section.map == index);
            let section = section.map(|it| (format!("self.{}", it.ident), it.len));
            let operations = object.struct_ops.iter().find(|one| one.map == index);
            let operations = operations.map(|it| (format!("self.struct_ops.{}", it.ident), it.len));
            match section.or(operations) {
                Some((data, len)) => {
                    out.call("object.section", &[&map, &data, &len.to_string()], ";");
                }
                None => out.call("object.map", &[&map], ";"),
            }
        }
        for program in &object.programs {
            out.call("object.program", &[&format!("self.progs.{}", program.ident)], ";");
        }
        let sections: Vec<_> = object.sections.iter().map(|it| it.map.to_string()).collect();
        let sections = format!("&[{}]", sections.join(", "));
        self.ok(out, "let (object, handles) = ", "object.prepare", &[&sections], ";");
        self.created(out);
        out.close("}");
        function(out, "Creates the maps and loads the programs.", &[ERRORS]);
        let result = format!("{rt}::Result<Skel>");
        let load = format!("{rt}::private::ok!(self.prepare()).load()");
        out.function("load", &["self"], &result, &[&load]);
        out.close("}");
        out.open("impl ::core::default::Default for Open {");
        out.line("#[inline]");
        out.open("fn default() -> Self {");
        out.line("Self::new()");
        out.close("}");
        out.close("}");
    }

    /// The second phase, of handles on all maps and then on the data sections.
    fn created(&self, out: &mut Writer) {
        let Object { maps, sections, .. } = self.object;
        unpack(out, "handles", &handles(maps.len() + sections.len()));
        if maps.is_empty() {
            return out.line("::core::result::Result::Ok(Prepared { maps: Maps {}, object })");
        }
        out.open("::core::result::Result::Ok(Prepared {");
        held(out, "maps", "Maps", maps.iter().map(|map| &map.ident));
        for (index, section) in sections.iter().enumerate() {
            out.field(&section.ident, handle(maps.len() + index));
        }
        out.line("object,");
        out.close("})");
    }

    fn prepared(&self, out: &mut Writer) {
        let rt = self.rt;
        let object = format!("{rt}::object::PreparedObject");
        out.doc(
            "The object, prepared: maps exist, the programs' text is final, nothing is verified.",
        );
        printed::structure(out, rt, "Prepared", |fields| {
            fields.out.doc("Its maps.");
            fields.public("maps", "Maps");
            self.section_fields(fields);
            fields.out.doc("What is behind it.");
            fields.private("object", &object);
        });
        out.open("impl Prepared {");
        const ERRORS: &str = "Where the verifier rejects a program; nothing is left behind then.";
        function(out, "Loads the programs.", &[ERRORS]);
        out.open_function("pub fn load", &["self"], &format!("{rt}::Result<Skel>"));
        let load = format!("{rt}::private::load");
        self.ok(out, "let (object, handles) = ", &load, &["self.object"], ";");
        let programs = &self.object.programs;
        unpack(out, "handles", &handles(programs.len()));
        out.open("::core::result::Result::Ok(Skel {");
        out.line("maps: self.maps,");
        held(out, "progs", "Progs", programs.iter().map(|program| &program.ident));
        for Section { ident, .. } in &self.object.sections {
            out.field(ident, format_args!("self.{ident}"));
        }
        out.line("object,");
        out.close("})");
        out.close("}");
        let doc = "What is behind it: final instructions, maps and programs by index.";
        function(out, doc, &[]);
        out.function("object", &["&self"], &format!("&{object}"), &["&self.object"]);
        out.close("}");
    }

    fn skel(&self, out: &mut Writer) {
        let rt = self.rt;
        let object = format!("{rt}::object::Object");
        out.doc("The object, loaded.");
        printed::structure(out, rt, "Skel", |fields| {
            fields.out.doc("Its maps.");
            fields.public("maps", "Maps");
            fields.out.doc("Its programs.");
            fields.public("progs", "Progs");
            self.section_fields(fields);
            fields.out.doc("What is behind it.");
            fields.private("object", &object);
        });
        out.open("impl Skel {");
        self.persistence(out);
        function(out, "What is behind it: maps and programs by index.", &[]);
        out.function("object", &["&self"], &format!("&{object}"), &["&self.object"]);
        out.close("}");
    }

    /// What may be done with all of a loaded object.
    fn persistence(&self, out: &mut Writer) {
        let links = format!("{0}::Result<{0}::Links>", self.rt);
        let nothing = format!("{}::Result<()>", self.rt);
        let operations =
            if self.object.struct_ops.is_empty() { "" } else { ", and registers the operations" };
        let attach = format!(
            "Attaches every program whose section says where to{operations}; dropping the links detaches."
        );
        let not_attached =
            "Where one of them cannot be attached; it is named, and those before it are detached.";
        function(out, attach, &[not_attached]);
        out.function("attach", &["&self"], &links, &["self.object.attach()"]);
        for (name, result, doc, error) in [
            (
                "attach_pinned",
                &links,
                "As `attach`, with links that are pinned in `directory/links` and taken over where they are there already.",
                not_attached,
            ),
            (
                "pin",
                &nothing,
                "Pins all maps and programs in `directory`, one of this object's own on a BPF file system.",
                "Where another object is pinned there; what was pinned before it is removed again.",
            ),
            (
                "unpin",
                &nothing,
                "Removes what is pinned in `directory`: maps, programs, links.",
                "Where another object is pinned there; that stays.",
            ),
        ] {
            function(out, doc, &[error]);
            let directory = "directory: impl ::core::convert::AsRef<::std::path::Path>";
            let body = format!("self.object.{name}(directory)");
            out.function(name, &["&self", directory], result, &[&body]);
        }
    }

    /// Handles on the created data maps.
    fn section_fields(&self, fields: &mut printed::Fields<'_>) {
        let rt = self.rt;
        for section in &self.object.sections {
            let ident = &section.ident;
            section_doc(fields.out, section);
            if section.frozen {
                fields.public(ident, format_args!("{rt}::map::Frozen<sections::{ident}>"));
            } else {
                fields.public(ident, format_args!("{rt}::map::Live<live_sections::{ident}>"));
            }
        }
    }
}

/// `name: path { ident: h0, … },`
fn held<'i>(out: &mut Writer, name: &str, path: &str, idents: impl Iterator<Item = &'i Ident>) {
    let fields = idents.enumerate().map(|(index, ident)| format!("{ident}: {}", handle(index)));
    out.literal(name, path, &fields.collect::<Vec<_>>());
}

/// The name of the handle at this place.
fn handle(index: usize) -> String {
    format!("h{index}")
}

/// The names of so many.
fn handles(len: usize) -> Vec<String> {
    (0..len).map(handle).collect()
}

/// `let (h0, h1, …) = whole;`: as `private::Handles` makes them, in tuples of tuples where they are more than one takes.
fn unpack(out: &mut Writer, whole: &str, handles: &[String]) {
    let mut least = 1;
    while handles.len() > least * MANY {
        least *= MANY;
    }
    let parts: Vec<_> = handles.chunks(least).enumerate().collect();
    let name = |(index, part): &(usize, &[String])| match part {
        [handle] if least == 1 => handle.clone(),
        _ => format!("{whole}_{index}"),
    };
    match &parts.iter().map(name).collect::<Vec<_>>()[..] {
        [one] => out.line(format_args!("let ({one},) = {whole};")),
        names => out.line(format_args!("let ({}) = {whole};", names.join(", "))),
    }
    if least > 1 {
        parts.iter().for_each(|part| unpack(out, &name(part), part.1));
    }
}

fn section_doc(out: &mut Writer, section: &Section<'_>) {
    out.doc(format_args!("Data section {}, {}.", code(section.name), bytes(section.len)));
}

/// What goes before a function: what it does, and what errors it has.
fn function(out: &mut Writer, doc: impl Text, errors: &[&str]) {
    out.doc(doc);
    for error in errors {
        out.paragraph("# Errors");
        out.doc(error);
    }
    out.line("#[inline]");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_handles_is_unpacked() {
        for len in [0, 1, MANY, MANY + 1, MANY * MANY, MANY * MANY + 1, 2000] {
            let mut out = Writer::new(0);
            unpack(&mut out, "handles", &handles(len));
            let text = out.into_text();
            let mut bound = vec!["handles"];
            for line in text.lines() {
                let (tuple, whole) = line.split_once(" = ").expect("a statement");
                let at = bound.iter().position(|name| [name, ";"].concat() == whole);
                bound.remove(at.expect("what was bound before"));
                let names = tuple.trim_start_matches("let (").trim_end_matches(')').split(", ");
                let names: Vec<_> = names.map(|name| name.trim_end_matches(',')).collect();
                assert!(names.len() <= MANY, "{line}");
                bound.extend(names.into_iter().filter(|name| !name.is_empty()));
            }
            assert_eq!(bound, handles(len), "{len}");
        }
    }
}
