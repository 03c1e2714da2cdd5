use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::model::{Ty, Types};

/// How generated code spells what is not its own, from where it stands.
pub(super) struct Paths<'m> {
    /// The runtime crate.
    pub(super) rt: &'m syn::Path,
    /// What goes before a name of the `types` module.
    types: TokenStream,
    pub(super) model: &'m Types<'m>,
}

impl<'m> Paths<'m> {
    /// From the skeleton's own module.
    pub(super) fn root(rt: &'m syn::Path, model: &'m Types<'m>) -> Self {
        Self { rt, types: quote!(types::), model }
    }

    /// From inside the `types` module.
    pub(super) fn in_types(&self) -> Self {
        Self { types: TokenStream::new(), ..*self }
    }

    /// From inside another inner module.
    pub(super) fn in_module(&self) -> Self {
        Self { types: quote!(super::types::), ..*self }
    }

    pub(super) fn ty(&self, ty: &Ty) -> TokenStream {
        let rt = self.rt;
        match ty {
            Ty::Int { bytes, signed } => primitive(if *signed { 'i' } else { 'u' }, *bytes),
            Ty::Float { bytes } => primitive('f', *bytes),
            Ty::Bool => quote!(#rt::pod::Bool),
            Ty::Ptr(to) => {
                let to = self.ty(to);
                quote!(#rt::pod::Ptr<#to>)
            }
            Ty::Chars(len) => {
                let len = Literal::u64_unsuffixed(*len);
                quote!(#rt::pod::CharArray<#len>)
            }
            Ty::Function(parameters, result) => {
                let parameters = parameters.iter().map(|parameter| self.ty(parameter));
                let result = match **result {
                    Ty::Unit => TokenStream::new(),
                    ref result => {
                        let result = self.ty(result);
                        quote!(-> #result)
                    }
                };
                quote!(fn(#(#parameters),*) #result)
            }
            Ty::Unit => quote!(()),
            Ty::Array(element, len) => {
                let (element, len) = (self.ty(element), Literal::u64_unsuffixed(*len));
                quote!([#element; #len])
            }
            Ty::Def(index) => self.def(*index),
        }
    }

    pub(super) fn def(&self, index: usize) -> TokenStream {
        let (prefix, ident) = (&self.types, &self.model.defs[index].ident);
        quote!(#prefix #ident)
    }
}

fn primitive(letter: char, bytes: u8) -> TokenStream {
    let ident = quote::format_ident!("{letter}{}", u32::from(bytes) * 8);
    quote!(#ident)
}
