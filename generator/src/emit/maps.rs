//! `OpenMaps` and `Maps`.

use bpf_skel::spec::{MapContents, Pinning};
use bpf_skel::uapi::MapType;

use super::docs::{bytes, code};
use super::paths::Paths;
use super::printed;
use super::writer::Writer;
use crate::model::{Handle, Map, Shape, Ty};

pub(super) fn structs(out: &mut Writer, paths: &Paths<'_>, maps: &[Map<'_>]) {
    let rt = paths.rt;
    out.doc("The object's maps, before they are created.");
    printed::structure(out, rt, "OpenMaps", |fields| {
        for map in maps {
            map_doc(fields.out, map);
            fields.public(&map.ident, format_args!("{rt}::object::OpenMap"));
        }
    });
    out.doc("The object's maps.");
    printed::structure(out, rt, "Maps", |fields| {
        for map in maps {
            map_doc(fields.out, map);
            fields.public(&map.ident, format_args!("{rt}::map::{}", handle(paths, &map.handle)));
        }
    });
}

fn handle(paths: &Paths<'_>, handle: &Handle) -> String {
    let (name, types): (_, &[&Ty]) = match handle {
        Handle::Map => ("Map", &[]),
        Handle::Hash(key, value) => ("Hash", &[key, value]),
        Handle::Array(value) => ("Array", &[value]),
        Handle::PerCpuHash(key, value) => ("PerCpuHash", &[key, value]),
        Handle::PerCpuArray(value) => ("PerCpuArray", &[value]),
        Handle::LpmTrie(key, value) => ("LpmTrie", &[key, value]),
        Handle::Queue(value) => ("Queue", &[value]),
        Handle::BloomFilter(value) => ("BloomFilter", &[value]),
        Handle::MapOfMaps(key) => ("MapOfMaps", &[key]),
        Handle::PerfEventArray => ("PerfEventArray", &[]),
        Handle::ProgArray => ("ProgArray", &[]),
        Handle::RingBuf => ("RingBuf", &[]),
        Handle::UserRingBuf => ("UserRingBuf", &[]),
        Handle::StackTraces { build_ids: false } => ("StackTraces", &[]),
        Handle::StackTraces { build_ids: true } => {
            return format!("StackTraces<{}::map::StackBuildId>", paths.rt);
        }
        Handle::StructOps => ("StructOps", &[]),
        Handle::TaskStorage(value) => ("TaskStorage", &[value]),
        Handle::SkStorage(value) => ("SkStorage", &[value]),
        Handle::InodeStorage(value) => ("InodeStorage", &[value]),
        Handle::CgrpStorage(value) => ("CgrpStorage", &[value]),
        Handle::CgroupStorage(key, value) => ("CgroupStorage", &[key, value]),
        Handle::PerCpuCgroupStorage(key, value) => ("PerCpuCgroupStorage", &[key, value]),
        Handle::CgroupArray => ("CgroupArray", &[]),
        Handle::SockMap => ("SockMap", &[]),
        Handle::SockHash(key) => ("SockHash", &[key]),
        Handle::ReuseportSockArray => ("ReuseportSockArray", &[]),
        Handle::DevMap => ("DevMap", &[]),
        Handle::DevMapHash => ("DevMapHash", &[]),
        Handle::CpuMap => ("CpuMap", &[]),
        Handle::XskMap => ("XskMap", &[]),
    };
    if types.is_empty() {
        return name.to_owned();
    }
    let types: Vec<String> = types.iter().map(|ty| paths.ty(ty).to_string()).collect();
    format!("{name}<{}>", types.join(", "))
}

fn map_doc(out: &mut Writer, map: &Map<'_>) {
    let spec = map.shape.spec;
    let name = code(&spec.name);
    if let MapContents::Data { data, .. } = &spec.contents {
        let len = bytes(data.len() as u64);
        return out.doc(format_args!("The map of data section {name}, {len}."));
    }
    if let MapContents::StructOps { optional, .. } = &spec.contents {
        let operations = map.shape.value_c.as_deref().unwrap_or("operations");
        let (operations, section) = (code(operations), code(&spec.section));
        out.doc(format_args!("Map {name}: {operations} for the kernel, section {section}."));
        if *optional {
            out.paragraph("Not created unless asked for.");
        }
        return;
    }
    out.doc(format_args!("Map {name}: {}.", shape(&map.shape)));
    if let Some(inner) = &map.inner {
        out.paragraph(format_args!("It holds maps like {}.", shape(inner)));
    }
    match spec.pinning {
        Pinning::None => {}
        Pinning::ByName => out.paragraph("Pinned by its name."),
        Pinning::Legacy(number) => out.paragraph(format_args!("Pinning {number} of iproute2.")),
    }
}

/// "`hash`, key `u32` (4 bytes), value `struct value` (24 bytes), 1024 entries"
fn shape(shape: &Shape<'_>) -> String {
    let Shape { spec, key_c, value_c } = shape;
    let mut out = code(&spec.map_type.to_string()).to_string();
    for (name, c, size) in [("key", key_c, spec.key_size), ("value", value_c, spec.value_size)] {
        let size_text = bytes(size.into());
        match c {
            _ if size == 0 => {}
            Some(c) => out.push_str(&format!(", {name} {} ({size_text})", code(c))),
            None => out.push_str(&format!(", {name} {size_text}")),
        }
    }
    let entries = match spec.max_entries {
        entries if matches!(spec.map_type, MapType::RINGBUF | MapType::USER_RINGBUF) => {
            bytes(entries.into())
        }
        0 if spec.map_type == MapType::PERF_EVENT_ARRAY => "an entry a CPU".to_owned(),
        1 => "1 entry".to_owned(),
        entries => format!("{entries} entries"),
    };
    out.push_str(", ");
    out + &entries
}
