//! How a skeleton is to look.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

use crate::{Error, Result};

/// How a skeleton is to look, whichever way its object came about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Name of the module, or `None` for the object's own name.
    pub module: Option<String>,
    /// Path of the runtime crate as generated code spells it; `::bpf_skel` unless it was renamed.
    pub runtime: String,
    /// Attributes for the module.
    pub attributes: TokenStream,
    /// The module's visibility; `pub` if not given.
    pub visibility: Option<TokenStream>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            module: None,
            runtime: "::bpf_skel".to_owned(),
            attributes: TokenStream::new(),
            visibility: None,
        }
    }
}

impl Options {
    /// The runtime's path, checked and without spaces.
    pub(crate) fn runtime_path(&self) -> Result<String> {
        let wrong =
            || Error::invalid_input(format!("runtime path {:?} is not a path", self.runtime));
        let tokens: TokenStream = self.runtime.parse().map_err(|_| wrong())?;
        let text = tokens.to_string().replace(" ::", "::").replace(":: ", "::");
        let names = text.strip_prefix("::").unwrap_or(&text);
        let good = |name: &str| matches!(name, "crate" | "self" | "super") || ident(name).is_some();
        if names.split("::").all(good) { Ok(text) } else { Err(wrong()) }
    }

    /// The module's name for an object called `object`; a name that the user chose is not bent.
    pub(crate) fn module_ident(&self, object: &str) -> Result<Ident> {
        match &self.module {
            Some(name) => ident(name).ok_or_else(|| {
                Error::invalid_input(format!("module name {name:?} is not an identifier"))
            }),
            None => Ok(Ident::new(&crate::ident::module(object), Span::call_site())),
        }
    }
}

/// The text as the one identifier that it is.
fn ident(text: &str) -> Option<Ident> {
    if crate::ident::is_keyword(text) {
        return None;
    }
    let mut tokens = text.parse::<TokenStream>().ok()?.into_iter();
    match (tokens.next(), tokens.next()) {
        // In a macro, spans of parsed text are the call's.
        (Some(TokenTree::Ident(ident)), None) => Some(ident),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        let mut options = Options::default();
        for (path, good) in [
            ("::bpf_skel", Some("::bpf_skel")),
            ("crate :: r#type", Some("crate::r#type")),
            ("größe", Some("größe")),
            ("", None),
            ("a::", None),
            ("a b", None),
            ("a::b<c>", None),
            ("a; b", None),
            ("loop", None),
        ] {
            options.runtime = path.to_owned();
            assert_eq!(options.runtime_path().ok().as_deref(), good, "{path}");
        }
        for (name, good) in [("a", true), ("r#loop", true), ("loop", false), ("a b", false)] {
            options.module = Some(name.to_owned());
            assert_eq!(options.module_ident("x").is_ok(), good, "{name}");
        }
    }
}
