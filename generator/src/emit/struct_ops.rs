//! `OpenStructOps`: what operations begin with, while it may be changed.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, doc, paragraphs};
use super::paths::Paths;
use crate::model::StructOps;

/// The struct; nothing where the object has no operations.
pub(super) fn open_struct(paths: &Paths<'_>, all: &[StructOps]) -> TokenStream {
    if all.is_empty() {
        return TokenStream::new();
    }
    let of_struct = doc(
        "The object's operations for the kernel, as it has them. Functions stay null here: `OpenMap::set_function` says which program they are.",
    );
    let fields = all.iter().map(|one| {
        let (docs, ident, ty) = (field_doc(one), &one.ident, paths.ty(&one.ty));
        quote!(#docs pub #ident: ::std::boxed::Box<#ty>,)
    });
    quote! {
        #of_struct
        #[derive(Debug)]
        pub struct OpenStructOps {
            #(#fields)*
        }
    }
}

fn field_doc(one: &StructOps) -> TokenStream {
    let first = format!("What map {} begins with.", code(&one.ident.to_string()));
    let functions = one
        .functions
        .iter()
        .map(|(member, program)| format!("{} is program {}", code(member), code(program)));
    let functions: Vec<String> = functions.collect();
    let functions = (!functions.is_empty()).then(|| format!("{}.", functions.join(", ")));
    paragraphs(std::iter::once(first).chain(functions))
}

/// The field of `Open`.
pub(super) fn field(all: &[StructOps]) -> TokenStream {
    if all.is_empty() {
        return TokenStream::new();
    }
    let of_field = doc("What its struct_ops maps begin with.");
    quote!(#of_field pub struct_ops: OpenStructOps,)
}

/// Its first value.
pub(super) fn value(paths: &Paths<'_>, all: &[StructOps]) -> TokenStream {
    if all.is_empty() {
        return TokenStream::new();
    }
    let rt = paths.rt;
    let fields = all.iter().map(|one| {
        let (ident, index) = (&one.ident, Literal::usize_unsuffixed(one.map));
        quote!(#ident: #rt::private::section(&SPEC, #index),)
    });
    quote!(struct_ops: OpenStructOps { #(#fields)* },)
}

/// The map with this index, with its operations, if it has some.
pub(super) fn map(paths: &Paths<'_>, all: &[StructOps], index: usize) -> Option<TokenStream> {
    let StructOps { ident, len, .. } = all.iter().find(|one| one.map == index)?;
    let (rt, len) = (paths.rt, Literal::u64_unsuffixed(*len));
    Some(quote!(#rt::private::with_data(self.maps.#ident, self.struct_ops.#ident, #len)))
}
