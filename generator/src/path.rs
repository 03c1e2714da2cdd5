//! Paths of Rust items, as users give them.

use std::str::FromStr;

use bpf_skel::Frame;

use crate::ident::leading_name;
use crate::{Error, Result};

/// `::bpf_skel`, `crate::Event`, `::numbers::Fixed<8>`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    text: String,
    /// Where the last name is, without generic arguments.
    last: std::ops::Range<usize>,
    /// Whether it means the same in every module.
    is_absolute: bool,
}

impl Path {
    /// That it means the same in every module.
    pub(crate) fn absolute(text: &str) -> Result<Self> {
        let in_path = |error: Error| error.within(Frame::Path(text.to_owned()));
        let path: Self =
            text.parse().map_err(|fault: &str| in_path(Error::invalid_input(fault.to_owned())))?;
        if path.is_absolute {
            return Ok(path);
        }
        Err(in_path(
            Error::invalid_input("the path is relative")
                .with_hint(format!("begin it with `crate::` or `::`: `crate::{text}`")),
        ))
    }

    /// The last name.
    pub(crate) fn last(&self) -> &str {
        &self.text[self.last.clone()]
    }

    /// As source text has it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Path {
    type Err = &'static str;

    /// Tokens may be apart, as a macro prints them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a path";
        let mut rest = text.trim();
        let mut path = Self { text: String::new(), last: 0..0, is_absolute: false };
        if let Some(after) = rest.strip_prefix("::") {
            path.is_absolute = true;
            path.text.push_str("::");
            rest = after.trim_start();
        }
        loop {
            let (name, after) = leading_name(rest).ok_or(EXPECTED)?;
            path.is_absolute |= path.text.is_empty() && name == "crate";
            path.last = path.text.len()..path.text.len() + name.len();
            path.text.push_str(name);
            rest = after.trim_start();
            match rest.strip_prefix("::") {
                Some(after) => {
                    path.text.push_str("::");
                    rest = after.trim_start();
                }
                None if rest.is_empty() => return Ok(path),
                None if are_arguments(rest) => {
                    push_without_spaces(&mut path.text, rest);
                    return Ok(path);
                }
                None => return Err(EXPECTED),
            }
        }
    }
}

/// `<…>` behind the last name. What it means is rustc's affair, but it must not reach out of its place.
fn are_arguments(text: &str) -> bool {
    let (mut open, mut before) = (Vec::new(), ' ');
    for (at, c) in text.char_indices() {
        if open.is_empty() && at > 0 {
            return false;
        }
        let in_expression = open.contains(&'}');
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            '<' if !in_expression => open.push('>'),
            '>' if in_expression || matches!(before, '-' | '=') => {}
            ')' | ']' | '}' | '>' if open.pop() != Some(c) => return false,
            // Comments, and literals that may hold anything.
            '/' | '"' | '#' | '\\' => return false,
            _ => {}
        }
        before = c;
    }
    text.starts_with('<') && open.is_empty()
}

/// Spaces stay between words only.
fn push_without_spaces(out: &mut String, text: &str) {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    for part in text.split_whitespace() {
        if out.ends_with(is_word) && part.starts_with(is_word) {
            out.push(' ');
        }
        out.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_text() {
        for (text, last) in [
            ("::bpf_skel", "bpf_skel"),
            (":: bpf_skel", "bpf_skel"),
            ("crate::types::Event", "Event"),
            ("crate :: types :: Event", "Event"),
            ("super::r#type", "r#type"),
            ("::größe", "größe"),
            ("::numbers::Fixed<{ 4 + 4 }, crate::Unit>", "Fixed"),
            ("::numbers::Fixed<[u8; 2], &'static str, fn(u8) -> u8>", "Fixed"),
        ] {
            let path: Path = text.parse().unwrap();
            assert_eq!(path.last(), last);
            assert_eq!(path.text().replace(' ', ""), text.replace(' ', ""));
            assert!(syn::parse_str::<syn::Path>(path.text()).is_ok(), "{text}");
        }
        for text in [
            "",
            "::",
            "a::",
            "a:b",
            "a: :b",
            "a b",
            "a::fn",
            "_",
            "a::<",
            "a<b",
            "1",
            "\"",
            "a+b",
            "a::r#crate",
            "a::<b>",
        ] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }

    #[test]
    fn arguments_do_not_reach_out() {
        for text in [
            "a<b>; fn x() {} type c = d<e>",
            "a<b> {} <c>",
            "a<b}>",
            "a<b(>",
            "a<(b>)",
            "a<b //>",
            "a</*>",
            "a<\">",
            "a<r#\">\"#>",
            "a<'}'>",
            "a<b>>",
            "a<<b>",
        ] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }

    #[test]
    fn relative_paths_are_refused() {
        assert!(Path::absolute("::user::Event").is_ok());
        assert!(Path::absolute("crate::Event").is_ok());
        for text in ["Event", "self::Event", "user::crate_::Event"] {
            assert!(Path::absolute(text).is_err(), "{text}");
        }
        let error = Path::absolute("Event").unwrap_err().to_string();
        assert_eq!(
            error,
            "Event: the path is relative (begin it with `crate::` or `::`: `crate::Event`)"
        );
    }
}
