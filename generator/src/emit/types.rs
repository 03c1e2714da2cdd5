//! The `types` module: C types as plain data.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::docs::{bytes, code, doc, paragraphs};
use super::paths::Paths;
use super::{enums, structs};
use crate::model::{BoundField, Def, DefKind, Ty, Types};
use crate::shared::Shared;

/// A type, as generated code has it.
pub(crate) struct TypeItem {
    pub(crate) name: String,
    ident: Ident,
    pub(crate) tokens: TokenStream,
    pub(crate) text: String,
    /// The types that it spells.
    pub(crate) made_of: Vec<String>,
}

/// All types of an object, to be compared with those of another.
pub(crate) fn type_items(runtime: &syn::Path, types: &Types<'_>) -> Vec<TypeItem> {
    let root = Paths::root(runtime, types);
    let paths = root.in_types();
    let items = types.defs.iter().map(|def| {
        let tokens = item(&paths, def);
        let made_of = types.made_of(def).map(|index| types.defs[index].ident.to_string());
        let (name, text) = (def.ident.to_string(), tokens.to_string());
        TypeItem { name, ident: def.ident.clone(), text, made_of: made_of.collect(), tokens }
    });
    items.collect()
}

pub(super) fn module(root: &Paths<'_>, shared: Option<&Shared>) -> TokenStream {
    let doc = doc("The object's C types, byte for byte.");
    let items = match shared {
        None => {
            let paths = root.in_types();
            root.model.defs.iter().map(|def| item(&paths, def)).collect()
        }
        Some(shared) => {
            let items = type_items(root.rt, root.model);
            let (common, own): (Vec<_>, Vec<_>) =
                items.into_iter().partition(|item| shared.has(item));
            let (path, own) = (&shared.path, own.iter().map(|item| &item.tokens));
            let common = common.iter().map(|item| &item.ident);
            quote! {
                #(pub use #path::#common;)*
                #(#own)*
            }
        }
    };
    quote! {
        #doc
        pub mod types {
            #items
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
        DefKind::Bound(path, fields) => bound(paths, def, path, fields),
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

fn bound(paths: &Paths<'_>, def: &Def, path: &TokenStream, fields: &[BoundField]) -> TokenStream {
    let (rt, ident) = (paths.rt, &def.ident);
    let (size, align) = (Literal::u64_unsuffixed(def.size), Literal::u64_unsuffixed(def.align));
    let held = (!fields.is_empty()).then(|| {
        "Its fields are held to those of C; `bind_opaque` is for a type that has others.".to_owned()
    });
    let doc = paragraphs(about(def).into_iter().chain(held));
    let fields = fields.iter().map(|BoundField { ident, c, offset, size }| {
        let (offset, size) = (Literal::u64_unsuffixed(*offset), Literal::u64_unsuffixed(*size));
        quote!(#ident: #c, #offset, #size)
    });
    let c = &def.c;
    quote! {
        #doc
        pub type #ident = #path;
        #rt::private::bound!(#ident, #c, #size, #align; #(#fields),*);
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
