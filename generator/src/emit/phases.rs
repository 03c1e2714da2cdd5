//! `Open`, `Prepared` and `Skel`: the phases, with every step made by `private`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{bytes, code, doc};
use super::struct_ops;
use crate::model::{Object, Section};
use crate::path::Path;

pub(super) fn structs(rt: &Path, object: &Object<'_, '_>, file: &str) -> TokenStream {
    let names = Names::of(object);
    [open(rt, object, &names, file), prepared(rt, object, &names), skel(rt, object, &names)]
        .into_iter()
        .collect()
}

/// What all three phases spell.
struct Names<'m> {
    maps: Vec<&'m proc_macro2::Ident>,
    programs: Vec<&'m proc_macro2::Ident>,
    sections: Vec<&'m proc_macro2::Ident>,
    section_docs: Vec<TokenStream>,
}

impl<'m> Names<'m> {
    fn of(object: &'m Object<'_, '_>) -> Self {
        let sections = &object.sections;
        Self {
            maps: object.maps.iter().map(|map| &map.ident).collect(),
            programs: object.programs.iter().map(|program| &program.ident).collect(),
            sections: sections.iter().map(|section| &section.ident).collect(),
            section_docs: sections.iter().map(section_doc).collect(),
        }
    }
}

fn section_doc(section: &Section<'_>) -> TokenStream {
    doc(format!("Data section {}, {}.", code(section.name), bytes(section.len)))
}

/// What the loader fills is no field before load.
fn editable<'o, 's>(object: &'o Object<'s, '_>) -> impl Iterator<Item = &'o Section<'s>> {
    object.sections.iter().filter(|section| !section.kconfig)
}

fn indices(len: usize) -> impl Iterator<Item = Literal> {
    (0..len).map(Literal::usize_unsuffixed)
}

fn open(rt: &Path, object: &Object<'_, '_>, names: &Names<'_>, file: &str) -> TokenStream {
    let Names { maps, programs, sections: all_sections, .. } = names;
    let editable: Vec<&Section<'_>> = editable(object).collect();
    let sections: Vec<_> = editable.iter().map(|section| &section.ident).collect();
    let section_docs = editable.iter().map(|section| section_doc(section));
    let section_maps = editable.iter().map(|section| Literal::usize_unsuffixed(section.map));
    let (map_indices, program_indices) = (indices(maps.len()), indices(programs.len()));
    // A data map takes the section's bytes along.
    let map_arguments = object.maps.iter().enumerate().map(|(index, map)| {
        let ident = &map.ident;
        if let Some(with_operations) = struct_ops::map(rt, &object.struct_ops, index) {
            return with_operations;
        }
        match editable.iter().find(|section| section.map == index) {
            Some(Section { ident: section, len, .. }) => {
                let len = Literal::u64_unsuffixed(*len);
                quote!(#rt::private::with_data(self.maps.#ident, self.#section, #len))
            }
            None => quote!(self.maps.#ident),
        }
    });
    let section_values = section_values(rt, object);
    let (operations, operations_value) =
        (struct_ops::field(&object.struct_ops), struct_ops::value(rt, &object.struct_ops));
    let [of_fn, of_open, of_maps, of_progs, of_options, of_new, of_pinning, of_prepare, of_load] =
        [
            "Opens the object: no system call, cannot fail.",
            &format!("Object {}, opened: everything may still be changed.", code(file)),
            "Its maps: sizes, pins, descriptors to reuse.",
            "Its programs: which of them are loaded.",
            "How it is loaded.",
            "Opens the object: no system call, cannot fail.",
            "Lets `policy` say where maps are pinned: the system-wide configuration, for example.",
            "Creates the maps and makes the programs ready for the verifier.",
            "Creates the maps and loads the programs.",
        ]
        .map(doc);
    let errors = errors("Whatever the kernel refuses; nothing is left behind then.");
    quote! {
        #of_fn
        pub fn open() -> Open {
            Open::new()
        }

        #of_open
        #[derive(Debug)]
        pub struct Open {
            #of_maps
            pub maps: OpenMaps,
            #of_progs
            pub progs: OpenProgs,
            #operations
            #(#section_docs pub #sections: ::std::boxed::Box<sections::#sections>,)*
            #of_options
            pub options: #rt::object::Options,
        }

        impl Open {
            #of_new
            pub fn new() -> Self {
                Self {
                    maps: OpenMaps { #(#maps: #rt::private::open_map(&SPEC, #map_indices),)* },
                    progs: OpenProgs {
                        #(#programs: #rt::private::open_program(&SPEC, #program_indices),)*
                    },
                    #operations_value
                    #(#sections: #rt::private::section(&SPEC, #section_maps),)*
                    options: ::core::default::Default::default(),
                }
            }

            #of_pinning
            pub fn pinning(&mut self, policy: impl #rt::pin::Policy + 'static) -> &mut Self {
                self.options.set_pinning(policy);
                self
            }

            #of_prepare
            #errors
            pub fn prepare(self) -> #rt::Result<Prepared> {
                let object = #rt::private::prepare(
                    &SPEC,
                    self.options,
                    ::std::vec::Vec::from([#(#map_arguments),*]),
                    ::std::vec::Vec::from([#(self.progs.#programs),*]),
                )?;
                ::core::result::Result::Ok(Prepared {
                    maps: Maps::of(&object)?,
                    #(#all_sections: #section_values,)*
                    object,
                })
            }

            #of_load
            #errors
            pub fn load(self) -> #rt::Result<Skel> {
                self.prepare()?.load()
            }
        }

        impl ::core::default::Default for Open {
            fn default() -> Self {
                Self::new()
            }
        }
    }
}

/// Handles on the created data maps.
fn section_values<'t>(
    rt: &'t Path,
    object: &'t Object<'_, '_>,
) -> impl Iterator<Item = TokenStream> + 't {
    object.sections.iter().map(move |section| {
        let index = Literal::usize_unsuffixed(section.map);
        if section.frozen {
            quote!(#rt::private::frozen(&object, #index)?)
        } else {
            quote!(#rt::private::live(&object, #index)?)
        }
    })
}

fn section_types<'t>(
    rt: &'t Path,
    object: &'t Object<'_, '_>,
) -> impl Iterator<Item = TokenStream> + 't {
    object.sections.iter().map(move |section| {
        let ident = &section.ident;
        if section.frozen {
            quote!(#rt::map::Frozen<sections::#ident>)
        } else {
            quote!(#rt::map::Live<live_sections::#ident>)
        }
    })
}

fn prepared(rt: &Path, object: &Object<'_, '_>, names: &Names<'_>) -> TokenStream {
    let Names { maps, programs, sections, section_docs, .. } = names;
    let types = section_types(rt, object);
    let (map_indices, program_indices) = (indices(maps.len()), indices(programs.len()));
    let [of_prepared, of_maps, of_object, of_object_fn, of_load] = [
        "The object, prepared: maps exist, the programs' text is final, nothing is verified.",
        "Its maps.",
        "What is behind it.",
        "What is behind it: final instructions, maps and programs by index.",
        "Loads the programs.",
    ]
    .map(doc);
    let errors = errors("Where the verifier rejects a program; nothing is left behind then.");
    quote! {
        #of_prepared
        #[derive(Debug)]
        pub struct Prepared {
            #of_maps
            pub maps: Maps,
            #(#section_docs pub #sections: #types,)*
            #of_object
            object: #rt::object::PreparedObject,
        }

        impl Prepared {
            #of_load
            #errors
            pub fn load(self) -> #rt::Result<Skel> {
                let (object, progs) = #rt::private::load(self.object, Progs::of)?;
                ::core::result::Result::Ok(Skel {
                    maps: self.maps,
                    progs,
                    #(#sections: self.#sections,)*
                    object,
                })
            }

            #of_object_fn
            pub fn object(&self) -> &#rt::object::PreparedObject {
                &self.object
            }
        }

        impl Maps {
            fn of(object: &#rt::object::PreparedObject) -> #rt::Result<Self> {
                ::core::result::Result::Ok(Self {
                    #(#maps: #rt::private::map(object, #map_indices)?,)*
                })
            }
        }

        impl Progs {
            fn of(object: &#rt::object::Object) -> #rt::Result<Self> {
                ::core::result::Result::Ok(Self {
                    #(#programs: #rt::private::program(object, #program_indices)?,)*
                })
            }
        }
    }
}

fn skel(rt: &Path, object: &Object<'_, '_>, names: &Names<'_>) -> TokenStream {
    let Names { sections, section_docs, .. } = names;
    let types = section_types(rt, object);
    let [of_skel, of_maps, of_progs, of_object, of_object_fn, of_attach, of_attach_pinned, of_pin, of_unpin] = [
        "The object, loaded.",
        "Its maps.",
        "Its programs.",
        "What is behind it.",
        "What is behind it: maps and programs by index.",
        match object.struct_ops.is_empty() {
            true => "Attaches every program whose section says where to; dropping the links detaches.",
            false => {
                "Attaches every program whose section says where to, and registers the operations; dropping the links detaches."
            }
        },
        "As `attach`, with links that are pinned in `directory/links` and taken over where they are there already.",
        "Pins all maps and programs in `directory`, one of this object's own on a BPF file system.",
        "Removes what is pinned in `directory`: maps, programs, links.",
    ]
    .map(doc);
    let attach_errors = errors(
        "Where one of them cannot be attached; it is named, and those before it are detached.",
    );
    let pin_errors =
        errors("Where another object is pinned there; what was pinned before it is removed again.");
    let unpin_errors = errors("Where another object is pinned there; that stays.");
    quote! {
        #of_skel
        #[derive(Debug)]
        pub struct Skel {
            #of_maps
            pub maps: Maps,
            #of_progs
            pub progs: Progs,
            #(#section_docs pub #sections: #types,)*
            #of_object
            object: #rt::object::Object,
        }

        impl Skel {
            #of_attach
            #attach_errors
            pub fn attach(&self) -> #rt::Result<#rt::Links> {
                self.object.attach()
            }

            #of_attach_pinned
            #attach_errors
            pub fn attach_pinned(
                &self,
                directory: impl ::core::convert::AsRef<::std::path::Path>,
            ) -> #rt::Result<#rt::Links> {
                self.object.attach_pinned(directory)
            }

            #of_pin
            #pin_errors
            pub fn pin(&self, directory: impl ::core::convert::AsRef<::std::path::Path>) -> #rt::Result<()> {
                self.object.pin(directory)
            }

            #of_unpin
            #unpin_errors
            pub fn unpin(&self, directory: impl ::core::convert::AsRef<::std::path::Path>) -> #rt::Result<()> {
                self.object.unpin(directory)
            }

            #of_object_fn
            pub fn object(&self) -> &#rt::object::Object {
                &self.object
            }
        }
    }
}

fn errors(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote! {
        #[doc = ""]
        #[doc = " # Errors"]
        #[doc = #text]
    }
}
