//! Paths of Rust items, as users give them. Read here, so that no build script has to compile syn for this alone.

use std::str::FromStr;

use bpf_skel::Frame;
use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};

use crate::ident::is_keyword;
use crate::{Error, Result};

/// `::bpf_skel`, `crate::Event`, `::numbers::Fixed<8>`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    tokens: TokenStream,
    /// The names between the colons, without generic arguments.
    names: Vec<String>,
    /// Whether it begins with colons.
    leading: bool,
}

impl Path {
    /// That it means the same in every module.
    pub(crate) fn absolute(text: &str) -> Result<Self> {
        let in_path = |error: Error| error.within(Frame::Path(text.to_owned()));
        let path: Self =
            text.parse().map_err(|fault: &str| in_path(Error::invalid_input(fault.to_owned())))?;
        if path.leading || path.names[0] == "crate" {
            return Ok(path);
        }
        Err(in_path(
            Error::invalid_input("the path is relative")
                .with_hint(format!("begin it with `crate::` or `::`: `crate::{text}`")),
        ))
    }

    /// The last name.
    pub(crate) fn last(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// As source text has it.
    pub(crate) fn text(&self) -> String {
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        let mut text = String::new();
        for token in self.tokens.to_string().split(' ') {
            if text.ends_with(is_word) && token.starts_with(is_word) {
                text.push(' ');
            }
            text.push_str(token);
        }
        text
    }
}

impl FromStr for Path {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a path";
        let tokens: TokenStream = text.parse().map_err(|_| EXPECTED)?;
        let mut rest = tokens.clone().into_iter().peekable();
        let mut names = Vec::new();
        let leading = matches!(rest.peek(), Some(TokenTree::Punct(_)));
        if leading && !colons(&mut rest) {
            return Err(EXPECTED);
        }
        loop {
            match rest.next() {
                Some(TokenTree::Ident(name)) if name != "_" && !is_keyword(&name.to_string()) => {
                    names.push(name.to_string());
                }
                _ => return Err(EXPECTED),
            }
            match rest.peek().cloned() {
                None => break,
                // Arguments of the last name; what they mean is rustc's affair.
                Some(TokenTree::Punct(punct)) if punct.as_char() == '<' => {
                    let last = rest.last();
                    let ends = |it: &TokenTree| matches!(it, TokenTree::Punct(end) if end.as_char() == '>');
                    if !last.as_ref().is_some_and(ends) {
                        return Err(EXPECTED);
                    }
                    break;
                }
                Some(_) if colons(&mut rest) => {}
                Some(_) => return Err(EXPECTED),
            }
        }
        Ok(Self { tokens, names, leading })
    }
}

impl ToTokens for Path {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(self.tokens.clone());
    }
}

/// Takes `::`.
fn colons(tokens: &mut impl Iterator<Item = TokenTree>) -> bool {
    let mut colon = |spacing| {
        matches!(tokens.next(), Some(TokenTree::Punct(punct))
            if punct.as_char() == ':' && (punct.spacing() == Spacing::Joint || spacing == Spacing::Alone))
    };
    colon(Spacing::Joint) && colon(Spacing::Alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_text() {
        for (text, last) in [
            ("::bpf_skel", "bpf_skel"),
            ("crate::types::Event", "Event"),
            ("super::r#type", "r#type"),
            ("::numbers::Fixed<{ 4 + 4 }, crate::Unit>", "Fixed"),
        ] {
            let path: Path = text.parse().unwrap();
            assert_eq!(path.last(), last);
            assert_eq!(path.text().replace(' ', ""), text.replace(' ', ""));
        }
        for text in
            ["", "::", "a::", "a:b", "a: :b", "a b", "a::fn", "_", "a::<", "a<b", "1", "\"", "a+b"]
        {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }

    #[test]
    fn relative_paths_are_refused() {
        assert!(Path::absolute("::user::Event").is_ok());
        let error = Path::absolute("Event").unwrap_err().to_string();
        assert_eq!(
            error,
            "Event: the path is relative (begin it with `crate::` or `::`: `crate::Event`)"
        );
    }
}
