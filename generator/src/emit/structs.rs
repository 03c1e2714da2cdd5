//! Structs, and unions as words with typed views.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::accessors::{self, Of};
use super::docs::{code, doc, paragraphs};
use super::paths::Paths;
use super::types::about;
use crate::model::{Accessor, Def, Equality, Field, FieldRole, Repr, StructDef, UnionDef};

pub(super) fn structure(paths: &Paths<'_>, def: &Def, layout: &StructDef) -> TokenStream {
    let (rt, ident) = (paths.rt, &def.ident);
    let (doc, repr) = (paragraphs(about(def)), repr(layout.repr));
    let fields = layout.fields.iter().map(|field| self::field(paths, field));
    let (named, hidden) = offsets(&layout.fields);
    let packed = layout.repr.packed.map(|_| quote!(packed));
    let arguments = self::layout(def, named, hidden, names(&layout.accessors));
    let equal = equality(paths, def, layout);
    let methods =
        layout.accessors.iter().map(|accessor| accessors::plain(paths, Of::Struct, accessor));
    let flexible = layout.flexible.iter().map(|flexible| accessors::flexible(paths, flexible));
    let methods = methods_of(def, methods.chain(flexible).collect());
    quote! {
        #doc
        #[derive(Clone, Copy)]
        #repr
        pub struct #ident {
            #(#fields)*
        }
        #rt::private::plain!(#packed #arguments);
        #equal
        #methods
    }
}

pub(super) fn union(paths: &Paths<'_>, def: &Def, layout: &UnionDef) -> TokenStream {
    let (rt, ident, ty) = (paths.rt, &def.ident, paths.ty(&layout.storage));
    let members = "Each member has methods to read, to write and to make it.".to_owned();
    let doc = paragraphs(about(def).into_iter().chain([members]));
    let repr = repr(layout.repr);
    let arguments = self::layout(def, quote!(), quote!(storage: 0), names(&layout.accessors));
    let methods =
        layout.accessors.iter().map(|accessor| accessors::plain(paths, Of::Union, accessor));
    let methods = methods_of(def, methods.collect());
    quote! {
        #doc
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #repr
        pub struct #ident {
            #[doc(hidden)]
            pub storage: #ty,
        }
        #rt::private::plain!(#arguments);
        #methods
    }
}

pub(super) fn repr(repr: Repr) -> TokenStream {
    match (repr.packed, repr.align) {
        (Some(1), _) => quote!(#[repr(C, packed)]),
        (Some(packed), _) => {
            let packed = Literal::u64_unsuffixed(packed);
            quote!(#[repr(C, packed(#packed))])
        }
        (None, Some(align)) => {
            let align = Literal::u64_unsuffixed(align);
            quote!(#[repr(C, align(#align))])
        }
        (None, None) => quote!(#[repr(C)]),
    }
}

pub(super) fn field(paths: &Paths<'_>, field: &Field) -> TokenStream {
    let (doc, ident, ty) = (field_doc(field), &field.ident, paths.ty(&field.ty));
    quote! {
        #doc
        pub #ident: #ty,
    }
}

pub(super) fn field_doc(field: &Field) -> TokenStream {
    match field.role {
        FieldRole::Member => doc(code(&field.c)),
        FieldRole::Storage => {
            doc(format!("The bytes of {}, for which there are methods.", code(&field.c)))
        }
        FieldRole::Bits => {
            doc(format!("The bits of {}, for which there are methods.", code(&field.c)))
        }
        FieldRole::Padding => quote!(#[doc(hidden)]),
    }
}

/// What `private::plain!` takes.
pub(super) fn layout(
    def: &Def,
    named: TokenStream,
    hidden: TokenStream,
    methods: TokenStream,
) -> TokenStream {
    let ident = &def.ident;
    let (size, align) = (Literal::u64_unsuffixed(def.size), Literal::u64_unsuffixed(def.align));
    quote!(#ident, #size, #align; #named; #hidden; #methods)
}

/// `name: offset` of the fields that print, and of the others: padding, and words that print by methods.
pub(super) fn offsets(fields: &[Field]) -> (TokenStream, TokenStream) {
    let list = |shown: bool| {
        let chosen = fields.iter().filter(|field| (field.role == FieldRole::Member) == shown);
        let list = chosen.map(|field| {
            let (ident, offset) = (&field.ident, Literal::u64_unsuffixed(field.offset));
            quote!(#ident: #offset)
        });
        quote!(#(#list),*)
    };
    (list(true), list(false))
}

/// Methods that print.
fn names(accessors: &[Accessor]) -> TokenStream {
    let names = accessors.iter().map(|accessor| &accessor.get);
    quote!(#(#names),*)
}

/// Bits are compared by their methods: a word of them has some without a name.
fn equality(paths: &Paths<'_>, def: &Def, layout: &StructDef) -> TokenStream {
    let (rt, ident) = (paths.rt, &def.ident);
    let compared = |field: &&Field| matches!(field.role, FieldRole::Member | FieldRole::Storage);
    let fields = layout.fields.iter().filter(compared).map(|field| &field.ident);
    let bits = layout.accessors.iter().filter(|accessor| accessor.compared);
    let bits = bits.map(|accessor| &accessor.get);
    let packed = layout.repr.packed.map(|_| quote!(packed));
    let arguments = quote!(#packed #ident; #(#fields),*; #(#bits),*);
    match def.equality {
        Equality::None => TokenStream::new(),
        Equality::Partial => quote!(#rt::private::equal!(#arguments);),
        Equality::Total => quote!(#rt::private::total!(#arguments);),
    }
}

fn methods_of(def: &Def, methods: Vec<TokenStream>) -> TokenStream {
    if methods.is_empty() {
        return TokenStream::new();
    }
    let ident = &def.ident;
    quote! {
        impl #ident {
            #(#methods)*
        }
    }
}
