//! Section `maps`.

use bpf_skel::btf::Btf;
use bpf_skel::elf::{Legacy, Reader, Reading, Warning};
use bpf_skel::spec::{Endian, MapContents, MapSpec, ObjectSpec, Pinning, Slot, SlotTarget};
use bpf_skel::uapi::{AttachType, MapType, ProgramType};
use bpf_skel_tests::fixtures;

const ORDERS: [Endian; 2] = [Endian::Little, Endian::Big];

fn reading(name: &str, endian: Endian) -> Reading {
    let bytes = fixtures::bytes(name, endian);
    Reader::new().legacy(Legacy::Iproute2).read(&bytes, name).expect(name)
}

fn map<'s>(spec: &'s ObjectSpec, name: &str) -> &'s MapSpec {
    &spec.maps[spec.map_index(name).expect(name)]
}

/// The numbers of a definition: type, sizes, entries, flags, pinning.
fn numbers(map: &MapSpec) -> [u32; 6] {
    let pinning = match map.pinning {
        Pinning::None => 0,
        Pinning::Legacy(number) => number,
        Pinning::ByName => panic!("{map:?}"),
    };
    [map.map_type.0, map.key_size, map.value_size, map.max_entries, map.flags, pinning]
}

#[test]
fn every_size() {
    for endian in ORDERS {
        for size in [16, 20, 24, 28, 32, 36] {
            let bytes = fixtures::legacy_size(size, endian);
            let read = |layout| Reader::new().legacy(layout).read(&bytes, "size.o");
            let reading = read(Legacy::Iproute2).expect("it reads");
            let spec = &reading.spec;
            assert_eq!(spec.maps.len(), 2, "{size}");
            assert!(spec.btf.is_empty() && spec.maps.iter().all(|map| map.section == "maps"));
            let flags = if size > 16 { 1 << 10 } else { 0 };
            let pinning = if size > 24 { 3 } else { 0 };
            assert_eq!(numbers(map(spec, "first")), [1, 8, 24, 100, 0, 0], "{size}");
            assert_eq!(numbers(map(spec, "second")), [2, 4, 12, 7, flags, pinning], "{size}");
            let legacy = reading.legacy.expect("it says what it was taken for");
            assert_eq!((legacy.layout, legacy.size), (Legacy::Iproute2, size as u32));

            // The old layout and libbpf's know less, and what they do not know must be zero.
            let second = |layout| read(layout).map(|reading| numbers(map(&reading.spec, "second")));
            let pinning = if size > 20 { 2 } else { 0 };
            let old = second(Legacy::Iproute2Old);
            assert_eq!(old.ok(), (size <= 24).then_some([2, 4, 12, 7, 0, pinning]), "{size}");
            let libbpf = second(Legacy::Libbpf);
            assert_eq!(libbpf.ok(), (size <= 20).then_some([2, 4, 12, 7, flags, 0]), "{size}");
        }
    }
}

#[test]
fn it_says_what_was_taken() {
    let taken = |size, layout| {
        let bytes = fixtures::legacy_size(size, Endian::Little);
        let reading = Reader::new().legacy(layout).read(&bytes, "size.o").expect("it reads");
        reading.legacy.expect("it has them").to_string()
    };
    for (size, layout, expected) in [
        (16, Legacy::Iproute2, "struct bpf_map_def of 16 bytes, the start of struct bpf_elf_map"),
        (20, Legacy::Iproute2, "struct bpf_map_def of 20 bytes, the start of struct bpf_elf_map"),
        (28, Legacy::Iproute2, "the first 28 bytes of struct bpf_elf_map"),
        (36, Legacy::Iproute2, "struct bpf_elf_map of 36 bytes"),
        (24, Legacy::Iproute2Old, "the old struct bpf_elf_map, of 24 bytes"),
        (20, Legacy::Libbpf, "struct bpf_map_def of 20 bytes"),
    ] {
        assert_eq!(taken(size, layout), expected);
    }
    let modern = fixtures::bytes("maps", Endian::Little);
    let reading = Reader::new().legacy(Legacy::Iproute2).read(&modern, "maps.o").unwrap();
    assert_eq!(reading.legacy, None);
    assert_eq!(reading.spec, bpf_skel::elf::read(&modern, "maps.o").unwrap());
}

#[test]
fn maps_of_both_kinds() {
    for endian in ORDERS {
        let spec = reading("legacy", endian).spec;
        let names: Vec<_> = spec.maps.iter().map(|map| (&*map.name, &*map.section)).collect();
        let legacy = [
            "counters",
            "next",
            "shape",
            "outer",
            "inner_zero",
            "inner_three",
            "outer_hash",
            "jumps",
        ];
        let expected: Vec<_> = [("modern", ".maps")]
            .into_iter()
            .chain(legacy.into_iter().map(|name| (name, "maps")))
            .collect();
        assert_eq!(names, expected);
        assert_eq!(numbers(map(&spec, "counters")), [1, 4, 16, 16, 1, 2]);
        assert_eq!(map(&spec, "outer").pinning, Pinning::Legacy(1));
        assert_eq!(map(&spec, "inner_three").pinning, Pinning::Legacy(5));
        assert_eq!(map(&spec, "next").pinning, Pinning::None);
    }
}

#[test]
fn maps_in_maps() {
    for endian in ORDERS {
        let spec = reading("legacy", endian).spec;
        let slot = |key, name: &str| {
            let target = SlotTarget::Map(spec.map_index(name).expect(name) as u32);
            Slot { key, target }
        };
        let slots = vec![slot(0, "inner_zero"), slot(3, "inner_three")];
        for name in ["outer", "outer_hash"] {
            let outer = map(&spec, name);
            assert_eq!(outer.contents, MapContents::Slots(slots.clone().into()), "{name}");
            let inner = &spec.inner_maps[outer.inner.expect("a template") as usize];
            let expected =
                MapSpec { name: format!("{name}.inner").into(), ..map(&spec, "shape").clone() };
            assert_eq!(*inner, expected);
        }
        assert_eq!(map(&spec, "shape").contents, MapContents::Empty);
    }
}

#[test]
fn tail_calls() {
    for endian in ORDERS {
        let Reading { spec, warnings, .. } = reading("legacy", endian);
        let slot = |key, name: &str| {
            let target = SlotTarget::Program(spec.program_index(name).expect(name) as u32);
            Slot { key, target }
        };
        let slots = vec![slot(0, "count"), slot(8, "nest")];
        assert_eq!(map(&spec, "jumps").contents, MapContents::Slots(slots.into()));
        assert_eq!(
            warnings,
            [Warning::NoProgArray { section: "8/1".into(), id: 8 }],
            "and no other"
        );
        // Who jumps says of what type they are.
        let types: Vec<_> =
            spec.programs.iter().map(|it| (&*it.name, it.program_type, it.autoload)).collect();
        let expected = [
            ("cls_main", ProgramType::SCHED_CLS, true),
            ("count", ProgramType::SCHED_CLS, true),
            ("nest", ProgramType::SCHED_CLS, true),
            ("nowhere", ProgramType::UNSPEC, false),
            ("act_main", ProgramType::SCHED_ACT, true),
        ];
        assert_eq!(types, expected);
    }
}

#[test]
fn keys_and_values_have_types_where_btf_says_so() {
    let spec = reading("legacy", Endian::Little).spec;
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let counters = map(&spec, "counters");
    let name = |id| btf.resolve(id).map(|(_, ty)| ty.name);
    assert_eq!(name(counters.key_type_id), Some("unsigned int"));
    assert_eq!(name(counters.value_type_id), Some("counter"));
    assert_eq!(map(&spec, "next").value_type_id, 0);
}

#[test]
fn functions_of_text_are_found_by_their_symbols() {
    let spec = reading("legacy", Endian::Little).spec;
    let nest = &spec.programs[spec.program_index("nest").unwrap()];
    let cls_main = &spec.programs[spec.program_index("cls_main").unwrap()];
    // `add` and `twice`, which is not at the start of .text.
    assert_eq!(nest.insn_count(), (264 + 32 + 24) / 8);
    assert_eq!(cls_main.insn_count(), 128 / 8);
}

#[test]
fn a_section_that_names_no_type() {
    for endian in ORDERS {
        let Reading { spec, warnings, .. } = reading("legacy_def", endian);
        let program = &spec.programs[0];
        assert_eq!((&*program.section, program.program_type), ("prog", ProgramType::UNSPEC));
        assert_eq!(program.attach_type, AttachType::default());
        let seen = map(&spec, "seen");
        assert_eq!((seen.map_type, seen.key_size, seen.flags), (MapType::HASH, 6, 1));
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

#[test]
fn members_that_are_not_known() {
    let (_, bytes) =
        fixtures::refused().into_iter().find(|(n, _)| n == "map_unknown_member").unwrap();
    let reading = Reader::new().relaxed().read(&bytes, "x.o").unwrap();
    let expected = Warning::UnknownMember { map: "wrong".into(), member: "max_entires".into() };
    assert_eq!(reading.warnings, [expected]);
    assert_eq!(map(&reading.spec, "wrong").map_type, MapType::HASH);
    // Being able to read the old ones is no reason to be lenient with the new ones.
    assert!(Reader::new().legacy(Legacy::Iproute2).read(&bytes, "x.o").is_err());
}
