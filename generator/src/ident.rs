//! The one way from a name in C to a name in Rust.
//!
//! A name that is a Rust identifier already stays as it is (keywords become raw: `r#type`). Every other one is
//! bent as little as possible, and never onto a name that another thing of the same scope has: an exact name
//! always goes before a bent one, so adding a map never renames another.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use unicode_ident::{is_xid_continue, is_xid_start};

/// Keywords that cannot be raw identifiers.
const NOT_RAW: &[&str] = &["crate", "self", "Self", "super"];

/// Names that a type may not take: generated code and its derives spell them.
pub(crate) const PRIMITIVES: &[&str] = &[
    "bool", "char", "f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "str",
    "u8", "u16", "u32", "u64", "u128", "usize",
];

/// A name in Rust, with `r#` where it is raw. Only this module makes one: whatever prints it prints a name and no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ident(Box<str>);

impl Ident {
    /// What a thing is called before its scope has a name for it.
    pub(crate) fn unnamed() -> Self {
        Self("_unnamed".into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Without `r#`.
    pub(crate) fn unraw(&self) -> &str {
        self.0.strip_prefix("r#").unwrap_or(&self.0)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<String> for Ident {
    fn eq(&self, text: &String) -> bool {
        *self.0 == **text
    }
}

/// A set of names that must differ from one another: the fields of a struct, the items of a module.
#[derive(Debug, Default)]
pub(crate) struct Scope<'n> {
    /// Name without `r#` → how many suffixes were tried for it. Most scopes are small, and there are many.
    taken: BTreeMap<Cow<'n, str>, u32>,
}

impl<'n> Scope<'n> {
    /// A scope in which these names are taken by generated code.
    pub(crate) fn reserving(names: &[&'n str]) -> Self {
        Self { taken: names.iter().map(|&name| (name.into(), 1)).collect() }
    }

    /// An identifier for each name, in the same order.
    pub(crate) fn claim_all(&mut self, names: impl IntoIterator<Item = &'n str>) -> Vec<Ident> {
        let exact = |name: &'n str| (name, is_identifier(name).then(|| self.exact(name)).flatten());
        let idents: Vec<_> = names.into_iter().map(exact).collect();
        idents.into_iter().map(|(name, ident)| ident.unwrap_or_else(|| self.claim(name))).collect()
    }

    /// The identifier for a name that is one, if it is free.
    fn exact(&mut self, name: &'n str) -> Option<Ident> {
        match self.taken.entry(name.into()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => {
                free.insert(1);
                Some(ident(name))
            }
        }
    }

    /// An identifier for one name.
    pub(crate) fn claim(&mut self, name: impl Into<Cow<'n, str>>) -> Ident {
        let bent = bend(name.into());
        let name = if self.taken.contains_key(&*bent) { self.numbered(&bent).into() } else { bent };
        let ident = ident(&name);
        self.taken.insert(name, 1);
        ident
    }

    /// A free name for one that is taken.
    fn numbered(&mut self, bent: &str) -> String {
        loop {
            let tries = self.taken.entry(bent.to_owned().into()).or_insert(1);
            *tries += 1;
            let candidate = format!("{bent}_{tries}");
            if !self.taken.contains_key(&*candidate) {
                return candidate;
            }
        }
    }
}

/// The name of a module: it is also a file's name, so a keyword gets a suffix and not `r#`.
pub(crate) fn module(name: &str) -> Ident {
    let bent = bend(name.into());
    Ident(if is_keyword(&bent) { bent + "_" } else { bent }.into_owned().into())
}

/// The name of the field for the data section: `.data.config` is `data_config`.
pub(crate) fn section_field(section: &str) -> &str {
    section.strip_prefix('.').unwrap_or(section)
}

fn ident(name: &str) -> Ident {
    Ident(if is_keyword(name) { format!("r#{name}").into() } else { name.into() })
}

/// Whether Rust has another use for the name: keywords of all editions, strict and reserved. Weak ones (`union`, `auto`,
/// `raw`, …) are good identifiers.
#[rustfmt::skip]
fn is_keyword(name: &str) -> bool {
    // As bytes, by which the compiler tells them apart one by one: every name of an object comes by here.
    matches!(
        name.as_bytes(),
        b"abstract" | b"as" | b"async" | b"await" | b"become" | b"box" | b"break" | b"const" | b"continue" | b"do"
            | b"dyn" | b"else" | b"enum" | b"extern" | b"false" | b"final" | b"fn" | b"for" | b"gen" | b"if" | b"impl"
            | b"in" | b"let" | b"loop" | b"macro" | b"match" | b"mod" | b"move" | b"mut" | b"override" | b"priv"
            | b"pub" | b"ref" | b"return" | b"static" | b"struct" | b"trait" | b"true" | b"try" | b"type" | b"typeof"
            | b"unsafe" | b"unsized" | b"use" | b"virtual" | b"where" | b"while" | b"yield"
    )
}

/// The text as an identifier, if it is one.
pub(crate) fn identifier(text: &str) -> Option<Ident> {
    let is_special = NOT_RAW.contains(&text);
    (!is_special && leading_name(text) == Some((text, ""))).then(|| Ident(text.into()))
}

/// A name of a path at the start of the text, `crate` and `super` among them, and what follows it.
pub(crate) fn leading_name(text: &str) -> Option<(&str, &str)> {
    let (prefix, word) = text.split_at(if text.starts_with("r#") { 2 } else { 0 });
    let len = word.find(|c| c != '_' && !is_xid_continue(c)).unwrap_or(word.len());
    let word = &word[..len];
    let starts = word.starts_with(|c| c == '_' || is_xid_start(c));
    let other_use = if prefix.is_empty() { is_keyword(word) } else { NOT_RAW.contains(&word) };
    (starts && word != "_" && !other_use).then(|| text.split_at(prefix.len() + len))
}

/// Whether the name needs no bending.
fn is_identifier(name: &str) -> bool {
    let is_letter = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    !name.is_empty()
        && name != "_"
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(is_letter)
        && !NOT_RAW.contains(&name)
}

/// The nearest text that is an identifier, or would be one as `r#`.
fn bend(name: Cow<'_, str>) -> Cow<'_, str> {
    if is_identifier(&name) {
        return name;
    }
    let mut out = String::with_capacity(name.len() + 1);
    for c in name.chars() {
        match c {
            '_' | 'a'..='z' | 'A'..='Z' => out.push(c),
            '0'..='9' => {
                if out.is_empty() {
                    out.push('_');
                }
                out.push(c);
            }
            // Two names of other letters stay two names.
            c if !c.is_ascii() => out.push_str(&format!("_u{:x}_", u32::from(c))),
            _ => out.push('_'),
        }
    }
    match out.as_str() {
        "" => "unnamed".into(),
        "_" => "__".into(),
        text if NOT_RAW.contains(&text) => (out + "_").into(),
        _ => out.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim_all(reserved: &[&str], names: &[&str]) -> Vec<String> {
        Scope::reserving(reserved)
            .claim_all(names.iter().copied())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_name_that_breaks_the_peers() {
        let cases = [
            ("type", "r#type"),   // a global
            ("match", "r#match"), // a map
            ("loop", "r#loop"),   // a program
            ("crate", "crate_"),  // an enumerator
            ("self", "self_"),
            ("Self", "Self_"),
            ("super", "super_"),
            ("gen", "r#gen"),
            ("_", "__"),                            // a member
            ("dash-name", "dash_name"),             // a file
            ("foo__bar", "foo__bar"),               // a program
            ("on_exec.____fmt", "on_exec_____fmt"), // a static of a function
            (".data.cfg", "_data_cfg"),
            ("", "unnamed"),
            ("9lives", "_9lives"),
            ("größe", "gr_uf6__udf_e"),
            ("union", "union"),
            ("a b\n`{}\"//", "a_b_______"),
        ];
        for (c, rust) in cases {
            assert_eq!(claim_all(&[], &[c]), [rust], "{c}");
        }
    }

    #[test]
    fn exact_names_go_first_and_the_others_are_told_apart() {
        assert_eq!(claim_all(&[], &["a.b", "a_b", "a-b"]), ["a_b_2", "a_b", "a_b_3"]);
        assert_eq!(claim_all(&[], &["crate", "crate_"]), ["crate__2", "crate_"]);
        assert_eq!(claim_all(&[], &["x", "x", "x_2"]), ["x", "x_3", "x_2"]);
        assert_eq!(claim_all(&["object", "maps"], &["object", "maps_2"]), ["object_2", "maps_2"]);
        assert_eq!(claim_all(&["type"], &["type"]), ["type_2"]);
        assert_eq!(claim_all(PRIMITIVES, &["u32", "bool"]), ["u32_2", "bool_2"]);
    }

    #[test]
    fn claims_of_many_equal_names_are_linear() {
        let names = vec!["x"; 20_000];
        let mut idents = claim_all(&[], &names);
        idents.sort();
        idents.dedup();
        assert_eq!(idents.len(), names.len());
    }

    #[test]
    fn a_module_is_a_file_name_too() {
        assert_eq!(module("loop").to_string(), "loop_");
        assert_eq!(module("dash-name").to_string(), "dash_name");
        assert_eq!(module("self").to_string(), "self_");
        assert_eq!(section_field(".data.config"), "data.config");
    }
    #[test]
    fn a_text_is_one_identifier_or_none() {
        for text in ["event", "_x9", "größe", "r#type", "union", "हिन्दी"] {
            assert_eq!(identifier(text).map(|ident| ident.to_string()).as_deref(), Some(text));
        }
        assert_eq!(identifier("r#type").unwrap().unraw(), "type");
        for text in [
            "",
            "_",
            "9x",
            "type",
            "crate",
            "self",
            "r#",
            "r#_",
            "r#crate",
            "r#9",
            "a b",
            " a",
            "a ",
            "a;",
            "a\n",
            "a::b",
            "a{}",
            "€",
            "a\u{202e}",
        ] {
            assert_eq!(identifier(text), None, "{text:?}");
        }
    }
}
