//! Documentation of generated items.

use std::fmt::{self, Display, Write};

use super::text::Text;

/// Text out of the object as code. It is untrusted: it must neither end the line nor the code.
pub(super) fn code(text: &str) -> Code<'_> {
    Code(text)
}

pub(super) struct Code<'t>(&'t str);

impl Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        for c in self.0.chars() {
            match c {
                '`' => f.write_char('\'')?,
                c if is_unclean(c) => write!(f, "{}", c.escape_default())?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('`')
    }
}

impl Text for Code<'_> {
    fn put(&self, out: &mut String) {
        // Most text is plain, which is seen faster by its bytes.
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'`';
        if self.0.bytes().all(is_plain) || !self.0.contains(is_unclean) {
            ("`", self.0, "`").put(out);
        } else {
            format_args!("{self}").put(out);
        }
    }
}

/// As [`code`], of several: "`a`, `b`".
pub(super) fn codes(texts: &[String]) -> String {
    texts.iter().map(|text| code(text).to_string()).collect::<Vec<_>>().join(", ")
}

/// What ends a line or the code, or has the text be read in another order than it stands in.
pub(super) fn is_unclean(c: char) -> bool {
    let turns = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c == '`' || c.is_control() || turns
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
        assert_eq!(code("struct größe *").to_string(), "`struct größe *`");
        assert_eq!(code("a\n*/ fn `x`\r").to_string(), r"`a\n*/ fn 'x'\r`");
        assert_eq!(code("a\u{202e}\u{2028}\0").to_string(), r"`a\u{202e}\u{2028}\u{0}`");
        assert_eq!(bytes(1), "1 byte");
    }
}
