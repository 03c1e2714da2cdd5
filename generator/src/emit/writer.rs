//! Rust as text: lines, indented, as rustfmt would have them.
//!
//! Tokens would have to be made, parsed and formatted, which took twenty times as long as all the rest of the generator.
//! Nothing goes in but identifiers of the identifier module, numbers, literals, what the user of the generator gives it, and
//! documentation through [`Writer::doc`].

use std::fmt::{self, Display, Write};

/// Longest line that is not one piece.
const WIDTH: usize = 100;

const INDENT: &str = "    ";

/// Lines, indented as deep as the braces that are open.
pub(super) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    /// A writer whose lines stand inside of this many braces.
    pub(super) fn new(depth: usize) -> Self {
        Self { text: String::new(), depth }
    }

    /// The lines, each with its end.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: impl Display) {
        self.indent();
        self.put(text);
        self.text.push('\n');
    }

    /// Lines that are as they are to be.
    pub(super) fn lines(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A line that ends in a brace; what follows is inside of it.
    pub(super) fn open(&mut self, text: impl Display) {
        self.line(text);
        self.depth += 1;
    }

    /// Closes what was opened; on the same line where nothing is inside.
    pub(super) fn close(&mut self, text: &str) {
        self.depth = self.depth.saturating_sub(1);
        let is_empty = match text.chars().next() {
            Some('}') => self.text.ends_with("{\n"),
            Some(']') => self.text.ends_with("[\n"),
            _ => false,
        };
        if is_empty {
            self.text.pop();
        } else {
            self.indent();
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A line of documentation; what comes out of the object passed [`code`](super::docs::code).
    pub(super) fn doc(&mut self, text: impl Display) {
        self.indent();
        self.text.push_str("/// ");
        self.put(text);
        self.text.push('\n');
    }

    /// One more paragraph of documentation.
    pub(super) fn paragraph(&mut self, text: impl Display) {
        self.line("///");
        self.doc(text);
    }

    /// `name: value,`
    pub(super) fn field(&mut self, name: impl Display, value: impl Display) {
        self.line(format_args!("{name}: {value},"));
    }

    /// A field or an alias, whose type is folded at its brackets where the line is too long.
    pub(super) fn typed(&mut self, text: impl Display) {
        let start = self.text.len();
        self.line(text);
        if self.is_long(start) {
            let line = self.text.split_off(start);
            self.fold_type(line.trim());
        }
    }

    fn fold_type(&mut self, text: &str) {
        let fits = self.depth * INDENT.len() + text.len() <= WIDTH;
        let Some(Brackets { head, parts, tail }) = Brackets::of(text).filter(|_| !fits) else {
            return self.line(text);
        };
        self.line(head);
        self.depth += 1;
        parts.iter().for_each(|part| self.fold_type(&format!("{part},")));
        self.depth -= 1;
        self.line(tail);
    }

    /// `pub fn name(parameters) -> result { … }`, one line of the body after the other; no result is an empty one.
    pub(super) fn function(
        &mut self,
        name: impl Display,
        parameters: &[&str],
        result: &str,
        body: &[&str],
    ) {
        self.open_function(format_args!("pub fn {name}"), parameters, result);
        body.iter().for_each(|line| self.line(line));
        self.close("}");
    }

    /// The first line of a function, with what goes before its parameters; no result is an empty one.
    pub(super) fn open_function(&mut self, head: impl Display, parameters: &[&str], result: &str) {
        let arrow = if result.is_empty() { "" } else { " -> " };
        self.call(head, parameters, format_args!("{arrow}{result} {{"));
        self.depth += 1;
    }

    /// `head(arguments)tail`, each argument on its own line where one is too long.
    pub(super) fn call(&mut self, head: impl Display, arguments: &[&str], tail: impl Display) {
        let start = self.text.len();
        self.line(format_args!("{head}({}){tail}", arguments.join(", ")));
        if self.is_long(start) {
            self.text.truncate(start);
            self.open(format_args!("{head}("));
            arguments.iter().for_each(|argument| self.line(format_args!("{argument},")));
            self.depth -= 1;
            self.line(format_args!("){tail}"));
        }
    }

    /// `path!(…);`, with what `arguments` puts between the brackets.
    pub(super) fn invoke(
        &mut self,
        path: impl Display,
        arguments: impl FnOnce(&mut Arguments<'_>),
    ) {
        let start = self.text.len();
        self.indent();
        self.put(format_args!("{path}!("));
        let breaks = self.arguments(arguments);
        self.text.push_str(");\n");
        if self.is_long(start) {
            self.fold(&breaks);
        }
    }

    /// What `arguments` puts there, on as many lines as it takes.
    pub(super) fn row(&mut self, arguments: impl FnOnce(&mut Arguments<'_>)) {
        let start = self.text.len();
        self.indent();
        let breaks = self.arguments(arguments);
        self.text.push('\n');
        if self.is_long(start) {
            let row = self.text.split_off(start);
            self.fill(pieces(&row, &breaks, start));
        }
    }

    /// Puts arguments, and returns where each starts.
    fn arguments(&mut self, arguments: impl FnOnce(&mut Arguments<'_>)) -> Vec<usize> {
        let mut list = Arguments { text: &mut self.text, breaks: Vec::new(), is_first: true };
        arguments(&mut list);
        list.breaks
    }

    /// Folds the last line, which is an invocation, at some of the places where it may break.
    fn fold(&mut self, breaks: &[usize]) {
        let Some(&first) = breaks.first() else { return };
        let arguments = self.text.split_off(first);
        let arguments = arguments.strip_suffix(");\n").unwrap_or(&arguments);
        self.text.push('\n');
        self.depth += 1;
        self.fill(pieces(arguments, breaks, first));
        self.close(");");
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
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return self.field(name, "Borrowed(&[])");
        }
        self.open(format_args!("{name}: Borrowed(&["));
        self.fill(items.map(|item| item + ","));
        self.close("]),");
    }

    /// Lines of as many pieces as fit.
    fn fill(&mut self, pieces: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut start = None;
        for piece in pieces {
            let piece = piece.as_ref().trim();
            match start {
                Some(start) if self.text.len() - start + 1 + piece.len() <= WIDTH => {
                    self.text.push(' ');
                }
                _ => {
                    if start.is_some() {
                        self.text.push('\n');
                    }
                    start = Some(self.text.len());
                    self.indent();
                }
            }
            self.text.push_str(piece);
        }
        if start.is_some() {
            self.text.push('\n');
        }
    }

    fn indent(&mut self) {
        (0..self.depth).for_each(|_| self.text.push_str(INDENT));
    }

    fn put(&mut self, text: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{text}");
    }

    /// Whether the line that starts there is too long.
    fn is_long(&self, start: usize) -> bool {
        self.text.len() - start > WIDTH + 1
    }
}

/// What is between one break and the next; the text starts at the place `first`.
fn pieces<'t>(text: &'t str, breaks: &'t [usize], first: usize) -> impl Iterator<Item = &'t str> {
    let mut at = 0;
    breaks.iter().skip(1).map(move |at| at - first).chain([text.len()]).map(move |end| {
        let piece = &text[at..end];
        at = end;
        piece
    })
}

/// The first brackets of a type.
struct Brackets<'t> {
    /// Up to the opening one, and with it.
    head: &'t str,
    parts: Vec<&'t str>,
    /// From the closing one.
    tail: &'t str,
}

impl<'t> Brackets<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let first = text.find(['<', '('])? + 1;
        let (mut depth, mut start, mut parts) = (0u32, first, Vec::new());
        for (at, c) in text.char_indices().skip_while(|&(at, _)| at < first) {
            match c {
                '<' | '(' | '[' => depth += 1,
                // The arrow before a result.
                '>' if text[..at].ends_with('-') => {}
                '>' | ')' | ']' if depth > 0 => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(text[start..at].trim());
                    start = at + 1;
                }
                '>' | ')' => {
                    parts.push(text[start..at].trim());
                    return Some(Self { head: &text[..first], parts, tail: &text[at..] });
                }
                _ => {}
            }
        }
        None
    }
}

/// What stands between the brackets of a macro: groups of arguments, `a, b; c, d`.
pub(super) struct Arguments<'w> {
    text: &'w mut String,
    /// Where each argument starts.
    breaks: Vec<usize>,
    is_first: bool,
}

impl Arguments<'_> {
    pub(super) fn item(&mut self, item: impl Display) -> &mut Self {
        let comma = if std::mem::take(&mut self.is_first) { "" } else { "," };
        self.text.push_str(comma);
        self.start();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{item}");
        self
    }

    pub(super) fn items(&mut self, items: impl IntoIterator<Item = impl Display>) -> &mut Self {
        items.into_iter().for_each(|item| {
            self.item(item);
        });
        self
    }

    /// Ends a group.
    pub(super) fn group(&mut self) -> &mut Self {
        self.text.push(';');
        self.is_first = true;
        self
    }

    fn start(&mut self) {
        self.breaks.push(self.text.len());
        if self.breaks.len() > 1 {
            self.text.push(' ');
        }
    }
}

/// The inside of a byte string literal.
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        // By pieces, since a call for each byte would take longer than the byte.
        let mut out = String::with_capacity(4096);
        for piece in self.0.chunks(1024) {
            out.clear();
            for &byte in piece {
                match byte {
                    0 => out.push_str("\\0"),
                    b'"' => out.push_str("\\\""),
                    b'\\' => out.push_str("\\\\"),
                    b'\n' => out.push_str("\\n"),
                    b' '..=b'~' => out.push(byte.into()),
                    _ => {
                        out.push_str("\\x");
                        out.push(HEX[usize::from(byte >> 4)].into());
                        out.push(HEX[usize::from(byte & 15)].into());
                    }
                }
            }
            f.write_str(&out)?;
        }
        Ok(())
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
        let all: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let literal: syn::LitByteStr = syn::parse_str(&format!("b\"{}\"", Bytes(&all))).unwrap();
        assert_eq!(literal.value(), all);
    }

    #[test]
    fn lines_are_indented_and_rows_filled() {
        let mut out = Writer::new(1);
        out.open("x {");
        out.field("a", 1);
        out.rows("b", []);
        out.rows("c", (0..30).map(|n| format!("item({n})")));
        out.close("}");
        let text = out.into_text();
        let head = "    x {\n        a: 1,\n        b: Borrowed(&[]),\n        c: Borrowed(&[\n";
        assert!(text.starts_with(head), "{text}");
        assert!(text.ends_with(",\n        ]),\n    }\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.lines().any(|line| line.len() > WIDTH - 10), "{text}");
    }

    #[test]
    fn long_types_are_folded() {
        let ptr = |to: &str| format!("::{}::Ptr<{to}>", "x".repeat(20));
        let print = |ty: &str| {
            let mut out = Writer::new(0);
            out.typed(format_args!("pub field: {ty},"));
            out.into_text()
        };
        let function = format!("fn({}, i32, [u8; 4]) -> {}", ptr("()"), ptr("u8"));
        assert_eq!(print(&ptr("u8")), format!("pub field: {},\n", ptr("u8")));
        assert_eq!(
            print(&format!("[{}; 2]", ptr(&function))),
            format!(
                "pub field: [{}\n    fn({}, i32, [u8; 4]) -> {},\n>; 2],\n",
                ptr("").trim_end_matches('>'),
                ptr("()"),
                ptr("u8"),
            )
        );
        // One piece stays as long as it is.
        let name = "x".repeat(200);
        assert_eq!(print(&name), format!("pub field: {name},\n"));
    }

    #[test]
    fn nothing_inside_is_one_line() {
        let mut out = Writer::new(0);
        out.open("struct a {");
        out.close("}");
        assert_eq!(out.into_text(), "struct a {}\n");
    }

    #[test]
    fn long_lines_are_folded() {
        let print = |result: &str, count: usize| {
            let mut out = Writer::new(1);
            out.function("method", &["&self", "value: u8"], result, &["body"]);
            out.invoke("m", |list| {
                list.item("first").group().items((0..count).map(|n| format!("\"{n}, ;\""))).group();
            });
            out.into_text()
        };
        assert_eq!(
            print("u8", 2),
            "    pub fn method(&self, value: u8) -> u8 {\n        body\n    }\n    \
             m!(first; \"0, ;\", \"1, ;\";);\n"
        );
        let long = "x".repeat(80);
        assert_eq!(
            print(&long, 12),
            format!(
                "    pub fn method(\n        &self,\n        value: u8,\n    ) -> {long} {{\n        body\n    }}\n    \
                 m!(\n        first; \"0, ;\", \"1, ;\", \"2, ;\", \"3, ;\", \"4, ;\", \"5, ;\", \"6, ;\", \"7, ;\", \"8, ;\", \"9, ;\",\n        \
                 \"10, ;\", \"11, ;\";\n    );\n"
            )
        );
    }
}
