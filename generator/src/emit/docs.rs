//! Documentation of generated items.

use proc_macro2::TokenStream;
use quote::quote;

/// One paragraph of documentation. Names out of the object pass [`code`] first.
pub(super) fn doc(text: impl AsRef<str>) -> TokenStream {
    let text = format!(" {}", text.as_ref());
    quote!(#[doc = #text])
}

/// Several paragraphs.
pub(super) fn paragraphs(texts: impl IntoIterator<Item = String>) -> TokenStream {
    let mut out = TokenStream::new();
    for (index, text) in texts.into_iter().enumerate() {
        if index > 0 {
            out.extend(quote!(#[doc = ""]));
        }
        out.extend(doc(text));
    }
    out
}

/// Text out of the object as code. It is untrusted: it must neither end the line nor the code.
pub(super) fn code(text: &str) -> String {
    let mut clean = String::with_capacity(text.len() + 2);
    clean.push('`');
    for c in text.chars() {
        match c {
            '`' => clean.push('\''),
            c if c.is_control() => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean.push('`');
    clean
}

/// "1 byte", "24 bytes".
pub(super) fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        _ => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_the_comment() {
        assert_eq!(code("a\n*/ fn `x`"), r"`a\n*/ fn 'x'`");
        assert_eq!(bytes(1), "1 byte");
    }
}
