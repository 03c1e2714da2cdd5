//! `bpf_skel!`: a typed skeleton of a BPF object, in place.
//!
//! ```text
//! bpf_skel_macros::bpf_skel!(mod runqslower = "src/runqslower.bpf.o");
//! ```
//!
//! A door only: `bpf-skel-build` does the work.

mod input;

use std::path::Path;

use bpf_skel_build::{Builder, Options};
use input::Input;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, Parser};
use syn::{Error, LitStr, Result};

/// Expands to a module with the skeleton of an object.
///
/// ```text
/// bpf_skel!(mod a = "a.bpf.o");                    // an object that exists
/// bpf_skel!(#[doc = "…"] pub mod b = "b.bpf.c");   // compiled by clang while the crate is built
/// bpf_skel!(mod c = "c-el.o", "c-eb.o");           // the one of the target's byte order
/// bpf_skel!(mod d = ["d.bpf.c", "e.bpf.o"]);       // several that are linked to one
/// ```
///
/// After the paths come options, each of which does what the [`Builder`]'s method of its name does:
///
/// ```text
/// bpf_skel! {
///     mod e = "e.bpf.c",
///     types = ["event", "struct value"],            // types that no map and no variable has
///     bind = { "struct own": crate::Own },          // Rust types of one's own that stand for C types
///     bind_opaque = { "struct key": ::keys::Key },  // … whose fields are their own affair
///     untyped_maps = ["events"],                    // maps that are retyped before the load
/// }
/// ```
///
/// A Rust type of one's own is plain data by `bpf_skel::impl_pod!(Own { field, … })`, without `unsafe`, and `Debug`.
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

impl Input {
    fn expand(self) -> Result<TokenStream> {
        let made = self.objects.iter().map(|object| self.skeleton(object));
        let (orders, skeletons): (Vec<_>, Vec<_>) =
            made.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        self.check_orders(&orders)?;
        Ok(skeletons.into_iter().collect())
    }

    /// The byte order of one alternative, and its skeleton.
    fn skeleton(&self, literals: &[LitStr]) -> Result<(&'static str, TokenStream)> {
        let object =
            || literals.first().map_or(self.module.to_token_stream(), |it| it.to_token_stream());
        let failed = |error: bpf_skel_build::Error| {
            let place = self.place(&error).unwrap_or_else(object);
            Error::new_spanned(place, format!("{error:?}"))
        };
        let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        let paths: Vec<_> = literals.iter().map(|it| Path::new(&root).join(it.value())).collect();
        let mut options = Options::default();
        options.module = Some(self.module.to_string());
        options.visibility = Some(self.visibility.to_token_stream().to_string());
        let attributes = &self.attributes;
        options.attributes = quote!(#(#attributes)*).to_string();
        (options.types, options.bindings) = (self.types(), self.bindings());
        options.untyped_maps = self.untyped_maps();
        let builder = Builder::new().any_endian().options(options);
        let (skeleton, files) = builder.expand_all(&paths).map_err(failed)?;
        let endian = skeleton.endian_cfg();
        let only = (self.objects.len() > 1).then(|| quote!(#[cfg(target_endian = #endian)]));
        let skeleton: TokenStream =
            skeleton.to_string().parse().map_err(|error| Error::new_spanned(object(), error))?;
        // The compiler builds again when a file that it has included changes.
        let absolute = files.iter().map(|file| std::path::absolute(file).unwrap_or(file.clone()));
        let files = absolute.map(|file| file.to_string_lossy().into_owned());
        let skeleton = quote! {
            #only
            #skeleton
            #(const _: &[u8] = ::core::include_bytes!(#files);)*
        };
        Ok((endian, skeleton))
    }
}
