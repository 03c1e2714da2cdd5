//! Tokens as text without a formatter: a line an item, statement and field, indented. What a build script writes has its
//! frame from here, so that build scripts need not compile prettyplease and all of syn before anything else.

use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The text of a file.
pub(super) fn print(tokens: TokenStream) -> String {
    let mut out = String::new();
    lines(tokens, 0, &mut out);
    out
}

fn lines(tokens: TokenStream, depth: usize, out: &mut String) {
    let mut line = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(block) if block.delimiter() == Delimiter::Brace => {
                let (block, first) = (block.stream(), std::mem::take(&mut line));
                let head = text(first);
                let space = if head.is_empty() { "" } else { " " };
                // `}` and what ends the line stay together.
                let end = tokens.next_if(ends_line).map(|end| end.to_string()).unwrap_or_default();
                if block.is_empty() {
                    write(depth, &format!("{head}{space}{{}}{end}"), out);
                } else {
                    write(depth, &format!("{head}{space}{{"), out);
                    lines(block, depth + 1, out);
                    write(depth, &format!("}}{end}"), out);
                }
                continue;
            }
            TokenTree::Punct(punct) if line.is_empty() && punct.as_char() == '#' => {
                if let Some(attribute) = attribute(&mut tokens) {
                    match doc(&attribute) {
                        Some(doc) => write(depth, &format!("///{doc}"), out),
                        None => write(depth, &format!("#{attribute}"), out),
                    }
                    continue;
                }
            }
            _ => {}
        }
        let ends =
            matches!(&token, TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ','));
        line.push(token);
        if ends {
            write(depth, &text(std::mem::take(&mut line)), out);
        }
    }
    if !line.is_empty() {
        write(depth, &text(line), out);
    }
}

fn ends_line(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ','))
}

/// What follows `#` in brackets.
fn attribute(tokens: &mut Peekable<IntoIter>) -> Option<Group> {
    match tokens.next_if(
        |next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket),
    ) {
        Some(TokenTree::Group(group)) => Some(group),
        _ => None,
    }
}

/// The text of `[doc = "…"]`, where it is one line.
fn doc(attribute: &Group) -> Option<String> {
    let mut tokens = attribute.stream().into_iter();
    match (tokens.next()?, tokens.next()?, tokens.next()?, tokens.next()) {
        (TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Literal(text), None)
            if name == "doc" =>
        {
            // What needs no escape but that of quotes is the same in a comment; line ends do need one.
            let text = text.to_string();
            let text = text.strip_prefix('"')?.strip_suffix('"')?.replace("\\\"", "\"");
            (!text.contains('\\') && !text.starts_with('/')).then_some(text)
        }
        _ => None,
    }
}

fn text(tokens: Vec<TokenTree>) -> String {
    TokenStream::from_iter(tokens).to_string()
}

fn write(depth: usize, line: &str, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("    "));
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_line_an_item() {
        let tokens = quote! {
            #[doc = " A \"struct\"."]
            #[repr(C)]
            pub struct a { #[doc = "/x"] pub b: [u8; 4], pub c: u8 }
            impl a {}
            fn f() { let x = h { y: 1 }; g(x, 2) }
        };
        let printed = print(tokens.clone());
        assert_eq!(
            printed.lines().map(str::trim_end).collect::<Vec<_>>(),
            [
                "/// A \"struct\".",
                "#[repr (C)]",
                "pub struct a {",
                "    #[doc = \"/x\"]",
                "    pub b : [u8 ; 4] ,",
                "    pub c : u8",
                "}",
                "impl a {}",
                "fn f () {",
                "    let x = h {",
                "        y : 1",
                "    };",
                "    g (x , 2)",
                "}",
            ]
        );
        let again: TokenStream = printed.parse().unwrap();
        assert_eq!(again.to_string(), tokens.to_string());
    }
}
