//! Generated skeletons are, byte for byte, those that are committed. `golden_compiled.rs` compiles them.
//!
//! After a change that is meant: `BLESS=1 cargo test -p bpf-skel-tests --test golden`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use bpf_skel_build::{Options, Skeleton};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Names of the fixtures, sorted.
fn fixtures() -> Vec<String> {
    let files = fs::read_dir(folder("fixtures")).expect("the folder is there");
    let names = files.map(|file| file.expect("it can be listed").file_name().into_string());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.ok()?.strip_suffix("-el.o")?.to_owned())).collect();
    names.sort();
    assert!(names.len() > 10, "the fixtures are there: {names:?}");
    names
}

fn skeleton(name: &str, endian: &str) -> String {
    let file = format!("{name}-{endian}.o");
    let bytes =
        fs::read(folder("fixtures").join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut options = Options::default();
    options.module = Some(name.to_owned());
    Skeleton::from_object(&bytes, &file, &options)
        .unwrap_or_else(|error| panic!("{error:?}"))
        .to_string()
}

#[test]
fn skeletons_are_as_committed() {
    let bless = env::var_os("BLESS").is_some_and(|value| value == "1");
    let mut wrong = String::new();
    for name in fixtures() {
        let path = folder("golden").join(format!("{name}.rs"));
        let made = skeleton(&name, "el");
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if made == committed {
            continue;
        }
        if bless {
            fs::write(&path, &made).expect("the golden can be written");
        } else {
            let _ = writeln!(wrong, "{}:\n{}", path.display(), difference(&committed, &made));
        }
    }
    assert!(wrong.is_empty(), "{wrong}BLESS=1 writes them anew");
}

/// Big-endian objects give the same skeletons but for the bytes.
#[test]
fn big_endian_objects_have_skeletons() {
    for name in fixtures() {
        let text = skeleton(&name, "eb");
        assert!(text.contains("endian: Endian::Big"), "{name}");
        assert!(text.contains(r#"#[cfg(target_endian = "little")]"#), "{name}");
    }
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
