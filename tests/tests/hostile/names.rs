//! Names that would like to be code: in a skeleton they are identifiers, literals and comments.

use std::collections::BTreeSet;

use bpf_skel::btf::{BtfBuilder, IntEncoding, Member};
use bpf_skel::spec::{Endian, ObjectSpec};
use bpf_skel_build::{Options, Skeleton};
use bpf_skel_tests::fixtures;
use proc_macro2::{TokenStream, TokenTree};

const HOSTILE: &str = "x`\n} fn evil() {\r\"\\\" */ //\u{2028}\u{202e}\0;#!{";

/// The fixture with this at the end of all its names.
fn skeleton(fixture: &str, end: &str) -> String {
    let bytes = fixtures::bytes(fixture, Endian::Little);
    let spec = bpf_skel::elf::read(&bytes, "x.o").unwrap();
    let named = |name: &str| format!("{name}{end}").into();
    let mut spec = ObjectSpec { name: named(&spec.name), license: named(&spec.license), ..spec };
    for map in spec.maps.to_mut() {
        (map.name, map.section) = (named(&map.name), named(&map.section));
    }
    for program in spec.programs.to_mut() {
        (program.name, program.section) = (named(&program.name), named(&program.section));
        program.target = program.target.as_ref().map(|target| named(target));
    }
    for variable in spec.variables.to_mut() {
        variable.name = named(&variable.name);
    }
    for external in spec.externs.to_mut() {
        external.name = named(&external.name);
    }
    Skeleton::from_spec(spec, &format!("x{end}.o"), &Options::default()).unwrap().to_string()
}

/// How much is in each item of the module, and the identifiers among all tokens.
fn contents(text: &str) -> (Vec<usize>, BTreeSet<String>) {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let [syn::Item::Mod(module)] = &file.items[..] else { panic!("more than a module: {text}") };
    let (_, items) = module.content.as_ref().unwrap();
    let inner = items.iter().map(|item| match item {
        syn::Item::Mod(module) => module.content.as_ref().unwrap().1.len(),
        syn::Item::Struct(item) => item.fields.len(),
        syn::Item::Impl(item) => item.items.len(),
        _ => 0,
    });
    let mut idents = BTreeSet::new();
    collect(text.parse().unwrap(), &mut idents);
    (inner.collect(), idents)
}

fn collect(tokens: TokenStream, idents: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), idents),
            TokenTree::Ident(ident) => {
                idents.insert(ident.to_string());
            }
            _ => {}
        }
    }
}

#[test]
fn names_stay_names() {
    for fixture in ["phases", "maps", "struct_ops", "externs"] {
        let (plain, _) = contents(&skeleton(fixture, "_x"));
        let text = skeleton(fixture, HOSTILE);
        let (hostile, idents) = contents(&text);
        assert_eq!(hostile, plain, "{fixture}: {text}");
        assert!(!idents.contains("evil"), "{fixture}: {text}");
        let unclean = |c: char| c.is_control() && c != '\n' || "\u{2028}\u{202e}".contains(c);
        assert!(!text.contains(unclean), "{fixture}: {text}");
    }
}

/// rustdoc makes a file of each type, `struct.NAME.html`, and no file's name has more than 255 bytes.
#[test]
fn long_names_are_cut() {
    let names = ["x".repeat(400), "x".repeat(401), "日".repeat(60), "日".repeat(61)];
    let mut btf = BtfBuilder::new(Endian::Little);
    let int = btf.int("unsigned int", 4, IntEncoding::default());
    let member = |name, ty| Member { name, ty, bit_offset: 0, bitfield_size: None };
    for name in &names {
        let nameless = btf.struct_("", 4, &[member(name, int)]);
        btf.struct_(name, 4, &[member(name, nameless)]);
    }
    let bytes = fixtures::bytes("no_btf", Endian::Little);
    let mut spec = bpf_skel::elf::read(&bytes, "x.o").unwrap();
    spec.btf = btf.finish().into();
    let mut options = Options::default();
    options.types.extend(names.iter().cloned());
    let text = Skeleton::from_spec(spec, "x.o", &options).unwrap().to_string();
    let count = |what: &str| text.lines().filter(|line| line.trim().starts_with(what)).count();
    assert_eq!(count("pub struct x") + count("pub struct _u65e5_"), 2 * names.len(), "{text}");
    let (_, idents) = contents(&text);
    assert!(idents.iter().all(|ident| ident.len() + "struct..html".len() <= 255), "{idents:?}");
    for name in &names {
        assert!(text.contains(&format!("/// `struct {name}`, 4 bytes")), "{text}");
    }
}
