//! Indented Rust text for large constants.

use std::fmt::{Display, Write};

/// Longest line of short items.
const WIDTH: usize = 100;

/// Lines, indented as deep as the braces that are open.
pub(super) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    /// A writer whose first line goes behind text that is there already, at this depth.
    pub(super) fn new(depth: usize) -> Self {
        Self { text: String::new(), depth }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
            for _ in 0..self.depth {
                self.text.push_str("    ");
            }
        }
        self.text.push_str(text);
    }

    /// A line that ends in a brace; what follows is inside of it.
    pub(super) fn open(&mut self, text: &str) {
        self.line(text);
        self.depth += 1;
    }

    pub(super) fn close(&mut self, text: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line(text);
    }

    /// `name: value,`
    pub(super) fn field(&mut self, name: &str, value: &(impl Display + ?Sized)) {
        self.line(name);
        // Writing to a String cannot fail.
        let _ = write!(self.text, ": {value},");
    }

    /// `name: Borrowed(&[ … ]),`
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], print: impl Fn(&mut Self, &T)) {
        if items.is_empty() {
            return self.field(name, "Borrowed(&[])");
        }
        self.open(&format!("{name}: Borrowed(&["));
        items.iter().for_each(|item| print(self, item));
        self.close("]),");
    }

    /// As [`list`](Self::list), of short items: as many as fit on a line.
    pub(super) fn rows(&mut self, name: &str, items: impl IntoIterator<Item = String>) {
        let mut row = String::new();
        let mut open = false;
        let room = WIDTH.saturating_sub((self.depth + 1) * 4);
        for item in items {
            if !open {
                self.open(&format!("{name}: Borrowed(&["));
                open = true;
            }
            if !row.is_empty() && row.len() + item.len() + 2 > room {
                self.line(row.trim_end());
                row.clear();
            }
            row.push_str(&item);
            row.push_str(", ");
        }
        if !open {
            return self.field(name, "Borrowed(&[])");
        }
        self.line(row.trim_end());
        self.close("]),");
    }
}

/// Appends the inside of a byte string literal.
pub(super) fn bytes(out: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(byte.into()),
            0 => out.push_str("\\0"),
            _ => {
                out.push_str("\\x");
                out.push(HEX[usize::from(byte >> 4)].into());
                out.push(HEX[usize::from(byte & 15)].into());
            }
        }
    }
}

/// An `Option` of what is printed already.
pub(super) fn option(value: Option<String>) -> String {
    match value {
        Some(value) => format!("::core::option::Option::Some({value})"),
        None => "::core::option::Option::None".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let mut text = String::new();
        bytes(&mut text, &all);
        let literal: syn::LitByteStr = syn::parse_str(&format!("b\"{text}\"")).unwrap();
        assert_eq!(literal.value(), all);
    }

    #[test]
    fn lines_are_indented_and_rows_filled() {
        let mut out = Writer::new(1);
        out.open("{");
        out.field("a", &1);
        out.rows("b", []);
        out.rows("c", (0..30).map(|n| format!("item({n})")));
        out.close("}");
        let text = out.into_text();
        assert!(text.starts_with("{\n        a: 1,\n        b: Borrowed(&[]),\n"), "{text}");
        assert!(text.ends_with(",\n        ]),\n    }"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}
