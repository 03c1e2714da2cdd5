//! Data sections and their variables.

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::elf::Reader;
use bpf_skel::spec::{Data, Endian, Linkage, MapContents, ObjectSpec, RelocationTarget};
use bpf_skel::uapi::MapType;
use bpf_skel::uapi::flags::{MMAPABLE, RDONLY_PROG};
use bpf_skel_tests::fixtures::{bytes as bytes_of, spec};

fn bytes<'s>(spec: &'s ObjectSpec, map: &str) -> &'s [u8] {
    match &spec.maps[spec.map_index(map).expect(map)].contents {
        MapContents::Data { data: Data::Bytes(bytes), .. } => bytes,
        other => panic!("{map}: {other:?}"),
    }
}

/// Bytes that stay are not copied, and give the same spec.
#[test]
fn initial_values_stay_where_they_are() {
    let object: &'static [u8] = bytes_of("data", Endian::Little).leak();
    let reading = Reader::new().read_static(object, "data.bpf.o").unwrap();
    assert_eq!(reading.spec, bpf_skel::elf::read(object, "data.bpf.o").unwrap());
    for map in reading.spec.maps.iter() {
        let MapContents::Data { data: Data::Bytes(bytes), .. } = &map.contents else { continue };
        assert!(object.as_ptr_range().contains(&bytes.as_ptr()), "{}", map.name);
    }
}

#[test]
fn each_section_is_an_array_of_one() {
    let spec = spec("data");
    let both = RDONLY_PROG | MMAPABLE;
    let expected = [
        (".rodata", both, true),
        (".data", MMAPABLE, false),
        (".data.config", MMAPABLE, false),
        (".rodata.table", both, true),
        // Only static variables: nobody outside has a use for a mapping.
        (".rodata.private", RDONLY_PROG, true),
        (".bss", MMAPABLE, false),
        (".rodata.str1.1", RDONLY_PROG, true),
        (".bss.scratch", MMAPABLE, false),
    ];
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    assert_eq!(spec.maps.len(), expected.len());
    for (map, (name, flags, frozen)) in spec.maps.iter().zip(expected) {
        assert_eq!((&*map.name, &*map.section, map.flags), (name, name, flags));
        assert_eq!((map.map_type, map.key_size, map.max_entries), (MapType::ARRAY, 4, 1));
        let MapContents::Data { data, frozen: found } = &map.contents else { panic!("{name}") };
        assert_eq!((data.len(), *found), (map.value_size as usize, frozen), "{name}");
        if name == ".rodata.str1.1" {
            assert_eq!(map.value_type_id, 0);
            continue;
        }
        let ty = btf.type_by_id(map.value_type_id).unwrap();
        let Kind::DataSec(section) = ty.kind else { panic!("{name}: {ty:?}") };
        assert_eq!((ty.name, section.size), (name, map.value_size));
        assert!(section.vars().is_sorted_by_key(|var| var.offset), "{name}");
    }
}

#[test]
fn variables_of_an_arena_are_its_own() {
    let spec = spec("arena");
    let [pages] = &*spec.maps else { panic!("{:?}", spec.maps) };
    assert_eq!((&*pages.name, pages.map_type, pages.value_size), ("pages", MapType::ARENA, 0));
    let MapContents::Arena { data: Data::Bytes(bytes) } = &pages.contents else { panic!() };
    assert_eq!((bytes.len(), bytes[0]), (40, 7));
    let names = spec.variables.iter().map(|it| (&*it.name, it.map, it.offset));
    assert!(names.eq([("first", 0, 0), ("table", 0, 4), ("total", 0, 16), ("head", 0, 24)]));
    let mut offsets = spec.programs[0].relocations.iter().map(|it| match it.target {
        RelocationTarget::MapValue { map: 0, offset } => offset,
        other => panic!("{other:?}"),
    });
    assert!(offsets.all(|offset| [0, 4, 16, 24].contains(&offset)));
}

#[test]
fn zeros_take_no_room() {
    let spec = spec("data");
    let bss = &spec.maps[spec.map_index(".bss").unwrap()];
    assert!(bss.value_size > 3 << 20);
    let MapContents::Data { data, .. } = &bss.contents else { panic!() };
    assert_eq!(*data, Data::Zeroed(bss.value_size));
}

#[test]
fn variables_are_where_the_bytes_are() {
    let spec = spec("data");
    let read = |name: &str| -> &[u8] {
        let variable = spec.variable(name).expect(name);
        let map = &spec.maps[variable.map as usize].name;
        &bytes(&spec, map)[variable.offset as usize..][..variable.size as usize]
    };
    assert_eq!(read("limit"), 10u32.to_le_bytes());
    assert_eq!(read("flags"), [1, 2, 3]);
    assert_eq!(read("secret"), 0x1122_3344_5566_7788u64.to_le_bytes());
    assert_eq!(read("counter"), (-5i32).to_le_bytes());
    assert_eq!(read("private_counter"), 7i32.to_le_bytes());
    assert_eq!(read("hidden_counter"), 9i16.to_le_bytes());
    assert_eq!(read("weak_counter"), 11u64.to_le_bytes());
    assert_eq!(read("tuned"), 42u64.to_le_bytes());
    assert_eq!(read("table").len(), 16);
    assert_eq!(bytes(&spec, ".rodata.str1.1"), b"hello %d\n\0");
    let places: Vec<_> = spec.variables.iter().map(|v| (v.map, v.offset)).collect();
    assert!(places.is_sorted());
}

#[test]
fn who_sees_a_variable() {
    let spec = spec("data");
    for (name, linkage) in [
        ("limit", Linkage::Global),
        ("secret", Linkage::Static),
        ("private_total", Linkage::Static),
        ("hidden_counter", Linkage::Static),
        ("weak_counter", Linkage::Weak),
        ("scratch", Linkage::Global),
    ] {
        assert_eq!(spec.variable(name).expect(name).linkage, linkage, "{name}");
    }
}

#[test]
fn without_btf_symbols_tell() {
    let spec = spec("no_btf");
    let variables: Vec<_> = spec
        .variables
        .iter()
        .map(|v| (&*v.name, v.map, v.offset, v.size, v.type_id, v.linkage))
        .collect();
    assert_eq!(
        variables,
        [
            ("step", 0, 0, 4, 0, Linkage::Global),
            ("total", 1, 0, 8, 0, Linkage::Global),
            ("private_total", 1, 8, 8, 0, Linkage::Static),
        ]
    );
    assert!(spec.maps.iter().all(|map| map.flags & MMAPABLE == 0 && map.value_type_id == 0));
}
