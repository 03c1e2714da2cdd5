//! Which definition wins, and where things are.

use bpf_skel::btf::{Btf, Kind, Linkage as BtfLinkage};
use bpf_skel::spec::{Data, Endian, ExternKind, Linkage, MapContents, ObjectSpec, SlotTarget};

use bpf_skel_tests::fixtures::linked;

use crate::read;

const BOTH: [Endian; 2] = [Endian::Little, Endian::Big];

fn number(spec: &ObjectSpec, map: u32, offset: u32) -> u32 {
    let MapContents::Data { data: Data::Bytes(bytes), .. } = &spec.maps[map as usize].contents
    else {
        panic!("a section of zeros");
    };
    spec.endian.u32(bytes[offset as usize..][..4].try_into().unwrap())
}

#[test]
fn variables_have_the_place_and_the_value_of_their_definition() {
    for endian in BOTH {
        let spec = read(&linked(&["main", "lib"], endian));
        let value = |name: &str| {
            let it = spec.variable(name).unwrap_or_else(|| panic!("no variable {name:?}"));
            (&*spec.maps[it.map as usize].name, number(&spec, it.map, it.offset))
        };
        assert_eq!(value("counter"), (".data", 5));
        assert_eq!(value("knob"), (".rodata", 3));
        assert_eq!(value("tuned"), (".data.custom", 5));
        assert_eq!(value("padded"), (".data.custom", 7));
        // The strong one of the second file, not the weak one of the first.
        assert_eq!(value("weak_number"), (".data", 20));
        let weak = spec.variables.iter().filter(|it| it.name == "weak_number");
        assert_eq!(weak.map(|it| it.linkage).collect::<Vec<_>>(), [Linkage::Global]);
        // Static ones of the same name are two.
        let states = spec.variables.iter().filter(|it| it.name == "state");
        let states: Vec<u32> = states.map(|it| number(&spec, it.map, it.offset)).collect();
        assert_eq!(states, [100, 1000]);
    }
}

#[test]
fn sections_are_aligned() {
    let spec = read(&linked(&["lib", "main"], Endian::Little));
    let place = |name: &str| spec.variable(name).map(|it| it.offset);
    assert_eq!((place("tuned"), place("padded")), (Some(0), Some(16)));
    let bss = spec.map_index(".bss").unwrap();
    for name in ["last_main", "last_lib", "nested", "total"] {
        let variable = spec.variable(name).unwrap();
        assert_eq!((variable.map as usize, variable.offset % 8), (bss, 0), "{name}");
    }
}

#[test]
fn programs_of_one_section_follow_each_other() {
    for endian in BOTH {
        let spec = read(&linked(&["main", "lib"], endian));
        let names: Vec<_> = spec.programs.iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["from_main", "core_main", "jumped", "from_lib", "core_lib"]);
        assert!(spec.programs.iter().all(|it| it.section == "socket"));
        assert_eq!(spec.license, "GPL");
    }
}

/// The functions of a program, by what `.BTF.ext` says of them.
fn functions(spec: &ObjectSpec, name: &str) -> Vec<(String, BtfLinkage)> {
    let btf = Btf::parse(&spec.btf, spec.endian).unwrap();
    let program = &spec.programs[spec.program_index(name).unwrap()];
    let records = program.func_info.as_chunks::<8>().0.iter();
    let types =
        records.map(|it| btf.type_by_id(spec.endian.u32(it[4..].try_into().unwrap())).unwrap());
    types
        .map(|ty| match ty.kind {
            Kind::Func { linkage, .. } => (ty.name.to_owned(), linkage),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn functions_are_those_of_the_winner() {
    use BtfLinkage::{Global, Static};
    for endian in BOTH {
        let spec = read(&linked(&["main", "lib"], endian));
        let named = |list: &[(&str, BtfLinkage)]| -> Vec<_> {
            list.iter().map(|(name, linkage)| ((*name).to_owned(), *linkage)).collect()
        };
        // The static function of each file; `hidden` is one for the kernel, too.
        assert_eq!(
            functions(&spec, "from_main"),
            named(&[
                ("from_main", Global),
                ("helper", Static),
                ("add", Global),
                ("limit", Global),
                ("first_wins", Global),
                ("hidden", Static),
                ("helper", Static),
            ])
        );
        assert_eq!(
            functions(&spec, "from_lib"),
            named(&[("from_lib", Global), ("helper", Static)])
        );
        let lines = |name: &str| {
            let btf = Btf::parse(&spec.btf, spec.endian).unwrap();
            let program = &spec.programs[spec.program_index(name).unwrap()];
            let files = program.line_info.as_chunks::<16>().0.iter().map(|it| {
                let file = spec.endian.u32(it[4..8].try_into().unwrap());
                btf.string(file).unwrap().rsplit('/').next().unwrap().to_owned()
            });
            let mut files: Vec<String> = files.collect();
            files.dedup();
            files
        };
        // Its own, then `helper`'s; `add` and `limit` of the other file, `first_wins` of this one.
        assert_eq!(lines("from_main"), ["main.bpf.c", "lib.bpf.c", "main.bpf.c", "lib.bpf.c"]);
    }
}

#[test]
fn maps_are_one_for_each_name() {
    for endian in BOTH {
        let spec = read(&linked(&["main", "third", "lib"], endian));
        let named = |name: &str| {
            let index = spec.map_index(name).unwrap();
            (index as u32, &spec.maps[index])
        };
        let names: Vec<_> = spec.maps.iter().filter(|it| it.section == ".maps").collect();
        assert_eq!(names.len(), 3);
        let (counts, map) = named("counts");
        assert_eq!((map.key_size, map.value_size, map.max_entries), (4, 8, 16));
        let users = spec.programs.iter().filter(|program| {
            let to = |it: &bpf_skel::spec::Relocation| {
                it.target == bpf_skel::spec::RelocationTarget::Map(counts)
            };
            program.relocations.iter().any(to)
        });
        let users: Vec<_> = users.map(|it| &*it.name).collect();
        assert_eq!(users, ["from_main", "from_third", "from_lib"]);
        let (_, jumps) = named("jumps");
        let MapContents::Slots(slots) = &jumps.contents else { panic!("no slots") };
        let jumped = spec.program_index("jumped").unwrap() as u32;
        assert_eq!((slots[0].key, slots[0].target), (1, SlotTarget::Program(jumped)));
    }
}

#[test]
fn symbols_of_the_kernel_are_one_for_each_name() {
    for endian in BOTH {
        let spec = read(&linked(&["main", "lib", "third"], endian));
        let externs: Vec<_> = spec
            .externs
            .iter()
            .map(|it| (&*it.name, it.weak, matches!(it.kind, ExternKind::Kconfig { .. })))
            .collect();
        // One that cannot do without the version is enough.
        assert_eq!(
            externs,
            [
                ("CONFIG_HZ", true, true),
                ("LINUX_KERNEL_VERSION", false, true),
                ("no_such_kfunc", true, false),
                ("no_such_symbol", true, false),
            ]
        );
    }
}

#[test]
fn core_relocations_keep_their_types() {
    for endian in BOTH {
        let spec = read(&linked(&["main", "lib"], endian));
        let btf = Btf::parse(&spec.btf, spec.endian).unwrap();
        let member = |name: &str| {
            let program = &spec.programs[spec.program_index(name).unwrap()];
            let [relocation] = &program.core_relocations[..] else { panic!("{name}") };
            let access = &spec.core.accesses[relocation.access as usize];
            let root = &spec.core.roots[access.root as usize];
            assert_eq!(&*root.name, "task_struct");
            let Kind::Struct(composite) = btf.type_by_id(root.type_id).unwrap().kind else {
                panic!("not a struct");
            };
            composite.members().next().unwrap().name
        };
        // Each file has a `struct task_struct` of its own.
        assert_eq!((member("core_main"), member("core_lib")), ("pid", "comm"));
    }
}
