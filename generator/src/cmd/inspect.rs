use std::path::PathBuf;
use std::process::ExitCode;

use bpf_skel::btf::Btf;
use bpf_skel::spec::{
    ExternKind, ExternSpec, Linkage, MapContents, MapSpec, ObjectSpec, Pinning, ProgramSpec,
    Relocation, RelocationTarget, VariableSpec,
};
use serde::Serialize;

use super::cli::{Reading, print, print_json};
use super::table::Table;
use crate::Result;
use crate::model::type_name;

/// Show what an object holds.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The object, of either byte order.
    #[arg(value_name = "OBJ")]
    object: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Serialize)]
struct Object<'s> {
    object: &'s str,
    endian: String,
    license: &'s str,
    kernel_version: u32,
    btf_bytes: usize,
    maps: Vec<Map<'s>>,
    inner_maps: Vec<Map<'s>>,
    programs: Vec<Program<'s>>,
    variables: Vec<Variable<'s>>,
    externs: Vec<Extern<'s>>,
}

#[derive(Serialize)]
struct Map<'s> {
    name: &'s str,
    section: &'s str,
    #[serde(rename = "type")]
    map_type: String,
    key_size: u32,
    key_type: Option<String>,
    value_size: u32,
    value_type: Option<String>,
    max_entries: u32,
    flags: u32,
    map_extra: u64,
    pinned_by_name: bool,
    legacy_pinning: Option<u32>,
    inner: Option<&'s str>,
    frozen: bool,
    slots: usize,
    /// Programs that operations call.
    functions: usize,
    /// Whether it takes the caller to have it created.
    optional: bool,
}

#[derive(Serialize)]
struct Program<'s> {
    name: &'s str,
    section: &'s str,
    #[serde(rename = "type")]
    program_type: String,
    attach_type: Option<String>,
    attach: String,
    target: Option<&'s str>,
    flags: u32,
    autoload: bool,
    insns: usize,
    relocations: usize,
    core_relocations: usize,
    jump_tables: Vec<JumpTable<'s>>,
}

/// Where a `switch` goes.
#[derive(Serialize)]
struct JumpTable<'s> {
    name: &'s str,
    entries: usize,
}

#[derive(Serialize)]
struct Variable<'s> {
    name: &'s str,
    section: &'s str,
    offset: u32,
    size: u32,
    #[serde(rename = "type")]
    type_name: Option<String>,
    linkage: &'static str,
}

/// What the kernel or the loader defines.
#[derive(Serialize)]
struct Extern<'s> {
    name: &'s str,
    kind: &'static str,
    #[serde(rename = "type")]
    type_name: Option<String>,
    weak: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let spec = self.reading.object(&self.object)?;
        let btf = match spec.btf.is_empty() {
            true => None,
            false => Some(Btf::parse(&spec.btf, spec.endian)?),
        };
        let object = Object::of(&spec, btf.as_ref());
        if self.json { print_json(&object) } else { print(&object.text()) }
    }
}

impl<'s> Object<'s> {
    fn of(spec: &'s ObjectSpec, btf: Option<&Btf<'_>>) -> Self {
        Self {
            object: &spec.name,
            endian: spec.endian.to_string(),
            license: &spec.license,
            kernel_version: spec.kernel_version,
            btf_bytes: spec.btf.len(),
            maps: spec.maps.iter().map(|map| Map::of(map, spec, btf)).collect(),
            inner_maps: spec.inner_maps.iter().map(|map| Map::of(map, spec, btf)).collect(),
            programs: spec.programs.iter().map(|it| Program::of(it, spec)).collect(),
            variables: spec.variables.iter().map(|it| Variable::of(it, spec, btf)).collect(),
            externs: spec.externs.iter().map(|it| Extern::of(it, btf)).collect(),
        }
    }

    fn text(&self) -> String {
        let license = if self.license.is_empty() { "none" } else { self.license };
        let mut out = format!(
            "object   {}\nendian   {}\nlicense  {license}\nBTF      {} bytes\n",
            self.object, self.endian, self.btf_bytes
        );
        let maps: Vec<&Map<'_>> = self.maps.iter().chain(&self.inner_maps).collect();
        heading(&mut out, "maps", maps.len());
        let mut table =
            Table::new(&["name", "type", "key", ">size", "value", ">size", ">entries", "notes"]);
        for map in maps {
            table.row(map.cells());
        }
        table.print(&mut out);

        heading(&mut out, "programs", self.programs.len());
        let headings = [
            "name",
            "section",
            "type",
            "attach",
            "target",
            ">insns",
            ">relocations",
            ">CO-RE",
            "notes",
        ];
        let mut table = Table::new(&headings);
        for program in &self.programs {
            table.row(program.cells());
        }
        table.print(&mut out);

        heading(&mut out, "variables", self.variables.len());
        let mut table = Table::new(&["name", "section", ">offset", ">size", "type", "linkage"]);
        for variable in &self.variables {
            table.row(variable.cells());
        }
        table.print(&mut out);

        heading(&mut out, "externs", self.externs.len());
        let mut table = Table::new(&["name", "kind", "type", "notes"]);
        for external in &self.externs {
            table.row(external.cells());
        }
        table.print(&mut out);
        out
    }
}

fn heading(out: &mut String, what: &str, count: usize) {
    out.push_str(&format!("\n{what}: {count}\n"));
}

fn named(btf: Option<&Btf<'_>>, id: u32) -> Option<String> {
    btf.filter(|_| id != 0).map(|btf| type_name(btf, id))
}

impl<'s> Map<'s> {
    fn of(map: &'s MapSpec, spec: &'s ObjectSpec, btf: Option<&Btf<'_>>) -> Self {
        let data = matches!(map.contents, MapContents::Data { .. });
        Self {
            name: &map.name,
            section: &map.section,
            map_type: map.map_type.to_string(),
            key_size: map.key_size,
            key_type: named(btf, map.key_type_id),
            value_size: map.value_size,
            value_type: named(btf.filter(|_| !data), map.value_type_id),
            max_entries: map.max_entries,
            flags: map.flags,
            map_extra: map.extra,
            pinned_by_name: map.pinning == Pinning::ByName,
            legacy_pinning: match map.pinning {
                Pinning::Legacy(number) => Some(number),
                Pinning::None | Pinning::ByName => None,
            },
            inner: map.inner.and_then(|index| Some(&*spec.inner_maps.get(index as usize)?.name)),
            frozen: matches!(map.contents, MapContents::Data { frozen: true, .. }),
            slots: match &map.contents {
                MapContents::Slots(slots) => slots.len(),
                _ => 0,
            },
            functions: match &map.contents {
                MapContents::StructOps { functions, .. } => functions.len(),
                _ => 0,
            },
            optional: matches!(map.contents, MapContents::StructOps { optional: true, .. }),
        }
    }

    fn cells(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.flags != 0 {
            notes.push(format!("flags {:#x}", self.flags));
        }
        if self.map_extra != 0 {
            notes.push(format!("extra {:#x}", self.map_extra));
        }
        notes.extend(self.pinned_by_name.then(|| "pinned by name".to_owned()));
        notes.extend(self.legacy_pinning.map(|number| format!("pinning {number} of iproute2")));
        notes.extend(self.frozen.then(|| "frozen".to_owned()));
        notes.extend(self.inner.map(|inner| format!("holds {inner}")));
        notes.extend((self.slots > 0).then(|| format!("{} slots set", self.slots)));
        notes.extend((self.functions > 0).then(|| format!("{} functions", self.functions)));
        notes.extend(self.optional.then(|| "not created by itself".to_owned()));
        vec![
            self.name.to_owned(),
            self.map_type.clone(),
            self.key_type.clone().unwrap_or_default(),
            self.key_size.to_string(),
            self.value_type.clone().unwrap_or_default(),
            self.value_size.to_string(),
            self.max_entries.to_string(),
            notes.join(", "),
        ]
    }
}

impl<'s> Program<'s> {
    fn of(program: &'s ProgramSpec, spec: &'s ObjectSpec) -> Self {
        let mut tables: Vec<u32> = program.relocations.iter().filter_map(table_of).collect();
        tables.sort_unstable();
        tables.dedup();
        let tables = tables.into_iter().filter_map(|index| spec.jump_tables.get(index as usize));
        Self {
            name: &program.name,
            section: &program.section,
            program_type: program.program_type.to_string(),
            attach_type: (program.attach_type.0 != 0).then(|| program.attach_type.to_string()),
            attach: format!("{:?}", program.attach),
            target: program.target.as_deref(),
            flags: program.flags,
            autoload: program.autoload,
            insns: program.insn_count(),
            relocations: program.relocations.len(),
            core_relocations: program.core_relocations.len(),
            jump_tables: tables
                .map(|table| JumpTable { name: &table.name, entries: table.targets.len() })
                .collect(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend((!self.autoload).then(|| "not loaded by itself".to_owned()));
        if self.flags != 0 {
            notes.push(format!("flags {:#x}", self.flags));
        }
        notes.extend(
            self.jump_tables
                .iter()
                .map(|JumpTable { name, entries }| format!("jump table {name} of {entries}")),
        );
        vec![
            self.name.to_owned(),
            self.section.to_owned(),
            self.program_type.clone(),
            self.attach_type.clone().unwrap_or_default(),
            self.target.unwrap_or_default().to_owned(),
            self.insns.to_string(),
            self.relocations.to_string(),
            self.core_relocations.to_string(),
            notes.join(", "),
        ]
    }
}

/// The jump table that an instruction is to hold.
fn table_of(relocation: &Relocation) -> Option<u32> {
    match relocation.target {
        RelocationTarget::JumpTable(index) => Some(index),
        _ => None,
    }
}

impl<'s> Variable<'s> {
    fn of(variable: &'s VariableSpec, spec: &'s ObjectSpec, btf: Option<&Btf<'_>>) -> Self {
        Self {
            name: &variable.name,
            section: spec.maps.get(variable.map as usize).map_or("", |map| &map.section),
            offset: variable.offset,
            size: variable.size,
            type_name: named(btf, variable.type_id),
            linkage: match variable.linkage {
                Linkage::Static => "static",
                Linkage::Global => "global",
                Linkage::Weak => "weak",
            },
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_owned(),
            self.section.to_owned(),
            self.offset.to_string(),
            self.size.to_string(),
            self.type_name.clone().unwrap_or_default(),
            self.linkage.to_owned(),
        ]
    }
}

impl<'s> Extern<'s> {
    fn of(external: &'s ExternSpec, btf: Option<&Btf<'_>>) -> Self {
        let (kind, type_id) = match external.kind {
            ExternKind::Kconfig { type_id, .. } => ("kconfig", type_id),
            ExternKind::Ksym { type_id } => ("ksym", type_id),
            ExternKind::Kfunc { type_id } => ("kfunc", type_id),
        };
        Self { name: &external.name, kind, type_name: named(btf, type_id), weak: external.weak }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_owned(),
            self.kind.to_owned(),
            self.type_name.clone().unwrap_or_default(),
            if self.weak { "weak".to_owned() } else { String::new() },
        ]
    }
}
