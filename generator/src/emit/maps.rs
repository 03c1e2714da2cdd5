//! `OpenMaps` and `Maps`.

use bpf_skel::spec::{MapContents, Pinning};
use bpf_skel::uapi::MapType;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs::{bytes, code, doc, paragraphs};
use super::paths::Paths;
use crate::model::{Handle, Map, Shape, Ty};

pub(super) fn structs(paths: &Paths<'_>, maps: &[Map<'_>]) -> TokenStream {
    let rt = paths.rt;
    let (of_open, of_maps) =
        (doc("The object's maps, before they are created."), doc("The object's maps."));
    let docs: Vec<TokenStream> = maps.iter().map(map_doc).collect();
    let idents: Vec<_> = maps.iter().map(|map| &map.ident).collect();
    let handles = maps.iter().map(|map| handle(paths, &map.handle));
    quote! {
        #of_open
        #[derive(Debug)]
        pub struct OpenMaps {
            #(#docs pub #idents: #rt::object::OpenMap,)*
        }
        #of_maps
        #[derive(Debug)]
        pub struct Maps {
            #(#docs pub #idents: #handles,)*
        }
    }
}

fn handle(paths: &Paths<'_>, handle: &Handle) -> TokenStream {
    let rt = paths.rt;
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
        Handle::ProgArray => ("ProgArray", &[]),
        Handle::RingBuf => ("RingBuf", &[]),
        Handle::StructOps => ("StructOps", &[]),
    };
    let name = format_ident!("{name}");
    if types.is_empty() {
        return quote!(#rt::map::#name);
    }
    let types = types.iter().map(|ty| paths.ty(ty));
    quote!(#rt::map::#name<#(#types),*>)
}

fn map_doc(map: &Map<'_>) -> TokenStream {
    let spec = map.shape.spec;
    if let MapContents::Data { data, .. } = &spec.contents {
        let len = bytes(data.len() as u64);
        return doc(format!("The map of data section {}, {len}.", code(&spec.name)));
    }
    if let MapContents::StructOps { optional, .. } = &spec.contents {
        let operations = map.shape.value_c.as_deref().unwrap_or("operations");
        let (name, operations) = (code(&spec.name), code(operations));
        let first =
            format!("Map {name}: {operations} for the kernel, section {}.", code(&spec.section));
        let off = optional.then(|| "Not created unless asked for.".to_owned());
        return paragraphs(std::iter::once(first).chain(off));
    }
    let first = format!("Map {}: {}.", code(&spec.name), shape(&map.shape));
    let inner = map.inner.as_ref().map(|inner| format!("It holds maps like {}.", shape(inner)));
    let pinned = match spec.pinning {
        Pinning::None => None,
        Pinning::ByName => Some("Pinned by its name.".to_owned()),
        Pinning::Legacy(number) => Some(format!("Pinning {number} of iproute2.")),
    };
    paragraphs(std::iter::once(first).chain(inner).chain(pinned))
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
