//! `OpenMaps` and `Maps`.

use bpf_skel::spec::{MapContents, Pinning};
use proc_macro2::TokenStream;
use quote::quote;

use super::docs::{bytes, code, doc, paragraphs};
use super::paths::Paths;
use crate::model::{Handle, Map};

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
    let ty = |ty| paths.ty(ty);
    match handle {
        Handle::Map => quote!(#rt::map::Map),
        Handle::Hash(key, value) => {
            let (key, value) = (ty(key), ty(value));
            quote!(#rt::map::Hash<#key, #value>)
        }
        Handle::Array(value) => {
            let value = ty(value);
            quote!(#rt::map::Array<#value>)
        }
        Handle::PerCpuHash(key, value) => {
            let (key, value) = (ty(key), ty(value));
            quote!(#rt::map::PerCpuHash<#key, #value>)
        }
        Handle::PerCpuArray(value) => {
            let value = ty(value);
            quote!(#rt::map::PerCpuArray<#value>)
        }
        Handle::ProgArray => quote!(#rt::map::ProgArray),
        Handle::MapOfMaps(key) => {
            let key = ty(key);
            quote!(#rt::map::MapOfMaps<#key>)
        }
        Handle::RingBuf => quote!(#rt::map::RingBuf),
    }
}

fn map_doc(map: &Map<'_>) -> TokenStream {
    let spec = map.spec;
    if let MapContents::Data { data, .. } = &spec.contents {
        let len = bytes(data.len() as u64);
        return doc(format!("The map of data section {}, {len}.", code(&spec.name)));
    }
    let kind = spec.map_type.to_string();
    let mut first = format!("Map {}: {}", code(&spec.name), code(&kind));
    let entry = |name: &str, c: &Option<String>, size: u32| match (c, size) {
        (_, 0) => None,
        (Some(c), size) => Some(format!("{name} {} ({})", code(c), bytes(size.into()))),
        (None, size) => Some(format!("{name} {}", bytes(size.into()))),
    };
    let parts =
        [entry("key", &map.key_c, spec.key_size), entry("value", &map.value_c, spec.value_size)];
    for part in parts.into_iter().flatten() {
        first.push_str(", ");
        first.push_str(&part);
    }
    let entries = match &map.handle {
        Handle::RingBuf => bytes(spec.max_entries.into()),
        _ => match spec.max_entries {
            1 => "1 entry".to_owned(),
            entries => format!("{entries} entries"),
        },
    };
    first.push_str(&format!(", {entries}."));
    let pinned = (spec.pinning == Pinning::ByName).then(|| "Pinned by its name.".to_owned());
    paragraphs(std::iter::once(first).chain(pinned))
}
