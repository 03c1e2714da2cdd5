//! Structs, and unions as words with typed views.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, doc, paragraphs};
use super::paths::Paths;
use super::types::title;
use crate::model::{BitField, Def, DefKind, Field, FieldRole, Repr, StructDef, Ty, UnionMember};

pub(super) fn structure(paths: &Paths<'_>, def: &Def, layout: &StructDef) -> TokenStream {
    let (rt, ident) = (paths.rt, &def.ident);
    let (doc, repr) = (doc(title(def)), repr(layout.repr));
    let fields = layout.fields.iter().map(|field| self::field(paths, field));
    let (named, hidden) = offsets(&layout.fields);
    let packed = layout.repr.packed.map(|_| quote!(packed));
    let arguments = self::layout(paths, def, named, hidden);
    let equal = def.eq.then(|| equality(paths, def, &layout.fields, layout.repr));
    let accessors = accessors(
        paths,
        def,
        layout.bit_fields.iter().map(|bits| bit_field(paths, bits)).collect(),
    );
    quote! {
        #doc
        #[derive(Clone, Copy)]
        #repr
        pub struct #ident {
            #(#fields)*
        }
        #rt::private::plain!(#packed #arguments);
        #equal
        #accessors
    }
}

pub(super) fn union(
    paths: &Paths<'_>,
    def: &Def,
    storage: &Ty,
    repr: Repr,
    members: &[UnionMember],
    bit_fields: &[BitField],
) -> TokenStream {
    let (rt, ident, ty) = (paths.rt, &def.ident, paths.ty(storage));
    let doc =
        paragraphs([title(def), "Each member has a method to read and one to write it.".into()]);
    let repr = self::repr(repr);
    let arguments = layout(paths, def, quote!(storage: 0), quote!());
    let mut methods: Vec<TokenStream> =
        members.iter().map(|member| union_member(paths, member)).collect();
    methods.extend(bit_fields.iter().map(|bits| bit_field(paths, bits)));
    let accessors = accessors(paths, def, methods);
    quote! {
        #doc
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #repr
        pub struct #ident {
            storage: #ty,
        }
        #rt::private::plain!(#arguments);
        #accessors
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
        FieldRole::Bits => doc(format!("Bit-fields: {}", code(&field.c))),
        FieldRole::Padding => quote!(#[doc(hidden)]),
    }
}

/// What `private::plain!` and `private::section!` take.
pub(super) fn layout(
    _: &Paths<'_>,
    def: &Def,
    named: TokenStream,
    hidden: TokenStream,
) -> TokenStream {
    let ident = &def.ident;
    let (size, align) = (Literal::u64_unsuffixed(def.size), Literal::u64_unsuffixed(def.align));
    quote!(#ident, #size, #align; #named; #hidden)
}

/// `name: offset` of the fields that have a name in C, and of the others.
pub(super) fn offsets(fields: &[Field]) -> (TokenStream, TokenStream) {
    let list = |hidden: bool| {
        let chosen = fields.iter().filter(|field| (field.role == FieldRole::Padding) == hidden);
        let list = chosen.map(|field| {
            let (ident, offset) = (&field.ident, Literal::u64_unsuffixed(field.offset));
            quote!(#ident: #offset)
        });
        quote!(#(#list),*)
    };
    (list(false), list(true))
}

fn equality(paths: &Paths<'_>, def: &Def, fields: &[Field], repr: Repr) -> TokenStream {
    let (rt, ident) = (paths.rt, &def.ident);
    let named = fields.iter().filter(|field| field.role != FieldRole::Padding);
    let named = named.map(|field| &field.ident);
    let packed = repr.packed.map(|_| quote!(packed));
    quote!(#rt::private::equal!(#packed #ident; #(#named),*);)
}

fn accessors(_: &Paths<'_>, def: &Def, methods: Vec<TokenStream>) -> TokenStream {
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

fn union_member(paths: &Paths<'_>, member: &UnionMember) -> TokenStream {
    let rt = paths.rt;
    let UnionMember { get, set, ty, c } = member;
    let (ty, read, write) =
        (paths.ty(ty), doc(code(c)), doc(format!("Writes {}; what it leaves stays.", code(c))));
    quote! {
        #read
        pub fn #get(&self) -> #ty {
            #rt::private::view(self)
        }
        #write
        pub fn #set(&mut self, value: #ty) {
            #rt::private::set_view(self, value);
        }
    }
}

fn bit_field(paths: &Paths<'_>, bits: &BitField) -> TokenStream {
    let rt = paths.rt;
    let BitField { get, set, storage, bit, bits, ty, c } = bits;
    if *bits == 0 || *bits > 64 {
        return TokenStream::new();
    }
    // An enum is made from the integer inside of it.
    let (wrap, unwrap) = match paths.model.unaliased(ty) {
        Ty::Int { .. } | Ty::Bool => (quote!(value), quote!(value)),
        Ty::Def(index) => match &paths.model.defs[*index].kind {
            DefKind::Enum { .. } => {
                let def = paths.def(*index);
                (quote!(#def(value)), quote!(value.0))
            }
            _ => return TokenStream::new(),
        },
        _ => return TokenStream::new(),
    };
    let (ty, bit, bits) =
        (paths.ty(ty), Literal::u64_unsuffixed(*bit), Literal::u8_unsuffixed(*bits));
    let (read, write) = (
        doc(code(c)),
        doc(format!("Writes {}; bits of the value that it has no room for are left out.", code(c))),
    );
    quote! {
        #read
        pub fn #get(&self) -> #ty {
            let value = #rt::private::bits(&{ self.#storage }, #bit, #bits);
            #wrap
        }
        #write
        pub fn #set(&mut self, value: #ty) {
            self.#storage = #rt::private::with_bits(self.#storage, #bit, #bits, #unwrap);
        }
    }
}
