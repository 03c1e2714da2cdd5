//! The spec as an expression. Every struct is taken apart in full, so that a new field does not compile until
//! it is printed here.
//!
//! Names only go in as literals.

use std::collections::BTreeSet;
use std::ops::Range;

use bpf_skel::spec::{
    Data, Endian, ExternKind, ExternSpec, JumpTable, KconfigType, Linkage, MapContents, MapSpec,
    ObjectSpec, Pinning, ProgramSpec, Relocation, RelocationTarget, Slot, SlotTarget,
    StructOpsFunction, VariableSpec,
};
use bpf_skel::uapi::MapType;

use super::core;
use super::text::{Bytes, Text, option};
use super::writer::Writer;
use crate::{Error, Result};

/// `pub const SPEC: &… = &{ use …; ObjectSpec { … } };`, equal to `spec`. Of a static the compiler would write also what
/// debuggers ask of its types, and prove that threads may share them; what is large in it is [a static](blob) still.
pub(super) fn constant(out: &mut Writer, rt: &str, spec: &ObjectSpec) -> Result<()> {
    let ObjectSpec {
        name,
        endian,
        license,
        kernel_version,
        btf,
        maps,
        inner_maps,
        programs,
        jump_tables,
        variables,
        core,
        externs,
    } = spec;
    let endian = match endian {
        Endian::Little => "Endian::Little",
        Endian::Big => "Endian::Big",
    };
    out.doc("Everything that the object holds.");
    out.open(format_args!("pub const SPEC: &{rt}::spec::ObjectSpec = &{{"));
    uses(out, rt, spec)?;
    out.open("ObjectSpec {");
    out.field("name", text(name));
    out.field("endian", endian);
    out.field("license", text(license));
    out.field("kernel_version", kernel_version);
    out.field("btf", blob(btf));
    out.list("maps", maps, map);
    out.list("inner_maps", inner_maps, map);
    out.try_list("programs", programs, program)?;
    out.list("jump_tables", jump_tables, jump_table);
    out.list("variables", variables, variable);
    core::spec(out, core);
    out.list("externs", externs, external);
    out.close("}");
    out.close("};");
    Ok(())
}

/// What the expression names. Each name that is imported takes the compiler a while.
fn uses(out: &mut Writer, rt: &str, spec: &ObjectSpec) -> Result<()> {
    out.line("use ::std::borrow::Cow::Borrowed;");
    out.line(format_args!("use {rt}::private::{{data_map, none, sparse, variable}};"));
    let mut makers = BTreeSet::new();
    for relocation in spec.programs.iter().flat_map(|program| program.relocations.iter()) {
        makers.insert(maker(&relocation.target)?.0);
    }
    for maker in makers {
        out.line(format_args!("use {rt}::private::{maker};"));
    }
    core::uses(out, rt, &spec.core);
    out.line(format_args!("use {rt}::section_name::AttachKind;"));
    out.line(format_args!("use {rt}::spec::*;"));
    out.line(format_args!("use {rt}::uapi::{{AttachType, MapType, ProgramType}};"));
    Ok(())
}

fn map(out: &mut Writer, spec: &MapSpec) {
    if section_map(out, spec) {
        return;
    }
    let MapSpec {
        name,
        section,
        map_type,
        key_size,
        value_size,
        max_entries,
        flags,
        extra,
        numa_node,
        pinning,
        key_type_id,
        value_type_id,
        inner,
        contents,
    } = spec;
    let pinning = match pinning {
        Pinning::None => "Pinning::None".to_owned(),
        Pinning::ByName => "Pinning::ByName".to_owned(),
        Pinning::Legacy(number) => format!("Pinning::Legacy({number})"),
    };
    out.open("MapSpec {");
    out.field("name", text(name));
    out.field("section", text(section));
    out.field("map_type", named("MapType", map_type.constant(), map_type.0));
    out.field("key_size", key_size);
    out.field("value_size", value_size);
    out.field("max_entries", max_entries);
    out.field("flags", format_args!("{flags:#x}"));
    out.field("extra", format_args!("{extra:#x}"));
    out.field("numa_node", numa_node);
    out.field("pinning", pinning);
    out.field("key_type_id", key_type_id);
    out.field("value_type_id", value_type_id);
    out.field("inner", option(inner.map(|index| index.to_string())));
    match contents {
        MapContents::Empty => out.field("contents", "MapContents::Empty"),
        MapContents::Data { data, frozen } => {
            out.open("contents: MapContents::Data {");
            self::data(out, "data: ", data, ",");
            out.field("frozen", frozen);
            out.close("},");
        }
        MapContents::Arena { data } => {
            out.open("contents: MapContents::Arena {");
            self::data(out, "data: ", data, ",");
            out.close("},");
        }
        MapContents::Slots(slots) => {
            out.open("contents: MapContents::Slots(Borrowed(&[");
            slots.iter().for_each(|one| slot(out, *one));
            out.close("])),");
        }
        MapContents::StructOps { data, functions, optional } => {
            out.open("contents: MapContents::StructOps {");
            self::data(out, "data: ", data, ",");
            out.rows("functions", functions.iter().map(|one| function(*one)));
            out.field("optional", optional);
            out.close("},");
        }
    }
    out.close("},");
}

/// A data section's map by a function, if it is like most.
fn section_map(out: &mut Writer, spec: &MapSpec) -> bool {
    let MapSpec {
        name,
        section,
        map_type: MapType::ARRAY,
        key_size: 4,
        value_size,
        max_entries: 1,
        flags,
        extra: 0,
        numa_node: 0,
        pinning: Pinning::None,
        key_type_id: 0,
        value_type_id,
        inner: None,
        contents: MapContents::Data { data, frozen },
    } = spec
    else {
        return false;
    };
    if name != section {
        return false;
    }
    let head = format!("data_map({name:?}, {value_size}, {flags:#x}, {value_type_id}, {frozen}, ");
    self::data(out, &head, data, "),");
    true
}

/// `head data tail`
fn data(out: &mut Writer, head: &str, data: &Data, tail: &str) {
    match data {
        Data::Zeroed(len) => out.line(format_args!("{head}Data::Zeroed({len}){tail}")),
        Data::Bytes(bytes) => {
            let parts = parts(bytes);
            let len: usize = parts.iter().map(Range::len).sum();
            // A short literal is easier to read whole.
            if bytes.len() < 4 * CHUNK || len > bytes.len() / 2 {
                return out.line((head, "Data::Bytes(", blob(bytes), ")", tail));
            }
            out.open(format_args!("{head}Data::Bytes(Borrowed({{"));
            out.open(format_args!("static DATA: [u8; {}] = sparse(&[", bytes.len()));
            for part in parts {
                let start = part.start;
                out.line(("(", start as u64, ", b\"", Bytes(&bytes[part]), "\"),"));
            }
            out.close("]);");
            out.line("&DATA");
            out.close(&format!("}})){tail}"));
        }
    }
}

/// A part of a table is followed by as many zeros at least, or nearly.
const CHUNK: usize = 64;

/// What is between the long runs of zeros.
fn parts(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (chunk, start) in bytes.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        if chunk.iter().fold(0, |all, byte| all | byte) == 0 {
            continue;
        }
        let first = chunk.iter().position(|&byte| byte != 0).unwrap_or(0);
        let last = chunk.iter().rposition(|&byte| byte != 0).unwrap_or(first);
        let part = start + first..start + last + 1;
        match parts.last_mut() {
            Some(before) if part.start - before.end < CHUNK => before.end = part.end,
            _ => parts.push(part),
        }
    }
    parts
}

fn function(function: StructOpsFunction) -> String {
    let StructOpsFunction { member, program } = function;
    format!("StructOpsFunction {{ member: {member}, program: {program} }}")
}

fn slot(out: &mut Writer, slot: Slot) {
    let Slot { key, target } = slot;
    let target = match target {
        SlotTarget::Map(index) => format!("SlotTarget::Map({index})"),
        SlotTarget::Program(index) => format!("SlotTarget::Program({index})"),
    };
    out.line(format_args!("Slot {{ key: {key}, target: {target} }},"));
}

fn program(out: &mut Writer, spec: &ProgramSpec) -> Result<()> {
    let ProgramSpec {
        name,
        section,
        program_type,
        attach_type,
        attach,
        target,
        flags,
        autoload,
        insns,
        func_info,
        line_info,
        relocations,
        core_relocations,
    } = spec;
    let attach_type = match attach_type.0 {
        // 0 is also what programs without an attach type have; a name would mislead.
        0 => "AttachType(0)".to_owned(),
        value => named("AttachType", attach_type.constant(), value),
    };
    out.open("ProgramSpec {");
    out.field("name", text(name));
    out.field("section", text(section));
    out.field("program_type", named("ProgramType", program_type.constant(), program_type.0));
    out.field("attach_type", attach_type);
    out.field("attach", format_args!("AttachKind::{attach:?}"));
    out.field("target", option(target.as_ref().map(|target| text(target))));
    out.field("flags", format_args!("{flags:#x}"));
    out.field("autoload", autoload);
    out.field("insns", blob(insns));
    out.field("func_info", blob(func_info));
    out.field("line_info", blob(line_info));
    let relocations: Vec<String> = relocations.iter().map(relocation).collect::<Result<_>>()?;
    out.rows("relocations", relocations);
    out.rows("core_relocations", core_relocations.iter().map(core::relocation));
    out.close("},");
    Ok(())
}

fn relocation(relocation: &Relocation) -> Result<String> {
    let Relocation { insn, target } = relocation;
    Ok(match maker(target)? {
        (maker, index, None) => format!("{maker}({insn}, {index})"),
        (maker, index, Some(offset)) => format!("{maker}({insn}, {index}, {offset})"),
    })
}

/// The function that makes the relocation, and what it is given.
fn maker(target: &RelocationTarget) -> Result<(&'static str, u32, Option<u32>)> {
    match target {
        RelocationTarget::Map(map) => Ok(("map_fd", *map, None)),
        RelocationTarget::MapValue { map, offset } => Ok(("map_value", *map, Some(*offset))),
        RelocationTarget::Ksym(index) => Ok(("ksym", *index, None)),
        RelocationTarget::Kfunc(index) => Ok(("kfunc", *index, None)),
        RelocationTarget::JumpTable(index) => Ok(("jump_table", *index, None)),
        other => Err(Error::invalid_input(format!(
            "relocation {other:?} is not supported in a skeleton yet"
        ))),
    }
}

fn jump_table(out: &mut Writer, spec: &JumpTable) {
    let JumpTable { name, targets } = spec;
    out.open("JumpTable {");
    out.field("name", text(name));
    out.field("targets", format_args!("Borrowed(&{targets:?})"));
    out.close("},");
}

fn variable(out: &mut Writer, spec: &VariableSpec) {
    let VariableSpec { name, map, offset, size, type_id, linkage } = spec;
    let linkage = match linkage {
        Linkage::Static => "Linkage::Static",
        Linkage::Global => "Linkage::Global",
        Linkage::Weak => "Linkage::Weak",
    };
    out.line(format_args!("variable({name:?}, {map}, {offset}, {size}, {type_id}, {linkage}),"));
}

fn external(out: &mut Writer, spec: &ExternSpec) {
    let ExternSpec { name, weak, kind } = spec;
    out.open("ExternSpec {");
    out.field("name", text(name));
    out.field("weak", weak);
    match kind {
        ExternKind::Kconfig { offset, size, value, type_id } => {
            let value = match value {
                KconfigType::Bool => "Bool".to_owned(),
                KconfigType::Char { signed } => format!("Char {{ signed: {signed} }}"),
                KconfigType::Int { signed } => format!("Int {{ signed: {signed} }}"),
                KconfigType::Tristate => "Tristate".to_owned(),
                KconfigType::Text => "Text".to_owned(),
            };
            out.open("kind: ExternKind::Kconfig {");
            out.field("offset", offset);
            out.field("size", size);
            out.field("value", format_args!("KconfigType::{value}"));
            out.field("type_id", type_id);
            out.close("},");
        }
        ExternKind::Ksym { type_id } => {
            out.field("kind", format_args!("ExternKind::Ksym {{ type_id: {type_id} }}"));
        }
        ExternKind::Kfunc { type_id } => {
            out.field("kind", format_args!("ExternKind::Kfunc {{ type_id: {type_id} }}"));
        }
    }
    out.close("},");
}

/// As a string literal: whatever the name is, it ends where the literal does.
fn text(text: &str) -> String {
    format!("Borrowed({text:?})")
}

/// As a byte string: lists of numbers took one user's compiler 10 GB. A large one is a static, so that it is in the program
/// once, wherever the constant is used.
fn blob(blob: &[u8]) -> impl Text {
    let (before, after) = if blob.len() < LARGE {
        ("Borrowed(b\"".to_owned(), "\")")
    } else {
        let head = format!("Borrowed({{ static BYTES: [u8; {}] = *b\"", blob.len());
        (head, "\"; &BYTES })")
    };
    (before, Bytes(blob), after)
}

/// A page: constants of fewer bytes may be there once for each part that the compiler splits a program into.
const LARGE: usize = 1 << 12;

/// A kernel number by its name, or as a number where this version knows none.
fn named(ty: &str, constant: Option<&str>, value: u32) -> String {
    match constant {
        Some(constant) => format!("{ty}::{constant}"),
        None => format!("{ty}({value})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_between_long_runs_of_zeros() {
        let table = |set: &[usize]| {
            let mut bytes = vec![0; 300];
            set.iter().for_each(|&at| bytes[at] = 1);
            parts(&bytes).iter().map(|part| (part.start, part.end)).collect::<Vec<_>>()
        };
        assert_eq!(table(&[]), []);
        assert_eq!(table(&[0]), [(0, 1)]);
        assert_eq!(table(&[299]), [(299, 300)]);
        assert_eq!(table(&[10, 12, 74]), [(10, 75)]);
        assert_eq!(table(&[10, 75]), [(10, 11), (75, 76)]);
        assert_eq!(table(&[63, 64, 200]), [(63, 65), (200, 201)]);
    }
}
