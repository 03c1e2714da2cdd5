//! The `types` module: C types as plain data.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{bytes, code, doc, paragraphs};
use super::paths::Paths;
use super::{enums, structs};
use crate::model::{Def, DefKind, Ty};

pub(super) fn module(root: &Paths<'_>) -> TokenStream {
    let paths = root.in_types();
    let items = root.model.defs.iter().map(|def| item(&paths, def));
    let doc = doc("The object's C types, byte for byte.");
    quote! {
        #doc
        pub mod types {
            #(#items)*
        }
    }
}

fn item(paths: &Paths<'_>, def: &Def) -> TokenStream {
    match &def.kind {
        DefKind::Struct(layout) => structs::structure(paths, def, layout),
        DefKind::Union(layout) => structs::union(paths, def, layout),
        DefKind::Enum { bytes, signed, values } => {
            enums::enumeration(paths, def, *bytes, *signed, values)
        }
        DefKind::Alias(to) => alias(paths, def, to),
        DefKind::Bound(path) => bound(paths, def, path),
        DefKind::Opaque { storage, why } => opaque(paths, def, storage, why),
        DefKind::Declared => declared(def),
    }
}

/// "`struct event`, 24 bytes, alignment 8", and its tags.
pub(super) fn about(def: &Def) -> Vec<String> {
    let mut about = vec![format!("{}, {}, alignment {}", code(&def.c), bytes(def.size), def.align)];
    if !def.tags.is_empty() {
        let tags: Vec<String> = def.tags.iter().map(|tag| code(tag)).collect();
        about.push(format!("Tagged {}.", tags.join(", ")));
    }
    about
}

fn alias(paths: &Paths<'_>, def: &Def, to: &Ty) -> TokenStream {
    let (doc, ident, to) = (doc(code(&def.c)), &def.ident, paths.ty(to));
    quote! {
        #doc
        pub type #ident = #to;
    }
}

fn bound(paths: &Paths<'_>, def: &Def, path: &TokenStream) -> TokenStream {
    let (rt, ident) = (paths.rt, &def.ident);
    let (size, align) = (Literal::u64_unsuffixed(def.size), Literal::u64_unsuffixed(def.align));
    let doc = paragraphs(about(def));
    quote! {
        #doc
        pub type #ident = #path;
        #rt::private::bound!(#ident, #size, #align);
    }
}

fn opaque(paths: &Paths<'_>, def: &Def, storage: &Ty, why: &str) -> TokenStream {
    let (rt, ident, ty) = (paths.rt, &def.ident, paths.ty(storage));
    let doc = paragraphs(about(def).into_iter().chain([format!("Bytes only: {why}.")]));
    let layout = structs::layout(def, quote!(storage: 0), quote!(), quote!());
    quote! {
        #doc
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(C)]
        pub struct #ident {
            storage: #ty,
        }
        #rt::private::plain!(#layout);
    }
}

fn declared(def: &Def) -> TokenStream {
    let ident = &def.ident;
    let doc = doc(format!("{}, which is only pointed to.", code(&def.c)));
    quote! {
        #doc
        pub struct #ident {
            _declared: (),
        }
    }
}
