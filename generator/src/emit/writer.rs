//! Rust as text: lines, indented, as rustfmt would have them.
//!
//! Tokens would have to be made, parsed and formatted, which took twenty times as long as all the rest of the generator.
//! Nothing goes in but identifiers of the identifier module, numbers, literals, what the user of the generator gives it, and
//! documentation through [`Writer::doc`].

use std::convert::Infallible;
use std::fmt::Display;
use std::mem;

use super::arguments::Arguments;
use super::text::Text;

/// Spaces before a line, by how deep it is.
pub(super) const INDENT: usize = 4;

/// As many of them as are put at once.
const SPACES: &str = "                                ";

/// Lines, indented as deep as the braces that are open.
pub(super) struct Writer {
    pub(super) text: String,
    pub(super) depth: usize,
    /// Where the arguments of the last invocation start: kept for its memory.
    breaks: Vec<usize>,
}

impl Writer {
    /// A writer whose lines stand inside of this many braces.
    pub(super) fn new(depth: usize) -> Self {
        Self { text: String::new(), depth, breaks: Vec::new() }
    }

    /// The lines, each with its end.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: impl Text) {
        self.indent();
        text.put(&mut self.text);
        self.text.push('\n');
    }

    /// Lines that are as they are to be.
    pub(super) fn lines(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A line that ends in a brace; what follows is inside of it.
    pub(super) fn open(&mut self, text: impl Text) {
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
    pub(super) fn doc(&mut self, text: impl Text) {
        self.indent();
        ("/// ", text).put(&mut self.text);
        self.text.push('\n');
    }

    /// One more paragraph of documentation.
    pub(super) fn paragraph(&mut self, text: impl Text) {
        self.line("///");
        self.doc(text);
    }

    /// `name: value,`
    pub(super) fn field(&mut self, name: impl Text, value: impl Text) {
        self.line((name, ": ", value, ","));
    }

    /// A field or an alias, whose type is folded at its brackets where the line is too long.
    pub(super) fn typed(&mut self, text: impl Text) {
        let start = self.text.len();
        self.line(text);
        if self.is_long(start) {
            let line = self.text.split_off(start);
            self.fold_type(line.trim());
        }
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

    /// `name: path { fields },`, each field on its own line where they are long together.
    pub(super) fn literal(&mut self, name: &str, path: &str, fields: &[String]) {
        // As long as prettyplease has such literals.
        const WIDTH: usize = 35;
        let literal = format!("{path} {{ {} }}", fields.join(", "));
        if !fields.is_empty() && literal.len() <= WIDTH {
            return self.field(name, literal);
        }
        self.open((name, ": ", path, " {"));
        fields.iter().for_each(|field| self.line((field.as_str(), ",")));
        self.close("},");
    }

    /// `path!(…);`, with what `arguments` puts between the brackets.
    pub(super) fn invoke(&mut self, path: impl Text, arguments: impl FnOnce(&mut Arguments<'_>)) {
        let start = self.text.len();
        self.indent();
        (path, "!(").put(&mut self.text);
        let breaks = self.arguments(arguments);
        self.text.push_str(");\n");
        if self.is_long(start) {
            self.fold(&breaks);
        }
        self.breaks = breaks;
    }

    /// What `arguments` puts there, on as many lines as it takes.
    pub(super) fn row(&mut self, arguments: impl FnOnce(&mut Arguments<'_>)) {
        let start = self.text.len();
        self.indent();
        let breaks = self.arguments(arguments);
        self.text.push('\n');
        if self.is_long(start) {
            self.fold_row(start, &breaks);
        }
        self.breaks = breaks;
    }

    /// Puts arguments, and returns where each starts.
    fn arguments(&mut self, arguments: impl FnOnce(&mut Arguments<'_>)) -> Vec<usize> {
        let mut list = Arguments::new(&mut self.text, mem::take(&mut self.breaks));
        arguments(&mut list);
        list.breaks()
    }

    /// `name: Borrowed(&[ … ]),`, or `name: none(),`, which takes the compiler less.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], print: impl Fn(&mut Self, &T)) {
        let print = |out: &mut Self, item: &T| {
            print(out, item);
            Ok::<(), Infallible>(())
        };
        let Ok(()) = self.try_list(name, items, print);
    }

    /// As [`list`](Self::list), of items that may not be printable.
    pub(super) fn try_list<T, E>(
        &mut self,
        name: &str,
        items: &[T],
        print: impl Fn(&mut Self, &T) -> Result<(), E>,
    ) -> Result<(), E> {
        if items.is_empty() {
            self.field(name, "none()");
            return Ok(());
        }
        self.open(format_args!("{name}: Borrowed(&["));
        items.iter().try_for_each(|item| print(self, item))?;
        self.close("]),");
        Ok(())
    }

    /// As [`list`](Self::list), of short items: as many as fit on a line.
    pub(super) fn rows(&mut self, name: &str, items: impl IntoIterator<Item = String>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return self.field(name, "none()");
        }
        self.open(format_args!("{name}: Borrowed(&["));
        self.fill(items.map(|item| item + ","));
        self.close("]),");
    }

    pub(super) fn indent(&mut self) {
        let mut left = self.depth * INDENT;
        while left > 0 {
            let some = left.min(SPACES.len());
            self.text.push_str(&SPACES[..some]);
            left -= some;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_indented() {
        let mut out = Writer::new(9);
        out.open("a {");
        out.doc(("b", 12u64));
        out.close("}");
        let indent = " ".repeat(36);
        assert_eq!(out.into_text(), format!("{indent}a {{\n{indent}    /// b12\n{indent}}}\n"));
    }

    #[test]
    fn nothing_inside_is_one_line() {
        let mut out = Writer::new(0);
        out.open("struct a {");
        out.close("}");
        assert_eq!(out.into_text(), "struct a {}\n");
    }
}
