//! `__attribute__` from the texts of tags.

use std::fmt::Write;

/// ` __attribute__((name("text")))`, or the text itself where it is an attribute. A text that C cannot write is left out:
/// clang takes no numbers of characters there.
pub(super) fn write_attribute(out: &mut String, name: &str, text: &str, attribute: bool) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')' | ',' | ' ');
    if attribute {
        if text.chars().all(plain) {
            let _ = write!(out, " __attribute__(({text}))");
        }
        return;
    }
    let Some(text) = text.chars().map(escaped).collect::<Option<String>>() else {
        let _ = write!(out, " /* {name} with control characters */");
        return;
    };
    let _ = write!(out, " __attribute__(({name}(\"{text}\")))");
}

/// A character as a string literal has it.
fn escaped(c: char) -> Option<String> {
    let letter = match c {
        '"' | '\\' => c,
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        c if c.is_control() => return None,
        c => return Some(c.into()),
    };
    Some(format!("\\{letter}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character() {
        for (text, want) in [
            ("a \"b\" \\", r#" __attribute__((t("a \"b\" \\")))"#),
            ("\n\t\r\x0b\x0c\x07\x08", r#" __attribute__((t("\n\t\r\v\f\a\b")))"#),
            ("größe", r#" __attribute__((t("größe")))"#),
            ("a\x01", " /* t with control characters */"),
            ("\x7f", " /* t with control characters */"),
        ] {
            let mut out = String::new();
            write_attribute(&mut out, "t", text, false);
            assert_eq!(out, want, "{text:?}");
        }
    }
}
