//! The `sections` and `live_sections` modules: data sections before and after load.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{bytes, code, doc};
use super::paths::Paths;
use super::{live, structs};
use crate::model::Section;

pub(super) fn modules(root: &Paths<'_>, sections: &[Section<'_>]) -> TokenStream {
    if sections.is_empty() {
        return TokenStream::new();
    }
    let paths = root.in_module();
    let plain = sections.iter().map(|section| plain(&paths, section));
    let shared: Vec<TokenStream> = sections
        .iter()
        .filter(|section| !section.frozen)
        .map(|section| shared(&paths, section))
        .collect();
    let (of_plain, of_shared) = (
        doc("Data sections as plain data: before load, and for good where they are frozen."),
        doc("Data sections in memory that running programs share."),
    );
    let live_sections = (!shared.is_empty()).then(|| {
        quote! {
            #of_shared
            pub mod live_sections {
                #(#shared)*
            }
        }
    });
    quote! {
        #of_plain
        pub mod sections {
            #(#plain)*
        }
        #live_sections
    }
}

fn plain(paths: &Paths<'_>, section: &Section<'_>) -> TokenStream {
    let (rt, ident) = (paths.rt, &section.ident);
    let doc = doc(format!("Data section {}, {}", code(section.name), bytes(section.len)));
    let repr = structs::repr(section.repr);
    let fields = section.fields.iter().map(|field| structs::field(paths, field));
    let (named, hidden) = structs::offsets(&section.fields);
    let (size, align) =
        (Literal::u64_unsuffixed(section.size), Literal::u64_unsuffixed(section.align));
    quote! {
        #doc
        #[derive(Clone, Copy)]
        #repr
        pub struct #ident {
            #(#fields)*
        }
        #rt::private::section_struct!(#ident, #size, #align; #named; #hidden;);
    }
}

fn shared(paths: &Paths<'_>, section: &Section<'_>) -> TokenStream {
    let (rt, ident) = (paths.rt, &section.ident);
    let doc = doc(format!(
        "Data section {}, {}, in shared memory",
        code(section.name),
        bytes(section.len)
    ));
    let repr = structs::repr(section.repr);
    let live = quote!(super::live::);
    let fields = section.fields.iter().map(|field| live::field(paths, field, &live));
    let names = live::names(&section.fields);
    quote! {
        #doc
        #repr
        pub struct #ident {
            #(#fields)*
        }
        #rt::private::live_struct!(#ident, super::sections::#ident; #names;);
    }
}
