//! The skeleton's module as a whole.

use std::borrow::Cow;
use std::fmt;

use bpf_skel::spec::Endian;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::{code, doc};
use super::paths::Paths;
use super::writer::Writer;
use super::{live, maps, phases, programs, sections, spec, struct_ops, types};
use crate::model::Object;
use crate::path::Path;
use crate::shared::Shared;
use crate::{Error, Result};

/// What goes before the module's name, and the name.
pub(crate) struct Header<'h> {
    pub(crate) attributes: &'h TokenStream,
    pub(crate) visibility: &'h TokenStream,
    pub(crate) module: &'h Ident,
    /// Name of the object's file.
    pub(crate) file: &'h str,
    pub(crate) runtime: &'h Path,
}

/// The module, in the parts that tokens and text are made of: the fixed frame, which is made of tokens, and the items that
/// grow with the object, which are written as text.
#[derive(Debug)]
pub(crate) struct Module {
    /// Up to its name.
    head: TokenStream,
    frame: TokenStream,
    items: String,
}

impl Module {
    /// The types that are `shared` are where those are.
    pub(crate) fn new(
        header: &Header<'_>,
        object: &Object<'_, '_>,
        shared: Option<&Shared>,
    ) -> Result<Self> {
        let Header { file, runtime, .. } = header;
        let head = head(&doc(format_args!("Skeleton of BPF object {}.", code(file))), header);
        let frame =
            [other_endian(object.spec.endian, file), phases::structs(runtime, object, file)];
        let frame = frame.into_iter().collect();
        let runtime = runtime.text();
        let paths = Paths::root(&runtime, &object.types);
        let mut items = Writer::new(1);
        maps::structs(&mut items, &paths, &object.maps);
        struct_ops::open_struct(&mut items, &paths, &object.struct_ops);
        programs::structs(&mut items, &paths, &object.programs);
        types::module(&mut items, &paths, shared);
        live::module(&mut items, &paths, &object.sections);
        sections::modules(&mut items, &paths, &object.sections);
        spec::constant(&mut items, &runtime, object.spec)?;
        Ok(Self { head, frame, items: items.into_text() })
    }

    /// A module of types that several skeletons have.
    pub(crate) fn of_types(header: &Header<'_>, items: String) -> Self {
        let head = head(&doc("C types of several BPF objects, byte for byte."), header);
        Self { head, frame: TokenStream::new(), items }
    }

    pub(crate) fn tokens(&self) -> Result<TokenStream> {
        let Self { head, frame, items } = self;
        let items: TokenStream = items.parse().map_err(no_rust)?;
        Ok(quote!(#head { #frame #items }))
    }

    /// The text of a file, in the parts that it is made of; the error says what is no Rust.
    pub(crate) fn text(&self) -> Result<[Cow<'_, str>; 3]> {
        let Self { head, frame, items } = self;
        let mut before = file_text(quote!(#head { #frame }))?;
        // The brace that ends the module.
        let end = before.trim_end().len().saturating_sub(1);
        before.truncate(before[..end].trim_end().len());
        before.push('\n');
        Ok([before.into(), items.into(), "}\n".into()])
    }
}

/// The text of a file, with feature `format` as rustfmt would have it.
fn file_text(tokens: TokenStream) -> Result<String> {
    #[cfg(feature = "format")]
    return Ok(prettyplease::unparse(&syn::parse2(tokens).map_err(no_rust)?));
    #[cfg(not(feature = "format"))]
    return Ok(super::plain::print(tokens));
}

fn no_rust(error: impl fmt::Display) -> Error {
    Error::invalid_input(format!("what was written is no Rust: {error}"))
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
