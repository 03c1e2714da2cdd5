//! The one way from a name in C to a name in Rust.
//!
//! A name that is a Rust identifier already stays as it is (keywords become raw: `r#type`). Every other one is
//! bent as little as possible, and never onto a name that another thing of the same scope has: an exact name
//! always goes before a bent one, a struct's tag before a typedef of its name, and a name that the source has before one that
//! was made up for what has none there, so adding a map never renames another. A name that is too long is cut.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use unicode_ident::{is_xid_continue, is_xid_start};

use crate::fnv;

/// Keywords that cannot be raw identifiers.
const NOT_RAW: &[&str] = &["crate", "self", "Self", "super"];

/// Names that a type may not take: generated code and its derives spell them.
pub(crate) const PRIMITIVES: &[&str] = &[
    "bool", "char", "f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "str",
    "u8", "u16", "u32", "u64", "u128", "usize",
];

/// What the names start with that the runtime's macros bind in modules of generated code.
const OF_MACROS: &str = "__bpf_skel_";

/// Bytes of the longest name, before a number that tells it from another: rustdoc makes a file of each type,
/// `struct.NAME.html`, whose name may have 255.
const LONGEST: usize = 200;

/// Where a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The source has it.
    C,
    /// The source has it as a typedef, which C keeps apart from the tags of structs, unions and enums.
    Typedef,
    /// Made up, for what has none there.
    Made,
}

/// A name that a thing would like to have.
#[derive(Clone, Copy)]
pub(crate) struct Name<'n> {
    text: &'n str,
    origin: Origin,
}

impl<'n> From<&'n str> for Name<'n> {
    fn from(text: &'n str) -> Self {
        (text, Origin::C).into()
    }
}

impl<'n> From<(&'n str, Origin)> for Name<'n> {
    fn from((text, origin): (&'n str, Origin)) -> Self {
        Self { text, origin }
    }
}

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
    pub(crate) fn claim_all(
        &mut self,
        names: impl IntoIterator<Item = impl Into<Name<'n>>>,
    ) -> Vec<Ident> {
        let mut all: Vec<(Name<'n>, Option<Ident>)> =
            names.into_iter().map(|name| (name.into(), None)).collect();
        for origin in [Origin::C, Origin::Typedef, Origin::Made] {
            let mut of = |claim: &mut dyn FnMut(&'n str) -> Option<Ident>| {
                for (name, ident) in &mut all {
                    if name.origin == origin && ident.is_none() {
                        *ident = claim(name.text);
                    }
                }
            };
            of(&mut |name| is_identifier(name).then(|| self.exact(name)).flatten());
            of(&mut |name| Some(self.claim(name)));
        }
        all.into_iter().filter_map(|(_, ident)| ident).collect()
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
pub(crate) fn section_field(section: &str) -> Name<'_> {
    match section.strip_prefix('.') {
        Some(field) => (field, Origin::Made).into(),
        None => section.into(),
    }
}

/// The name, cut where it is too long: its start, and a hash of the whole, so that it is the same in every build and whatever
/// else there is.
pub(crate) fn cut(name: Cow<'_, str>) -> Cow<'_, str> {
    let hash = fnv::hash(name.bytes());
    cut_to(name, hash)
}

fn cut_to(name: Cow<'_, str>, hash: u64) -> Cow<'_, str> {
    if name.len() <= LONGEST {
        return name;
    }
    let end = format!("__{hash:016x}");
    let mut start = LONGEST - end.len();
    while !name.is_char_boundary(start) {
        start -= 1;
    }
    [&name[..start], &end].concat().into()
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
    (1..=LONGEST).contains(&name.len())
        && name != "_"
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(is_letter)
        && !NOT_RAW.contains(&name)
        && !name.starts_with(OF_MACROS)
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
    if out.starts_with(OF_MACROS) {
        out.insert(0, '_');
    }
    match out.as_str() {
        "" => "unnamed".into(),
        "_" => "__".into(),
        text if NOT_RAW.contains(&text) => (out + "_").into(),
        _ => cut_to(out.into(), fnv::hash(name.bytes())),
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
            ("__bpf_skel_value", "___bpf_skel_value"), // bound by macros
            ("__bpf.skel.value", "___bpf_skel_value"),
            ("__bpf_skeleton", "__bpf_skeleton"),
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
        assert_eq!(section_field(".data.config").text, "data.config");
    }

    #[test]
    fn names_of_the_source_go_before_made_ones() {
        use Origin::{C, Made};

        let all = |names: &[(&'static str, Origin)]| -> Vec<String> {
            let idents = Scope::default().claim_all(names.iter().copied());
            idents.iter().map(ToString::to_string).collect()
        };
        assert_eq!(all(&[("a__b", Made), ("a__b", C)]), ["a__b_2", "a__b"]);
        assert_eq!(all(&[("a_b", Made), ("a.b", C), ("a-b", Made)]), ["a_b_2", "a_b", "a_b_3"]);
        assert_eq!(all(&[("x", Made), ("x", C), ("x", C)]), ["x_3", "x", "x_2"]);
        let [section, map] = [".bss", "bss"].map(section_field);
        let idents = Scope::default().claim_all([section, map]);
        assert_eq!(idents.iter().map(Ident::as_str).collect::<Vec<_>>(), ["bss_2", "bss"]);
    }

    #[test]
    fn long_names_are_cut_and_stay_as_many() {
        let long = |end: &str| "x".repeat(LONGEST) + end;
        let other = "日".repeat(LONGEST);
        let names = [&*long("a"), &long("b"), &long(".b"), &other, &long("b")];
        let idents = claim_all(&[], &names);
        assert_eq!(claim_all(&[], &names[1..2]), idents[1..2]);
        assert_eq!(idents[4], format!("{}_2", idents[1]));
        let all: std::collections::BTreeSet<&String> = idents.iter().collect();
        assert_eq!(all.len(), names.len());
        for ident in &idents[..4] {
            assert_eq!(ident.len(), LONGEST, "{ident}");
        }
        let longest = "x".repeat(LONGEST);
        assert_eq!(claim_all(&[], &[&longest]), [&*longest]);
        assert!(matches!(cut("x".into()), Cow::Borrowed("x")));
        let path = cut(other.as_str().into());
        assert!(path.len() <= LONGEST && path != cut(long("a").into()), "{path}");
        assert_eq!(module(&other).as_str(), idents[3]);
    }

    #[test]
    fn a_text_is_one_identifier_or_none() {
        for text in ["event", "_x9", "größe", "r#type", "union", "हिन्दी"] {
            assert_eq!(identifier(text).map(|ident| ident.to_string()).as_deref(), Some(text));
        }
        assert_eq!(identifier("r#type").unwrap().unraw(), "type");
        let others = [
            "", "_", "9x", "type", "crate", "self", "r#", "r#_", "r#crate", "r#9", "a b", " a",
            "a ", "a;", "a\n", "a::b", "a{}", "€",
        ];
        for text in others.into_iter().chain(["a\u{202e}"]) {
            assert_eq!(identifier(text), None, "{text:?}");
        }
    }
}
