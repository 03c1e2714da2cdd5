//! `OpenMaps` and `Maps`.

use bpf_skel::spec::{MapContents, Pinning};
use bpf_skel::uapi::MapType;

use super::docs::{bytes, code};
use super::paths::Paths;
use super::writer::{Writer, put};
use crate::model::{Handle, Map, Shape, Ty};

pub(super) fn structs(out: &mut Writer, paths: &Paths<'_>, maps: &[Map<'_>]) {
    let rt = paths.rt;
    out.doc("The object's maps, before they are created.");
    out.line("#[derive(Debug)]");
    out.open("pub struct OpenMaps {");
    for map in maps {
        doc(out, map);
        put!(out, "pub {}: {rt}::object::OpenMap,", map.ident);
    }
    out.close("}");
    out.doc("The object's maps.");
    out.line("#[derive(Debug)]");
    out.open("pub struct Maps {");
    for map in maps {
        doc(out, map);
        put!(out, "pub {}: {rt}::map::{},", map.ident, handle(paths, &map.handle));
    }
    out.close("}");
}

fn handle(paths: &Paths<'_>, handle: &Handle) -> String {
    let typed = |name: &str, types: &[&Ty]| {
        let types: Vec<String> = types.iter().map(|ty| paths.ty(ty)).collect();
        format!("{name}<{}>", types.join(", "))
    };
    match handle {
        Handle::Map => "Map".to_owned(),
        Handle::Hash(key, value) => typed("Hash", &[key, value]),
        Handle::Array(value) => typed("Array", &[value]),
        Handle::PerCpuHash(key, value) => typed("PerCpuHash", &[key, value]),
        Handle::PerCpuArray(value) => typed("PerCpuArray", &[value]),
        Handle::LpmTrie(key, value) => typed("LpmTrie", &[key, value]),
        Handle::Queue(value) => typed("Queue", &[value]),
        Handle::BloomFilter(value) => typed("BloomFilter", &[value]),
        Handle::MapOfMaps(key) => typed("MapOfMaps", &[key]),
        Handle::ProgArray => "ProgArray".to_owned(),
        Handle::RingBuf => "RingBuf".to_owned(),
    }
}

fn doc(out: &mut Writer, map: &Map<'_>) {
    let spec = map.shape.spec;
    if let MapContents::Data { data, .. } = &spec.contents {
        let len = bytes(data.len() as u64);
        return out.doc(format!("The map of data section {}, {len}.", code(&spec.name)));
    }
    let first = format!("Map {}: {}.", code(&spec.name), shape(&map.shape));
    let inner = map.inner.as_ref().map(|inner| format!("It holds maps like {}.", shape(inner)));
    let pinned = (spec.pinning == Pinning::ByName).then(|| "Pinned by its name.".to_owned());
    out.docs(std::iter::once(first).chain(inner).chain(pinned));
}

/// "`hash`, key `u32` (4 bytes), value `struct value` (24 bytes), 1024 entries"
fn shape(shape: &Shape<'_>) -> String {
    let Shape { spec, key_c, value_c } = shape;
    let mut out = code(&spec.map_type.to_string());
    for (name, c, size) in [("key", key_c, spec.key_size), ("value", value_c, spec.value_size)] {
        let size_text = bytes(size.into());
        match c {
            _ if size == 0 => {}
            Some(c) => out.push_str(&format!(", {name} {} ({size_text})", code(c))),
            None => out.push_str(&format!(", {name} {size_text}")),
        }
    }
    let entries = match spec.max_entries {
        entries if spec.map_type == MapType::RINGBUF => bytes(entries.into()),
        1 => "1 entry".to_owned(),
        entries => format!("{entries} entries"),
    };
    out.push_str(", ");
    out + &entries
}
