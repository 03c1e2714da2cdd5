//! Enums as numbers with names: any bits are a valid value.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, doc, paragraphs};
use super::paths::Paths;
use super::types::about;
use crate::model::{Def, Enumerator, Ty};

pub(super) fn enumeration(
    paths: &Paths<'_>,
    def: &Def,
    bytes: u8,
    signed: bool,
    values: &[Enumerator],
) -> TokenStream {
    let (rt, ident, doc) = (paths.rt, &def.ident, paragraphs(about(def)));
    let repr = paths.ty(&Ty::Int { bytes, signed });
    let constants = values.iter().map(|enumerator| constant(enumerator, bytes, signed));
    let names = values.iter().map(|Enumerator { ident, c, .. }| match ident == c {
        true => quote!(#ident),
        // What C calls it is no Rust.
        false => quote!(#ident = #c),
    });
    quote! {
        #doc
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct #ident(
            /// The value, which need not be one that has a name.
            pub #repr,
        );
        impl #ident {
            #(#constants)*
        }
        #rt::private::enumeration!(#ident, #repr; #(#names),*);
    }
}

fn constant(enumerator: &Enumerator, bytes: u8, signed: bool) -> TokenStream {
    let Enumerator { ident, c, value } = enumerator;
    let doc = doc(code(c));
    let unused = 64 - u32::from(bytes) * 8;
    let value = if signed {
        Literal::i64_unsuffixed(value.cast_signed() << unused >> unused)
    } else {
        Literal::u64_unsuffixed(value << unused >> unused)
    };
    quote! {
        #doc
        pub const #ident: Self = Self(#value);
    }
}
