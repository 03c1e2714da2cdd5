//! `bpf_skel!`: a typed skeleton of a BPF object, in place.
//!
//! ```text
//! bpf_skel_macros::bpf_skel!(mod runqslower = "src/runqslower.bpf.o");
//! ```
//!
//! A door only: `bpf-skel-build` does the work, and from a `build.rs` it does more of it.

use std::path::Path;

use bpf_skel_build::{Builder, Options};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Result, Token, Visibility};

/// Expands to a module with the skeleton of an object.
///
/// ```text
/// bpf_skel!(mod a = "a.bpf.o");                    // an object that exists
/// bpf_skel!(#[doc = "…"] pub mod b = "b.bpf.c");   // compiled by clang while the crate is built
/// bpf_skel!(mod c = "c-el.o", "c-eb.o");           // the one of the target's byte order
/// ```
///
/// Paths are relative to the crate's `Cargo.toml`. A source is compiled for the host's byte order and architecture: a
/// macro is not told the target's. Use a `build.rs` for anything else.
#[proc_macro]
pub fn bpf_skel(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    Input::parse
        .parse(input)
        .and_then(Input::expand)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// `#[attribute] pub mod name = "path", "path"`
struct Input {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    module: Ident,
    paths: Punctuated<LitStr, Token![,]>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![mod]>()?;
        let module = input.parse()?;
        input.parse::<Token![=]>()?;
        let paths = Punctuated::parse_separated_nonempty(input)?;
        input.parse::<Option<Token![;]>>()?;
        Ok(Self { attributes, visibility, module, paths })
    }
}

impl Input {
    fn expand(self) -> Result<TokenStream> {
        self.paths.iter().map(|path| self.skeleton(path)).collect()
    }

    fn skeleton(&self, literal: &LitStr) -> Result<TokenStream> {
        let failed = |message: String| Error::new(literal.span(), message);
        let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        let path = Path::new(&root).join(literal.value());
        let mut options = Options::default();
        options.module = Some(self.module.to_string());
        options.visibility = Some(self.visibility.to_token_stream());
        let attributes = &self.attributes;
        options.attributes = quote!(#(#attributes)*);
        let builder = Builder::new().any_endian().options(options);
        let (skeleton, files) =
            builder.expand(&path).map_err(|error| failed(format!("{error:?}")))?;
        let endian = skeleton.endian_cfg();
        let only = (self.paths.len() > 1).then(|| quote!(#[cfg(target_endian = #endian)]));
        let skeleton = skeleton.tokens().map_err(|error| failed(format!("{error:?}")))?;
        // The compiler builds again when a file that it has included changes.
        let absolute = files.iter().map(|file| std::path::absolute(file).unwrap_or(file.clone()));
        let files = absolute.map(|file| file.to_string_lossy().into_owned());
        Ok(quote! {
            #only
            #skeleton
            #(const _: &[u8] = ::core::include_bytes!(#files);)*
        })
    }
}
