//! Generated skeletons are, byte for byte, those that are committed. `golden_compiled.rs` compiles them.
//!
//! After a change that is meant, and for a new fixture: `BLESS=1 cargo test -p bpf-skel-tests --test golden`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bpf_skel::spec::Endian;
use bpf_skel_build::{Binding, Options, Skeleton};
use bpf_skel_tests::fixtures;

const BLESS: &str = "BLESS=1 cargo test -p bpf-skel-tests --test golden";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn skeleton(name: &str, endian: Endian) -> String {
    let suffix = if endian == Endian::Little { "el" } else { "eb" };
    let mut options = Options::default();
    options.module = Some(name.to_owned());
    Skeleton::from_object(&fixtures::bytes(name, endian), &format!("{name}-{suffix}.o"), &options)
        .unwrap_or_else(|error| panic!("{error:?}"))
        .to_string()
}

/// A fixture without a golden, or the other way round, is as wrong as one that differs.
#[test]
fn every_fixture_has_a_golden() {
    let files = fs::read_dir(folder()).expect("tests/golden");
    let files = files.map(|file| file.expect("a directory entry").path());
    let goldens: BTreeSet<String> =
        files.map(|path| path.file_stem().expect("a name").to_string_lossy().into()).collect();
    let fixtures = BTreeSet::from_iter(fixtures::names());
    assert!(fixtures.len() > 10, "the fixtures are there: {fixtures:?}");
    let missing: Vec<_> = fixtures.difference(&goldens).collect();
    assert!(missing.is_empty(), "no golden for {missing:?}: {BLESS} makes them");
    let left: Vec<_> = goldens.difference(&fixtures).collect();
    assert!(left.is_empty(), "goldens of no fixture: {left:?}");
}

#[test]
fn skeletons_are_as_committed() {
    let names = fixtures::names().into_iter();
    let wrong: String = names
        .map(|name| differs(&folder().join(format!("{name}.rs")), &skeleton(&name, Endian::Little)))
        .collect();
    assert!(wrong.is_empty(), "{wrong}where this is meant: {BLESS}");
}

/// What `ui/fail/bound_*.rs` include: there is no other way to them from where those are compiled.
#[test]
fn the_skeleton_with_a_bound_type_is_as_committed() {
    let mut options = Options::default();
    let (c, rust) = ("struct key".to_owned(), "crate::Key".to_owned());
    options.module = Some("maps".to_owned());
    options.bindings.push(Binding { c, rust, opaque: false });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/bound.rs");
    let bytes = fixtures::bytes("maps", Endian::Little);
    let made = Skeleton::from_object(&bytes, "maps-el.o", &options).expect("it has a skeleton");
    let wrong = differs(&path, &made.to_string());
    assert!(wrong.is_empty(), "{wrong}where this is meant: {BLESS}");
}

/// What is written as text looks as prettyplease would have it. Of its own layout are lines that are longer than
/// prettyplease's 89 columns, the arguments of macros, and the spec.
#[test]
fn skeletons_are_formatted() {
    for name in fixtures::names() {
        // What is in the brackets of this one is an expression like any other.
        let text = skeleton(&name, Endian::Little).replace("::private::ok!(", "::private::ok_(");
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let formatted = prettyplease::unparse(&file);
        let formatted: BTreeSet<&str> = formatted.lines().collect();
        let lines = text.lines().skip(1).take_while(|line| !line.contains("pub const SPEC"));
        let mut end_of_macro = None;
        for line in lines {
            if line.contains("::private::") && line.contains("!(") {
                end_of_macro = Some(");".to_owned());
            } else if let Some(indent) = line.strip_suffix("! {") {
                end_of_macro = Some(" ".repeat(indent.len() - indent.trim_start().len()) + "}");
            }
            let is_as_wanted = line.len() > 89 || formatted.contains(line);
            assert!(end_of_macro.is_some() || is_as_wanted, "{name}: {line}");
            let ends = |end: &String| line == *end || end == ");" && line.ends_with(");");
            end_of_macro = end_of_macro.filter(|end| !ends(end));
        }
    }
}

/// Big-endian objects give the same skeletons but for the bytes.
#[test]
fn big_endian_objects_have_skeletons() {
    for name in fixtures::names() {
        let text = skeleton(&name, Endian::Big);
        assert!(text.contains("endian: Endian::Big"), "{name}");
        assert!(text.contains(r#"#[cfg(target_endian = "little")]"#), "{name}");
    }
}

/// How the file is another one than `made`; with `BLESS=1` it is made the same.
fn differs(path: &Path, made: &str) -> String {
    let committed = fs::read_to_string(path).unwrap_or_default();
    if made == committed {
        return String::new();
    }
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(path, made).expect("the golden can be written");
        return String::new();
    }
    format!("{}:\n{}\n", path.display(), difference(&committed, made))
}

/// The lines that differ, from the first to the last one.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = (&old[same..], &new[same..]);
    let tail = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(a, b)| a == b).count();
    let mut out = format!("@@ line {}\n", same + 1);
    for (sign, lines) in
        [('-', &rest.0[..rest.0.len() - tail]), ('+', &rest.1[..rest.1.len() - tail])]
    {
        for line in lines.iter().take(40) {
            let _ = writeln!(out, "{sign} {line}");
        }
    }
    out
}
