//! Indented Rust text.
//!
//! Text and not tokens: a skeleton of a large object has ten thousands of lines and megabytes of bytes. Making tokens of
//! them, parsing these and formatting what was parsed took twenty times as long, and three crates to build.

use std::fmt::{Display, Write};

/// Longest line of short items.
const WIDTH: usize = 100;

/// Lines, each behind a line break and indented as deep as the braces that are open.
pub(super) struct Writer {
    text: String,
    depth: usize,
}

/// A line, as [`format!`] would have it.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {
        $out.line(format_args!($($format)*))
    };
}
pub(super) use put;

impl Writer {
    /// A writer whose lines go inside of `depth` braces.
    pub(super) fn new(depth: usize) -> Self {
        Self { text: String::new(), depth }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn line(&mut self, text: impl Display) {
        self.text.push('\n');
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{text}");
    }

    /// A paragraph of documentation. Names out of the object pass [`code`](super::docs::code) first.
    pub(super) fn doc(&mut self, text: impl AsRef<str>) {
        put!(self, "/// {}", text.as_ref());
    }

    /// Several paragraphs of documentation.
    pub(super) fn docs(&mut self, texts: impl IntoIterator<Item = String>) {
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                self.line("///");
            }
            self.doc(text);
        }
    }

    /// A line that ends in a brace; what follows is inside of it.
    pub(super) fn open(&mut self, text: impl Display) {
        self.line(text);
        self.depth += 1;
    }

    pub(super) fn close(&mut self, text: &str) {
        self.depth = self.depth.saturating_sub(1);
        // Nothing inside.
        if self.text.ends_with(['{', '[', '(']) {
            return self.text.push_str(text);
        }
        self.line(text);
    }

    /// `name: value,`
    pub(super) fn field(&mut self, name: &str, value: &(impl Display + ?Sized)) {
        put!(self, "{name}: {value},");
    }

    /// `name: Borrowed(&[ … ]),`
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], print: impl Fn(&mut Self, &T)) {
        if items.is_empty() {
            return self.field(name, "Borrowed(&[])");
        }
        self.open(format_args!("{name}: Borrowed(&["));
        items.iter().for_each(|item| print(self, item));
        self.close("]),");
    }

    /// As [`list`](Self::list), of short items: as many as fit on a line.
    pub(super) fn rows(&mut self, name: &str, items: impl IntoIterator<Item = String>) {
        let mut items = items.into_iter().map(|item| item + ",").peekable();
        if items.peek().is_none() {
            return self.field(name, "Borrowed(&[])");
        }
        self.open(format_args!("{name}: Borrowed(&["));
        self.fill(items);
        self.close("]),");
    }

    /// `name!(word word …);`, on one line where it fits.
    pub(super) fn call(&mut self, name: &str, words: &[String]) {
        let len: usize = words.iter().map(|word| word.len() + 1).sum();
        if self.depth * 4 + name.len() + len + 3 <= WIDTH {
            return put!(self, "{name}!({});", words.join(" "));
        }
        self.open(format_args!("{name}!("));
        self.fill(words);
        self.close(");");
    }

    /// Words, as many as fit on a line.
    fn fill(&mut self, words: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut at = WIDTH;
        for word in words {
            let word = word.as_ref();
            if at + 1 + word.len() > WIDTH {
                self.line(word);
                at = self.depth * 4 + word.len();
            } else {
                self.text.push(' ');
                self.text.push_str(word);
                at += 1 + word.len();
            }
        }
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
        assert!(text.starts_with("\n    {\n        a: 1,\n        b: Borrowed(&[]),\n"), "{text}");
        assert!(text.ends_with(",\n        ]),\n    }"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}
