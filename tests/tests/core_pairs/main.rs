//! CO-RE, on pairs of an object and the types of a kernel: `tests/fixtures/core/FAMILY.c` has both sides. No kernel and
//! no privilege is needed; each pair is tried in both byte orders.

mod ambiguity;
mod arrays;
mod bit_fields;
mod enumerators;
mod existence;
mod flavours;
mod mismatches;
mod modifiers;
mod nesting;
mod pair;
mod pointers_as_arrays;
mod primitives;
mod sizes;
mod types;

/// A family without a test would be found by nobody.
#[test]
fn every_family_is_tested() {
    let tested = include_str!("main.rs");
    let files = std::fs::read_dir(bpf_skel_tests::fixtures::folder().join("core")).unwrap();
    let names = files.filter_map(|file| file.unwrap().file_name().into_string().ok());
    let families: Vec<_> =
        names.filter_map(|name| Some(name.strip_suffix(".c")?.to_owned())).collect();
    assert_eq!(families.len(), 13);
    for family in families {
        assert!(tested.contains(&format!("mod {family};")), "{family}");
    }
}
