//! Methods for members that have no field: of structs and unions, and of their live twins.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, doc};
use super::live;
use super::paths::Paths;
use crate::model::{Accessor, At, Flexible, Ty};

/// What the methods belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Struct,
    Union,
}

/// Methods of the plain type.
pub(super) fn plain(paths: &Paths<'_>, of: Of, accessor: &Accessor) -> TokenStream {
    let rt = paths.rt;
    let Accessor { get, set, make, borrow, at, c, .. } = accessor;
    let ty = ty(paths, accessor);
    let (read, write) = match at {
        At::Byte(offset) => {
            let offset = Literal::u64_unsuffixed(*offset);
            (
                quote!(#rt::private::view::<_, _, #offset>(self)),
                quote!(#rt::private::set_view::<_, _, #offset>(self, value);),
            )
        }
        At::Bits(first, bits) => {
            let (first, bits) = (Literal::u64_unsuffixed(*first), Literal::u8_unsuffixed(*bits));
            (
                quote!(#rt::private::bits(self, #first, #bits)),
                quote!(#rt::private::set_bits(self, #first, #bits, value);),
            )
        }
    };
    let (of_get, of_set) = (doc(code(c)), doc(format!("Sets {}.", code(c))));
    let borrow = borrow.as_ref().map(|idents| borrows(paths, accessor, idents));
    let make = if of == Of::Union {
        let of_make = doc(format!("A union with this {}, and zeros behind it.", code(c)));
        quote! {
            #of_make
            pub fn #make(value: #ty) -> Self {
                let mut this: Self = #rt::pod::zeroed();
                this.#set(value);
                this
            }
        }
    } else {
        let of_make = doc(format!("The same with another {}.", code(c)));
        quote! {
            #of_make
            #[must_use]
            pub fn #make(mut self, value: #ty) -> Self {
                self.#set(value);
                self
            }
        }
    };
    quote! {
        #of_get
        pub fn #get(&self) -> #ty {
            #read
        }
        #of_set
        pub fn #set(&mut self, value: #ty) {
            #write
        }
        #make
        #borrow
    }
}

fn borrows(
    paths: &Paths<'_>,
    accessor: &Accessor,
    [by_ref, by_mut]: &[proc_macro2::Ident; 2],
) -> TokenStream {
    let At::Byte(offset) = accessor.at else { return TokenStream::new() };
    let (rt, ty, offset) = (paths.rt, paths.ty(&accessor.ty), Literal::u64_unsuffixed(offset));
    let of_ref = doc(format!("{} in place.", code(&accessor.c)));
    let of_mut = doc(format!("{} in place, to be changed.", code(&accessor.c)));
    quote! {
        #of_ref
        pub fn #by_ref(&self) -> &#ty {
            #rt::private::view_ref::<_, _, #offset>(self)
        }
        #of_mut
        pub fn #by_mut(&mut self) -> &mut #ty {
            #rt::private::view_mut::<_, _, #offset>(self)
        }
    }
}

/// Methods of the live twin: a cell, where one can stand for the member.
pub(super) fn shared(paths: &Paths<'_>, accessor: &Accessor) -> TokenStream {
    let rt = paths.rt;
    let Accessor { live: [get, set], at, aligned, c, .. } = accessor;
    let of_get = doc(code(c));
    let (read, write) = match at {
        At::Byte(offset) => {
            let offset = Literal::u64_unsuffixed(*offset);
            if *aligned {
                let cell = live::cell(paths, &accessor.ty, &TokenStream::new());
                return quote! {
                    #of_get
                    pub fn #get(&self) -> &#cell {
                        #rt::private::live_view::<_, _, #offset>(self)
                    }
                };
            }
            (
                quote!(#rt::private::live_unaligned::<_, _, #offset>(self)),
                quote!(#rt::private::set_live_unaligned::<_, _, #offset>(self, value);),
            )
        }
        At::Bits(first, bits) => {
            let (first, bits) = (Literal::u64_unsuffixed(*first), Literal::u8_unsuffixed(*bits));
            (
                quote!(#rt::private::live_bits(self, #first, #bits)),
                quote!(#rt::private::set_live_bits(self, #first, #bits, value);),
            )
        }
    };
    let of_set = match at {
        At::Byte(_) => doc(format!("Sets {}.", code(c))),
        // As in C, where nobody is told.
        At::Bits(..) => doc(format!(
            "Sets {}; not atomic: what others write to the same word in between is lost.",
            code(c)
        )),
    };
    let ty = ty(paths, accessor);
    quote! {
        #of_get
        pub fn #get(&self) -> #ty {
            #read
        }
        #of_set
        pub fn #set(&self, value: #ty) {
            #write
        }
    }
}

/// The elements of a flexible array, which are behind the struct.
pub(super) fn flexible(paths: &Paths<'_>, flexible: &Flexible) -> TokenStream {
    let rt = paths.rt;
    let Flexible { method, element, offset, c } = flexible;
    let (element, offset) = (paths.ty(element), Literal::u64_unsuffixed(*offset));
    let first = doc(format!(
        "The struct at the start of a record, and as many elements of {} as the record holds.",
        code(c)
    ));
    let second =
        doc("`None` where the record is too short, or does not lie as the struct is aligned.");
    quote! {
        #first
        #[doc = ""]
        #second
        pub fn #method(bytes: &[u8]) -> ::core::option::Option<(&Self, &[#element])> {
            #rt::private::flexible::<_, _, #offset>(bytes)
        }
    }
}

/// A single bit of `_Bool` is no byte that could be anything else.
fn ty(paths: &Paths<'_>, accessor: &Accessor) -> TokenStream {
    match (accessor.at, paths.model.unaliased(&accessor.ty)) {
        (At::Bits(..), Ty::Bool) => quote!(bool),
        _ => paths.ty(&accessor.ty),
    }
}
