//! The `live` module: twins of the structs that sit in writable data sections, made of cells.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, doc};
use super::paths::Paths;
use super::{accessors, structs};
use crate::model::{
    Accessor, Def, DefKind, Field, FieldRole, Repr, Section, StructDef, Ty, UnionDef,
};

/// The `live` module; nothing where no writable section holds a struct.
pub(super) fn module(root: &Paths<'_>, sections: &[Section<'_>]) -> TokenStream {
    let mut wanted = BTreeSet::new();
    for field in sections.iter().filter(|section| !section.frozen).flat_map(|it| &it.fields) {
        collect(root, &field.ty, &mut wanted);
    }
    if wanted.is_empty() {
        return TokenStream::new();
    }
    let paths = root.in_module();
    let items = wanted.iter().filter_map(|&index| {
        let def = &root.model.defs[index];
        Cells::of(def).map(|cells| item(&paths, index, def, &cells))
    });
    let doc = doc("C structs in memory that running programs share: every field is a cell.");
    quote! {
        #doc
        pub mod live {
            #(#items)*
        }
    }
}

/// What cells can stand for.
enum Cells<'d> {
    Struct(&'d StructDef),
    Union(&'d UnionDef),
}

impl<'d> Cells<'d> {
    fn of(def: &'d Def) -> Option<Self> {
        match &def.kind {
            DefKind::Struct(layout) => {
                Some(layout.live.as_ref().map_or(Self::Struct(layout), Self::Union))
            }
            DefKind::Union(layout) => Some(Self::Union(layout)),
            _ => None,
        }
    }

    fn fields(&self) -> &'d [Field] {
        match self {
            Self::Struct(layout) => &layout.fields,
            Self::Union(_) => &[],
        }
    }

    fn accessors(&self) -> &'d [Accessor] {
        match self {
            Self::Struct(layout) => &layout.accessors,
            Self::Union(layout) => &layout.accessors,
        }
    }

    fn repr(&self) -> Repr {
        match self {
            Self::Struct(layout) => layout.repr,
            Self::Union(layout) => layout.repr,
        }
    }
}

fn collect(paths: &Paths<'_>, ty: &Ty, wanted: &mut BTreeSet<usize>) {
    match paths.model.unaliased(ty) {
        Ty::Array(element, _) => collect(paths, element, wanted),
        Ty::Def(index) => {
            if let Some(cells) = Cells::of(&paths.model.defs[*index])
                && wanted.insert(*index)
            {
                cells.fields().iter().for_each(|field| collect(paths, &field.ty, wanted));
                let cells = cells.accessors().iter().filter(|accessor| accessor.aligned);
                cells.for_each(|one| collect(paths, &one.ty, wanted));
            }
        }
        _ => {}
    }
}

/// The cell, or the cells, for a type. `live` goes before the names of this module.
pub(super) fn cell(paths: &Paths<'_>, ty: &Ty, live: &TokenStream) -> TokenStream {
    let rt = paths.rt;
    match paths.model.unaliased(ty) {
        Ty::Array(element, len) => {
            let (element, len) = (cell(paths, element, live), Literal::u64_unsuffixed(*len));
            quote!(#rt::live::GlobalArray<#element, #len>)
        }
        Ty::Def(index) if Cells::of(&paths.model.defs[*index]).is_some() => {
            let ident = &paths.model.defs[*index].ident;
            quote!(#live #ident)
        }
        // By its alias, where it has one.
        _ => {
            let ty = paths.ty(ty);
            quote!(#rt::live::Global<#ty>)
        }
    }
}

/// A field of a live struct. Padding is one cell of bytes, and so are words that have methods.
pub(super) fn field(paths: &Paths<'_>, field: &Field, live: &TokenStream) -> TokenStream {
    let (doc, ident) = (structs::field_doc(field), &field.ident);
    let ty = match field.role {
        FieldRole::Padding | FieldRole::Storage => {
            let (rt, ty) = (paths.rt, paths.ty(&field.ty));
            quote!(#rt::live::Global<#ty>)
        }
        _ => cell(paths, &field.ty, live),
    };
    quote! {
        #doc
        pub #ident: #ty,
    }
}

/// The names that `private::live!` takes: those shown, and the hidden ones.
pub(super) fn names(fields: &[Field]) -> TokenStream {
    let list = |hidden: bool| {
        fields
            .iter()
            .filter(move |field| (field.role != FieldRole::Member) == hidden)
            .map(|field| &field.ident)
    };
    let (named, hidden) = (list(false), list(true));
    quote!(#(#named),*; #(#hidden),*)
}

fn item(paths: &Paths<'_>, index: usize, def: &Def, cells: &Cells<'_>) -> TokenStream {
    let (rt, ident, plain) = (paths.rt, &def.ident, paths.def(index));
    let twin = format!("[`types::{ident}`](super::types::{ident})");
    let doc = doc(format!("{} in shared memory; {twin} is its plain twin.", code(&def.c)));
    let repr = structs::repr(cells.repr());
    let none = TokenStream::new();
    let (fields, arguments) = match cells {
        Cells::Struct(layout) => {
            let fields = layout.fields.iter().map(|one| field(paths, one, &none)).collect();
            let names = names(&layout.fields);
            (fields, quote!(#ident, #plain; #names))
        }
        Cells::Union(layout) => {
            let ty = paths.ty(&layout.storage);
            let fields = quote!(#[doc(hidden)] pub storage: #rt::live::Global<#ty>,);
            (fields, quote!(words #ident, #plain))
        }
    };
    let methods: Vec<TokenStream> =
        cells.accessors().iter().map(|one| accessors::shared(paths, one)).collect();
    let shown = cells.accessors().iter().map(|accessor| &accessor.live[0]);
    let shown = quote!(#(#shown),*);
    let methods = (!methods.is_empty()).then(|| quote!(impl #ident { #(#methods)* }));
    let fields: TokenStream = fields;
    quote! {
        #doc
        #repr
        pub struct #ident {
            #fields
        }
        #rt::private::live_struct!(#arguments; #shown);
        #methods
    }
}
