//! The skeleton's module as a whole.

use bpf_skel::spec::Endian;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::{code, doc};
use super::paths::Paths;
use super::{live, maps, phases, programs, sections, spec, types};
use crate::Result;
use crate::model::Object;

/// What goes before the module's name, and the name.
pub(crate) struct Header<'h> {
    pub(crate) attributes: &'h TokenStream,
    pub(crate) visibility: &'h TokenStream,
    pub(crate) module: &'h Ident,
    /// Name of the object's file.
    pub(crate) file: &'h str,
    pub(crate) runtime: &'h syn::Path,
}

/// The module. It starts with one list of lints, so that it builds whatever the user denies; unsafe code is in the
/// runtime's macros only, so that even `forbid(unsafe_code)` holds.
pub(crate) fn module(header: &Header<'_>, object: &Object<'_, '_>) -> Result<TokenStream> {
    let Header { attributes, visibility, module, file, runtime } = header;
    let paths = Paths::root(runtime, &object.types);
    let phases = phases::structs(&paths, object, file);
    let maps = maps::structs(&paths, &object.maps);
    let programs = programs::structs(&paths, &object.programs);
    let types = types::module(&paths);
    let live = live::module(&paths, &object.sections);
    let sections = sections::modules(&paths, &object.sections);
    let spec = spec::expression(object.spec, runtime)?;
    let (of_module, of_spec) = (
        doc(format!("Skeleton of BPF object {}.", code(file))),
        doc("Everything that the object holds."),
    );
    let other_endian = other_endian(object.spec.endian, file);
    Ok(quote! {
        #of_module
        #[allow(
            unused,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction,
            nonstandard_style,
            unreachable_pub,
            rustdoc::all,
        )]
        #attributes
        #visibility mod #module {
            #other_endian
            #phases
            #maps
            #programs
            #types
            #live
            #sections
            #of_spec
            pub static SPEC: #runtime::spec::ObjectSpec = #spec;
        }
    })
}

/// A target of the other byte order would read every number wrong.
fn other_endian(endian: Endian, file: &str) -> TokenStream {
    let (other, wanted) = match endian {
        Endian::Little => ("big", "bpfeb"),
        Endian::Big => ("little", "bpfel"),
    };
    let message = format!(
        "{} is {endian} and the target is {other}-endian: compile the C source for it with `-target {wanted}`",
        code(file)
    );
    quote! {
        #[cfg(target_endian = #other)]
        ::core::compile_error!(#message);
    }
}
