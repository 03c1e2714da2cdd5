//! `OpenStructOps`: what operations begin with, while it may be changed.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, doc};
use super::paths::Paths;
use super::writer::Writer;
use crate::model::StructOps;
use crate::path::Path;

/// The struct; nothing where the object has no operations.
pub(super) fn open_struct(out: &mut Writer, paths: &Paths<'_>, all: &[StructOps]) {
    if all.is_empty() {
        return;
    }
    out.doc(
        "The object's operations for the kernel, as it has them. Functions stay null here: `OpenMap::set_function` says which program they are.",
    );
    out.line("#[derive(Debug)]");
    out.open("pub struct OpenStructOps {");
    for one in all {
        field_doc(out, one);
        out.typed(format_args!("pub {}: ::std::boxed::Box<{}>,", one.ident, paths.ty(&one.ty)));
    }
    out.close("}");
}

fn field_doc(out: &mut Writer, one: &StructOps) {
    out.doc(format_args!("What map {} begins with.", code(&one.ident.to_string())));
    let functions = one
        .functions
        .iter()
        .map(|(member, program)| format!("{} is program {}", code(member), code(program)));
    let functions: Vec<String> = functions.collect();
    if !functions.is_empty() {
        out.paragraph(format_args!("{}.", functions.join(", ")));
    }
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
pub(super) fn value(rt: &Path, all: &[StructOps]) -> TokenStream {
    if all.is_empty() {
        return TokenStream::new();
    }
    let fields = all.iter().map(|one| {
        let (ident, index) = (&one.ident, Literal::usize_unsuffixed(one.map));
        quote!(#ident: #rt::private::section(&SPEC, #index),)
    });
    quote!(struct_ops: OpenStructOps { #(#fields)* },)
}

/// The map with this index, with its operations, if it has some.
pub(super) fn map(rt: &Path, all: &[StructOps], index: usize) -> Option<TokenStream> {
    let StructOps { ident, len, .. } = all.iter().find(|one| one.map == index)?;
    let len = Literal::u64_unsuffixed(*len);
    Some(quote!(#rt::private::with_data(self.maps.#ident, self.struct_ops.#ident, #len)))
}
