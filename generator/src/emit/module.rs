//! The skeleton's module as a whole.

use bpf_skel::spec::Endian;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::docs::{code, doc};
use super::paths::Paths;
use super::{live, maps, phases, programs, sections, spec, struct_ops, types};
use crate::model::Object;
use crate::shared::Shared;
use crate::{Error, Result};

/// What goes before the module's name, and the name.
pub(crate) struct Header<'h> {
    pub(crate) attributes: &'h TokenStream,
    pub(crate) visibility: &'h TokenStream,
    pub(crate) module: &'h Ident,
    /// Name of the object's file.
    pub(crate) file: &'h str,
    pub(crate) runtime: &'h syn::Path,
}

/// The module, in the parts that tokens and text are made of.
#[derive(Debug)]
pub(crate) struct Module {
    /// Up to its name.
    head: TokenStream,
    /// All but the spec.
    body: TokenStream,
    /// `pub static SPEC: … =`
    spec_head: TokenStream,
    spec: String,
}

/// Stands for the spec while the rest is formatted.
const SPEC: &str = "__bpf_skel_spec";

impl Module {
    /// The types that are `shared` are where those are.
    pub(crate) fn new(
        header: &Header<'_>,
        object: &Object<'_, '_>,
        shared: Option<&Shared>,
    ) -> Result<Self> {
        let Header { file, runtime, .. } = header;
        let paths = Paths::root(runtime, &object.types);
        let (of_module, of_spec) = (
            doc(format!("Skeleton of BPF object {}.", code(file))),
            doc("Everything that the object holds."),
        );
        let head = head(&of_module, header);
        let body = [
            other_endian(object.spec.endian, file),
            phases::structs(&paths, object, file),
            maps::structs(&paths, &object.maps),
            struct_ops::open_struct(&paths, &object.struct_ops),
            programs::structs(&paths, &object.programs),
            types::module(&paths, shared),
            live::module(&paths, &object.sections),
            sections::modules(&paths, &object.sections),
        ]
        .into_iter()
        .collect();
        let spec_head = quote! {
            #of_spec
            pub static SPEC: #runtime::spec::ObjectSpec =
        };
        let spec = spec::expression(object.spec, runtime, 1)?;
        Ok(Self { head, body, spec_head, spec })
    }

    pub(crate) fn tokens(&self) -> Result<TokenStream> {
        let spec: TokenStream = self.spec.parse().map_err(|error| {
            Error::invalid_input(format!("the printed spec is no Rust: {error}"))
        })?;
        Ok(self.with_spec(&spec))
    }

    /// The text of a file; the error says what is no Rust.
    pub(crate) fn text(&self) -> syn::Result<String> {
        let placeholder = Ident::new(SPEC, Span::call_site());
        let tokens = self.with_spec(&placeholder);
        let text = file_text(tokens)?;
        // The last item of the module: whatever the names before it are, the last occurrence is ours.
        let at = text.rfind(SPEC).unwrap_or(text.len());
        let (before, after) = text.split_at(at);
        let after = after.strip_prefix(SPEC).unwrap_or(after);
        Ok([before, &self.spec, after].concat())
    }

    fn with_spec(&self, spec: &impl ToTokens) -> TokenStream {
        let Self { head, body, spec_head, .. } = self;
        quote!(#head { #body #spec_head #spec; })
    }
}

/// The text of a file, with feature `format` as rustfmt would have it.
pub(crate) fn file_text(tokens: TokenStream) -> syn::Result<String> {
    #[cfg(feature = "format")]
    return Ok(prettyplease::unparse(&syn::parse2(tokens)?));
    #[cfg(not(feature = "format"))]
    return Ok(super::plain::print(tokens));
}

/// A module of types that several skeletons have.
pub(crate) fn common_module(header: &Header<'_>, items: &[TokenStream]) -> TokenStream {
    let head = head(&doc("C types of several BPF objects, byte for byte."), header);
    quote!(#head { #(#items)* })
}

/// One list of lints, so that the module builds whatever the user denies; unsafe code is in the runtime's macros only, so
/// that even `forbid(unsafe_code)` holds.
fn head(doc: &TokenStream, header: &Header<'_>) -> TokenStream {
    let Header { attributes, visibility, module, .. } = header;
    quote! {
        #doc
        #[allow(
            unused,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction,
            nonstandard_style,
            private_interfaces,
            unreachable_pub,
            rustdoc::all,
        )]
        #attributes
        #visibility mod #module
    }
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
