//! Operations for the kernel.

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::spec::{Data, Endian, MapContents, MapSpec, ObjectSpec};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel_tests::fixtures::{spec, spec_in};

/// Names of the members that call programs, with the programs' names; and whether the object can do without the map.
fn functions<'s>(spec: &'s ObjectSpec, name: &str) -> (Vec<(String, &'s str)>, bool) {
    let map = map(spec, name);
    let MapContents::StructOps { functions, optional, .. } = &map.contents else {
        panic!("{name}: {:?}", map.contents)
    };
    let btf = Btf::parse(&spec.btf, spec.endian).unwrap();
    let Some(Kind::Struct(operations)) = btf.type_by_id(map.value_type_id).map(|ty| ty.kind) else {
        panic!("{name}")
    };
    let named = functions.iter().map(|function| {
        let member = operations.member(function.member as usize).unwrap().name;
        (member.to_owned(), &*spec.programs[function.program as usize].name)
    });
    (named.collect(), *optional)
}

fn map<'s>(spec: &'s ObjectSpec, name: &str) -> &'s MapSpec {
    &spec.maps[spec.map_index(name).expect(name)]
}

fn data<'s>(spec: &'s ObjectSpec, name: &str) -> &'s [u8] {
    match &map(spec, name).contents {
        MapContents::StructOps { data: Data::Bytes(bytes), .. } => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_variable_is_a_map() {
    let spec = spec("struct_ops");
    let maps: Vec<_> = spec.maps.iter().map(|map| (&*map.name, &*map.section, map.flags)).collect();
    let expected = [
        (".bss", ".bss", flags::MMAPABLE),
        ("plain", ".struct_ops", 0),
        ("linked", ".struct_ops.link", flags::LINK),
        ("absent", "?.struct_ops.link", flags::LINK),
        ("present", "?.struct_ops.link", flags::LINK),
        ("wide", "?.struct_ops", 0),
        ("odd", "?.struct_ops", 0),
        ("more", "?.struct_ops", 0),
    ];
    assert_eq!(maps, expected);
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    for (name, size, ty) in [
        ("plain", 64, "tcp_congestion_ops"),
        ("linked", 56, "tcp_congestion_ops___later"),
        ("absent", 16, "no_such_ops"),
    ] {
        let map = map(&spec, name);
        assert_eq!(
            (map.map_type, map.key_size, map.value_size, map.max_entries),
            (MapType::STRUCT_OPS, 4, size, 1),
            "{name}"
        );
        assert_eq!(btf.type_by_id(map.value_type_id).map(|ty| ty.name), Some(ty), "{name}");
    }
}

#[test]
fn members_call_programs() {
    let spec = spec("struct_ops");
    let named = |list: &[(&str, &'static str)]| {
        list.iter().map(|&(member, program)| (member.to_owned(), program)).collect::<Vec<_>>()
    };
    let usual =
        [("ssthresh", "ssthresh"), ("undo_cwnd", "undo_cwnd"), ("cong_avoid", "cong_avoid")];
    assert_eq!(functions(&spec, "plain"), (named(&usual), false));
    assert_eq!(functions(&spec, "linked"), (named(&usual), false));
    assert_eq!(functions(&spec, "absent"), (named(&[("call", "never_called")]), true));
    let more = [usual[0], usual[1], ("cong_avoid", "cong_avoid_more")];
    // All of a section are optional, not only the first.
    assert_eq!(functions(&spec, "present"), (named(&more), true));
    assert_eq!(functions(&spec, "wide"), (Vec::new(), true));
}

#[test]
fn the_rest_is_bytes() {
    for endian in [Endian::Little, Endian::Big] {
        let spec = spec_in("struct_ops", endian);
        let mut expected = [0; 64];
        expected[..14].copy_from_slice(b"bpf_skel_plain");
        assert_eq!(data(&spec, "plain"), expected);
        let mut expected = [0; 16];
        expected[8..12].copy_from_slice(&endian.u32_bytes(7));
        assert_eq!(data(&spec, "absent"), expected);
    }
}
