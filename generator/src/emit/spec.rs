//! The spec as an expression. Every struct is taken apart in full, so that a new field does not compile until
//! it is printed here.

use bpf_skel::spec::{
    CoreRelocation, Data, Endian, Linkage, MapContents, MapSpec, ObjectSpec, Pinning, ProgramSpec,
    Relocation, RelocationTarget, Slot, SlotTarget, VariableSpec,
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::{Error, Result};

/// `{ use …; ObjectSpec { … } }`: constant, and equal to `spec`.
pub(crate) fn expression(spec: &ObjectSpec, rt: &syn::Path) -> Result<TokenStream> {
    let ObjectSpec {
        name,
        endian,
        license,
        kernel_version,
        btf,
        maps,
        inner_maps,
        programs,
        variables,
    } = spec;
    let endian = match endian {
        Endian::Little => quote!(Endian::Little),
        Endian::Big => quote!(Endian::Big),
    };
    let (name, license, btf) = (text(name), text(license), blob(btf));
    let kernel_version = number(*kernel_version);
    let (maps, inner_maps) = (list(maps, map), list(inner_maps, map));
    let programs: Vec<TokenStream> = programs.iter().map(program).collect::<Result<_>>()?;
    let variables = list(variables, variable);
    Ok(quote! {{
        use ::std::borrow::Cow::Borrowed;
        use #rt::private::{core, map_fd, map_value};
        use #rt::section_name::AttachKind;
        use #rt::spec::*;
        use #rt::uapi::{AttachType, MapType, ProgramType};
        ObjectSpec {
            name: #name,
            endian: #endian,
            license: #license,
            kernel_version: #kernel_version,
            btf: #btf,
            maps: #maps,
            inner_maps: #inner_maps,
            programs: Borrowed(&[#(#programs),*]),
            variables: #variables,
        }
    }})
}

fn map(spec: &MapSpec) -> TokenStream {
    let MapSpec {
        name,
        section,
        map_type,
        key_size,
        value_size,
        max_entries,
        flags,
        extra,
        numa_node,
        pinning,
        key_type_id,
        value_type_id,
        inner,
        contents,
    } = spec;
    let map_type = named("MapType", map_type.constant(), map_type.0);
    let pinning = match pinning {
        Pinning::None => quote!(Pinning::None),
        Pinning::ByName => quote!(Pinning::ByName),
    };
    let inner = option(inner.map(number));
    let contents = match contents {
        MapContents::Empty => quote!(MapContents::Empty),
        MapContents::Data { data, frozen } => {
            let data = match data {
                Data::Zeroed(len) => {
                    let len = number(*len);
                    quote!(Data::Zeroed(#len))
                }
                Data::Bytes(bytes) => {
                    let bytes = blob(bytes);
                    quote!(Data::Bytes(#bytes))
                }
            };
            quote!(MapContents::Data { data: #data, frozen: #frozen })
        }
        MapContents::Slots(slots) => {
            let slots = list(slots, slot);
            quote!(MapContents::Slots(#slots))
        }
    };
    let (name, section) = (text(name), text(section));
    let [key_size, value_size, max_entries, flags, numa_node, key_type_id, value_type_id] =
        [*key_size, *value_size, *max_entries, *flags, *numa_node, *key_type_id, *value_type_id]
            .map(number);
    let extra = Literal::u64_unsuffixed(*extra);
    quote! {
        MapSpec {
            name: #name,
            section: #section,
            map_type: #map_type,
            key_size: #key_size,
            value_size: #value_size,
            max_entries: #max_entries,
            flags: #flags,
            extra: #extra,
            numa_node: #numa_node,
            pinning: #pinning,
            key_type_id: #key_type_id,
            value_type_id: #value_type_id,
            inner: #inner,
            contents: #contents,
        }
    }
}

fn slot(slot: &Slot) -> TokenStream {
    let Slot { key, target } = slot;
    let key = number(*key);
    let target = match target {
        SlotTarget::Map(index) => {
            let index = number(*index);
            quote!(SlotTarget::Map(#index))
        }
        SlotTarget::Program(index) => {
            let index = number(*index);
            quote!(SlotTarget::Program(#index))
        }
    };
    quote!(Slot { key: #key, target: #target })
}

fn program(spec: &ProgramSpec) -> Result<TokenStream> {
    let ProgramSpec {
        name,
        section,
        program_type,
        attach_type,
        attach,
        target,
        flags,
        autoload,
        insns,
        func_info,
        line_info,
        relocations,
        core_relocations,
    } = spec;
    let relocations: Vec<TokenStream> =
        relocations.iter().map(relocation).collect::<Result<_>>()?;
    let core_relocations = list(core_relocations, core_relocation);
    let program_type = named("ProgramType", program_type.constant(), program_type.0);
    let attach_type = match attach_type.0 {
        // 0 is also what programs without an attach type have; a name would mislead.
        0 => quote!(AttachType(0)),
        value => named("AttachType", attach_type.constant(), value),
    };
    let attach = ident(&format!("{attach:?}"));
    let target = option(target.as_ref().map(|target| text(target)));
    let (name, section, flags) = (text(name), text(section), number(*flags));
    let [insns, func_info, line_info] = [insns, func_info, line_info].map(|bytes| blob(bytes));
    Ok(quote! {
        ProgramSpec {
            name: #name,
            section: #section,
            program_type: #program_type,
            attach_type: #attach_type,
            attach: AttachKind::#attach,
            target: #target,
            flags: #flags,
            autoload: #autoload,
            insns: #insns,
            func_info: #func_info,
            line_info: #line_info,
            relocations: Borrowed(&[#(#relocations),*]),
            core_relocations: #core_relocations,
        }
    })
}

fn relocation(relocation: &Relocation) -> Result<TokenStream> {
    let Relocation { insn, target } = relocation;
    let insn = number(*insn);
    match target {
        RelocationTarget::Map(map) => {
            let map = number(*map);
            Ok(quote!(map_fd(#insn, #map)))
        }
        RelocationTarget::MapValue { map, offset } => {
            let (map, offset) = (number(*map), number(*offset));
            Ok(quote!(map_value(#insn, #map, #offset)))
        }
        other => Err(Error::invalid_input(format!(
            "relocation {other:?} is not supported in a skeleton yet"
        ))),
    }
}

fn core_relocation(relocation: &CoreRelocation) -> TokenStream {
    let CoreRelocation { insn, type_id, access, kind } = relocation;
    let [insn, type_id, access] = [*insn, *type_id, *access].map(number);
    let kind = ident(&format!("{kind:?}"));
    quote!(core(#insn, #type_id, #access, CoreKind::#kind))
}

fn variable(spec: &VariableSpec) -> TokenStream {
    let VariableSpec { name, map, offset, size, type_id, linkage } = spec;
    let linkage = match linkage {
        Linkage::Static => quote!(Linkage::Static),
        Linkage::Global => quote!(Linkage::Global),
        Linkage::Weak => quote!(Linkage::Weak),
    };
    let name = text(name);
    let [map, offset, size, type_id] = [*map, *offset, *size, *type_id].map(number);
    quote! {
        VariableSpec {
            name: #name,
            map: #map,
            offset: #offset,
            size: #size,
            type_id: #type_id,
            linkage: #linkage,
        }
    }
}

fn list<T>(items: &[T], print: impl Fn(&T) -> TokenStream) -> TokenStream {
    let items = items.iter().map(print);
    quote!(Borrowed(&[#(#items),*]))
}

fn text(text: &str) -> TokenStream {
    quote!(Borrowed(#text))
}

/// A byte string: lists of numbers took one user's compiler 10 GB.
fn blob(bytes: &[u8]) -> TokenStream {
    let bytes = Literal::byte_string(bytes);
    quote!(Borrowed(#bytes))
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// A kernel number by its name, or as a number where this version knows none.
fn named(ty: &str, constant: Option<&str>, value: u32) -> TokenStream {
    let ty = ident(ty);
    match constant {
        Some(constant) => {
            let constant = ident(constant);
            quote!(#ty::#constant)
        }
        None => {
            let value = number(value);
            quote!(#ty(#value))
        }
    }
}

fn number(value: u32) -> Literal {
    Literal::u32_unsuffixed(value)
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
