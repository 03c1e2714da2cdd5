//! Types that are the same are there once.

use std::collections::HashMap;

use bpf_skel::btf::{Btf, BtfBuilder, Kind, Linkage, Member, Param};
use bpf_skel::spec::Endian;
use bpf_skel_tests::elf::{PROGBITS, Section, object};
use bpf_skel_tests::fixtures::linked;

use crate::{link, read};

/// How many types of this name are not variables.
fn count(btf: &Btf<'_>, name: &str) -> usize {
    let variable = |kind: &Kind<'_>| matches!(kind, Kind::Var { .. });
    btf.types().filter(|(_, ty)| ty.name == name && !variable(&ty.kind)).count()
}

#[test]
fn declarations_become_definitions() {
    for endian in [Endian::Little, Endian::Big] {
        for names in [["main", "lib"], ["lib", "main"]] {
            let spec = read(&linked(&names, endian));
            let btf = Btf::parse(&spec.btf, endian).unwrap();
            for (name, expected) in [
                ("u32", 1),
                ("int", 1),
                ("event", 1),
                ("inner", 1),
                // They are not the same in the two files.
                ("task_struct", 2),
                // The two static functions have one type.
                ("helper", 1),
                ("add", 1),
                ("limit", 1),
                ("first_wins", 1),
                ("no_such_kfunc", 1),
                ("socket", 0),
            ] {
                assert_eq!(count(&btf, name), expected, "{name}");
            }
            assert!(btf.types().all(|(_, ty)| !matches!(ty.kind, Kind::Fwd { .. })));
            assert!(
                btf.types()
                    .all(|(_, ty)| !matches!(ty.kind, Kind::Var { linkage: Linkage::Extern, .. }))
            );
            // Every variable once, but for the static ones.
            let mut variables = HashMap::new();
            for (_, ty) in btf.types().filter(|(_, ty)| matches!(ty.kind, Kind::Var { .. })) {
                *variables.entry(ty.name).or_insert(0) += 1;
            }
            let twice: Vec<_> = variables.iter().filter(|(_, n)| **n > 1).collect();
            assert_eq!(twice.len(), 2, "state and narrow: {twice:?}");
            assert!(!variables.contains_key("LICENSE") || !variables.contains_key("_license"));
        }
    }
}

/// An object with these types and nothing else.
fn typed(fill: impl FnOnce(&mut BtfBuilder)) -> Vec<u8> {
    let mut builder = BtfBuilder::new(Endian::Little);
    fill(&mut builder);
    let section = Section {
        name: ".BTF".into(),
        kind: PROGBITS,
        bytes: builder.finish(),
        ..Section::default()
    };
    object(&[section], &[])
}

/// The types of several such objects, linked, in words.
fn merged(objects: &[Vec<u8>]) -> Vec<String> {
    let named: Vec<(&str, &[u8])> = objects.iter().map(|bytes| ("it.o", &**bytes)).collect();
    let linked = link(&named);
    // Behind the null section.
    let at = 64;
    let bytes = &linked[at..];
    let word = |n: usize| u32::from_le_bytes(bytes[4 * n..][..4].try_into().unwrap()) as usize;
    let len = word(1) + word(4) + word(5);
    let btf = Btf::parse(&bytes[..len], Endian::Little).unwrap();
    btf.types()
        .map(|(id, ty)| format!("{id} {} {} {:?}", ty.kind.code(), ty.name, ty.kind))
        .collect()
}

fn member(name: &str, ty: u32, at: u32) -> Member<'_> {
    Member { name, ty, bit_offset: 64 * at, bitfield_size: None }
}

/// `struct NAME { struct TO *next; NUMBER number; }`, with TO as `to` makes it.
fn node(b: &mut BtfBuilder, name: &str, number: u32, to: impl FnOnce(&mut BtfBuilder) -> u32) {
    let to = to(b);
    let pointer = b.ptr(to);
    b.struct_(name, 16, &[member("next", pointer, 0), member("number", number, 1)]);
}

#[test]
fn rings_are_found_equal() {
    // Each file has the ring in another order.
    let ring = |first: &str, second: &str| {
        typed(|b| {
            let int = b.int("int", 4, bpf_skel::btf::IntEncoding::SIGNED);
            // 2: pointer to 5, 3: the first; 4: pointer to 3, 5: the second.
            let to_second = b.ptr(5);
            b.struct_(first, 16, &[member("next", to_second, 0), member("number", int, 1)]);
            let to_first = b.ptr(3);
            b.struct_(second, 16, &[member("next", to_first, 0), member("number", int, 1)]);
        })
    };
    let one = merged(&[ring("a", "b")]);
    assert_eq!(one.len(), 5);
    assert_eq!(merged(&[ring("a", "b"), ring("b", "a")]), one);
    assert_eq!(merged(&[ring("a", "b"), ring("a", "c")]).len(), 9, "int is all they share");
}

#[test]
fn declarations_that_each_other_file_defines() {
    let int = |b: &mut BtfBuilder| b.int("int", 4, bpf_skel::btf::IntEncoding::SIGNED);
    let half = |name: &str, other: &str| {
        typed(|b| {
            let int = int(b);
            node(b, name, int, |b| b.fwd(other, false));
        })
    };
    let whole = typed(|b| {
        let int = int(b);
        let to_b = b.ptr(5);
        b.struct_("a", 16, &[member("next", to_b, 0), member("number", int, 1)]);
        let to_a = b.ptr(3);
        b.struct_("b", 16, &[member("next", to_a, 0), member("number", int, 1)]);
    });
    let expected = merged(std::slice::from_ref(&whole));
    let halves = [half("a", "b"), half("b", "a")];
    assert_eq!(merged(&halves).len(), 5);
    // Nobody's definition looks like the other's unless the declarations in them are understood.
    assert_eq!(merged(&[whole, halves[0].clone(), halves[1].clone()]), expected);
}

#[test]
fn declarations_of_what_is_defined_in_two_ways_stay() {
    let user = typed(|b| drop_id(b.fwd("a", false)));
    let one = typed(|b| drop_id(b.struct_("a", 4, &[])));
    let other = typed(|b| drop_id(b.struct_("a", 8, &[])));
    assert_eq!(merged(&[user.clone(), one.clone()]).len(), 1);
    assert_eq!(merged(&[user.clone(), one.clone(), other.clone()]).len(), 3);
    // A struct is no union.
    let union = typed(|b| drop_id(b.union_("a", 4, &[])));
    assert_eq!(merged(&[user, union]).len(), 2);
}

#[test]
fn everything_about_a_type_counts() {
    use bpf_skel::btf::IntEncoding;
    type Fill = fn(&mut BtfBuilder);
    let pairs: &[(Fill, Fill)] = &[
        (
            |b| drop_id(b.int("n", 4, IntEncoding::SIGNED)),
            |b| drop_id(b.int("n", 4, IntEncoding::UNSIGNED)),
        ),
        (
            |b| drop_id(b.int("n", 4, IntEncoding::SIGNED)),
            |b| drop_id(b.int("m", 4, IntEncoding::SIGNED)),
        ),
        (
            |b| drop_id(b.enum_("e", 4, false, &[("A", 1)])),
            |b| drop_id(b.enum_("e", 4, false, &[("A", 2)])),
        ),
        (
            |b| drop_id(b.enum64("e", 8, false, &[("A", 1 << 32)])),
            |b| drop_id(b.enum64("e", 8, false, &[("A", 2 << 32)])),
        ),
        (|b| drop_id(b.array(0, 0, 1)), |b| drop_id(b.array(0, 0, 2))),
        (|b| drop_id(b.type_tag("t", 0)), |b| drop_id(b.attribute("t", 0))),
        (|b| drop_id(b.const_(0)), |b| drop_id(b.volatile(0))),
        (|b| drop_id(b.float("f", 4)), |b| drop_id(b.float("f", 8))),
        (
            |b| drop_id(b.func_proto(0, &[Param { name: "x", ty: 0 }])),
            |b| drop_id(b.func_proto(0, &[Param { name: "y", ty: 0 }])),
        ),
    ];
    for (number, (a, b)) in pairs.iter().enumerate() {
        assert_eq!(merged(&[typed(a), typed(a)]).len(), 1, "{number}");
        assert_eq!(merged(&[typed(a), typed(b)]).len(), 2, "{number}");
    }
}

fn drop_id(_: u32) {}
