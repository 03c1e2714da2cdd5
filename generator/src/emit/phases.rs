//! `Open`, `Prepared` and `Skel`: the phases, with every step made by `private`.

use super::docs::{bytes, code};
use super::paths::Paths;
use super::writer::{Writer, put};
use crate::model::{Object, Section};

const REFUSED: &str = "Whatever the kernel refuses; nothing is left behind then.";

pub(super) fn structs(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>, file: &str) {
    open(out, paths, object, file);
    prepared(out, paths, object);
    skel(out, paths, object);
}

fn open(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>, file: &str) {
    let rt = paths.rt;
    out.doc("Opens the object: no system call, cannot fail.");
    out.open("pub fn open() -> Open {");
    out.line("Open::new()");
    out.close("}");
    out.doc(format!("Object {}, opened: everything may still be changed.", code(file)));
    out.line("#[derive(Debug)]");
    out.open("pub struct Open {");
    out.doc("Its maps: sizes, pins, descriptors to reuse.");
    out.line("pub maps: OpenMaps,");
    out.doc("Its programs: which of them are loaded.");
    out.line("pub progs: OpenProgs,");
    for section in editable(object) {
        section_doc(out, section);
        put!(out, "pub {0}: ::std::boxed::Box<sections::{0}>,", section.ident);
    }
    out.doc("How it is loaded.");
    put!(out, "pub options: {rt}::object::Options,");
    out.close("}");

    out.open("impl Open {");
    open_new(out, paths, object);
    open_prepare(out, paths, object);
    out.doc("Creates the maps and loads the programs.");
    errors(out, REFUSED);
    out.open(format_args!("pub fn load(self) -> {rt}::Result<Skel> {{"));
    out.line("self.prepare()?.load()");
    out.close("}");
    out.close("}");
    out.open("impl ::core::default::Default for Open {");
    out.open("fn default() -> Self {");
    out.line("Self::new()");
    out.close("}");
    out.close("}");
}

fn open_new(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>) {
    let rt = paths.rt;
    out.doc("Opens the object: no system call, cannot fail.");
    out.open("pub fn new() -> Self {");
    out.open("Self {");
    out.open("maps: OpenMaps {");
    for (index, map) in object.maps.iter().enumerate() {
        put!(out, "{}: {rt}::private::open_map(&SPEC, {index}),", map.ident);
    }
    out.close("},");
    out.open("progs: OpenProgs {");
    for (index, program) in object.programs.iter().enumerate() {
        put!(out, "{}: {rt}::private::open_program(&SPEC, {index}),", program.ident);
    }
    out.close("},");
    for section in editable(object) {
        put!(out, "{}: {rt}::private::section(&SPEC, {}),", section.ident, section.map);
    }
    out.line("options: ::core::default::Default::default(),");
    out.close("}");
    out.close("}");
}

fn open_prepare(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>) {
    let rt = paths.rt;
    // A data map takes the section's bytes along.
    let mut data: Vec<Option<&Section<'_>>> = vec![None; object.maps.len()];
    editable(object).for_each(|section| data[section.map] = Some(section));
    out.doc("Creates the maps and makes the programs ready for the verifier.");
    errors(out, REFUSED);
    out.open(format_args!("pub fn prepare(self) -> {rt}::Result<Prepared> {{"));
    out.open(format_args!("let object = {rt}::private::prepare("));
    out.line("&SPEC,");
    out.line("self.options,");
    out.open("::std::vec::Vec::from([");
    for (map, data) in object.maps.iter().zip(data) {
        let map = &map.ident;
        match data {
            Some(Section { ident, len, .. }) => {
                put!(out, "{rt}::private::with_data(self.maps.{map}, self.{ident}, {len}),");
            }
            None => put!(out, "self.maps.{map},"),
        }
    }
    out.close("]),");
    out.open("::std::vec::Vec::from([");
    for program in &object.programs {
        put!(out, "self.progs.{},", program.ident);
    }
    out.close("]),");
    out.close(")?;");
    out.open("::core::result::Result::Ok(Prepared {");
    out.line("maps: Maps::of(&object)?,");
    for Section { ident, map, frozen, .. } in &object.sections {
        let handle = if *frozen { "frozen" } else { "live" };
        put!(out, "{ident}: {rt}::private::{handle}(&object, {map})?,");
    }
    out.line("object,");
    out.close("})");
    out.close("}");
}

fn prepared(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>) {
    let rt = paths.rt;
    out.doc("The object, prepared: maps exist, the programs' text is final, nothing is verified.");
    out.line("#[derive(Debug)]");
    out.open("pub struct Prepared {");
    out.doc("Its maps.");
    out.line("pub maps: Maps,");
    section_fields(out, paths, object);
    put!(out, "object: {rt}::object::PreparedObject,");
    out.close("}");

    out.open("impl Prepared {");
    out.doc("Loads the programs.");
    errors(out, "Where the verifier rejects a program; nothing is left behind then.");
    out.open(format_args!("pub fn load(self) -> {rt}::Result<Skel> {{"));
    put!(out, "let (object, progs) = {rt}::private::load(self.object, Progs::of)?;");
    out.open("::core::result::Result::Ok(Skel {");
    out.line("maps: self.maps,");
    out.line("progs,");
    for section in &object.sections {
        put!(out, "{0}: self.{0},", section.ident);
    }
    out.line("object,");
    out.close("})");
    out.close("}");
    out.doc("What is behind it: final instructions, maps and programs by index.");
    behind(out, &format!("{rt}::object::PreparedObject"));
    out.close("}");

    out.open("impl Maps {");
    out.open(format_args!("fn of(object: &{rt}::object::PreparedObject) -> {rt}::Result<Self> {{"));
    out.open("::core::result::Result::Ok(Self {");
    for (index, map) in object.maps.iter().enumerate() {
        put!(out, "{}: {rt}::private::map(object, {index})?,", map.ident);
    }
    out.close("})");
    out.close("}");
    out.close("}");
    out.open("impl Progs {");
    out.open(format_args!("fn of(object: &{rt}::object::Object) -> {rt}::Result<Self> {{"));
    out.open("::core::result::Result::Ok(Self {");
    for (index, program) in object.programs.iter().enumerate() {
        put!(out, "{}: {rt}::private::program(object, {index})?,", program.ident);
    }
    out.close("})");
    out.close("}");
    out.close("}");
}

fn skel(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>) {
    let rt = paths.rt;
    out.doc("The object, loaded.");
    out.line("#[derive(Debug)]");
    out.open("pub struct Skel {");
    out.doc("Its maps.");
    out.line("pub maps: Maps,");
    out.doc("Its programs.");
    out.line("pub progs: Progs,");
    section_fields(out, paths, object);
    put!(out, "object: {rt}::object::Object,");
    out.close("}");
    out.open("impl Skel {");
    out.doc("Attaches every program whose section says where to; dropping the links detaches.");
    errors(
        out,
        "Where one of them cannot be attached; it is named, and those before it are detached.",
    );
    out.open(format_args!("pub fn attach(&self) -> {rt}::Result<{rt}::Links> {{"));
    out.line("self.object.attach()");
    out.close("}");
    out.doc("What is behind it: maps and programs by index.");
    behind(out, &format!("{rt}::object::Object"));
    out.close("}");
}

/// What the loader fills is no field before load.
fn editable<'o, 's>(object: &'o Object<'s, '_>) -> impl Iterator<Item = &'o Section<'s>> {
    object.sections.iter().filter(|section| !section.kconfig)
}

fn section_doc(out: &mut Writer, section: &Section<'_>) {
    out.doc(format!("Data section {}, {}.", code(section.name), bytes(section.len)));
}

/// Handles on the created data maps.
fn section_fields(out: &mut Writer, paths: &Paths<'_>, object: &Object<'_, '_>) {
    let rt = paths.rt;
    for section in &object.sections {
        let ident = &section.ident;
        section_doc(out, section);
        if section.frozen {
            put!(out, "pub {ident}: {rt}::map::Frozen<sections::{ident}>,");
        } else {
            put!(out, "pub {ident}: {rt}::map::Live<live_sections::{ident}>,");
        }
    }
}

fn behind(out: &mut Writer, ty: &str) {
    out.open(format_args!("pub fn object(&self) -> &{ty} {{"));
    out.line("&self.object");
    out.close("}");
}

fn errors(out: &mut Writer, text: &str) {
    out.line("///");
    out.doc("# Errors");
    out.doc(text);
}
