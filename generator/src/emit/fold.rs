//! Lines that are too long for one.

use super::writer::{INDENT, Writer};

/// Longest line that is not one piece.
const WIDTH: usize = 100;

impl Writer {
    /// Whether the line that starts there is too long.
    pub(super) fn is_long(&self, start: usize) -> bool {
        self.text.len() - start > WIDTH + 1
    }

    /// A type, on more lines where it is too long for one.
    pub(super) fn fold_type(&mut self, text: &str) {
        let fits = self.depth * INDENT + text.len() <= WIDTH;
        let Some(Brackets { head, parts, tail }) = Brackets::of(text).filter(|_| !fits) else {
            return self.line(text);
        };
        self.line(head);
        self.depth += 1;
        parts.iter().for_each(|part| self.fold_type(&format!("{part},")));
        self.depth -= 1;
        self.line(tail);
    }

    /// Folds the last line, which is an invocation, at some of the places where it may break.
    pub(super) fn fold(&mut self, breaks: &[usize]) {
        let Some(&first) = breaks.first() else { return };
        let arguments = self.text.split_off(first);
        let arguments = arguments.strip_suffix(");\n").unwrap_or(&arguments);
        self.text.push('\n');
        self.depth += 1;
        self.fill(pieces(arguments, breaks, first));
        self.close(");");
    }

    /// Folds the last line, which is only arguments.
    pub(super) fn fold_row(&mut self, start: usize, breaks: &[usize]) {
        let row = self.text.split_off(start);
        self.fill(pieces(&row, breaks, start));
    }

    /// Lines of as many pieces as fit.
    pub(super) fn fill(&mut self, pieces: impl IntoIterator<Item = impl AsRef<str>>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_filled() {
        let mut out = Writer::new(1);
        out.open("x {");
        out.field("a", 1u32);
        out.rows("b", []);
        out.rows("c", (0..30).map(|n| format!("item({n})")));
        out.close("}");
        let text = out.into_text();
        let head = "    x {\n        a: 1,\n        b: none(),\n        c: Borrowed(&[\n";
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
