//! Linking gives what bpftool's libbpf gives: the same programs, maps and variables at the same places, and not more
//! types.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use bpf_skel::OpenObject;
use bpf_skel::btf::Btf;
use bpf_skel::insn::Insn;
use bpf_skel::spec::{
    Endian, MapSpec, ObjectSpec, ProgramSpec, Relocation, RelocationTarget, Slot, SlotTarget,
    VariableSpec,
};
use bpf_skel_tests::fixtures;
use bpf_skel_tests::kernel::{PinDirectory, is_root};
use bpf_skel_tests::machine::{Outcome, Skip, tests, tool};

tests![objects_of_the_fixtures, final_instructions, libbpf_links_ours, libbpf_loads_ours];

/// Without `third`: libbpf wants declarations of maps to be complete, and libbpf 1.1 cannot link two declarations of
/// one kernel function. The strong definition comes first: after a declaration, libbpf takes a weak one for strong.
const SETS: &[&[&str]] = &[
    &["link/main", "link/lib"],
    &["link/lib", "link/main"],
    &["link/cases/definitions", "link/cases/fits"],
    &["link/cases/definitions", "link/cases/function_weak", "link/cases/fits"],
    &["link/cases/aligned"],
    &["struct_ops", "link/ops"],
    &["core"],
    &["data"],
    &["externs"],
    &["maps"],
    &["inner_maps"],
    &["prog_array"],
    &["programs"],
    &["struct_ops"],
    &["subprogs"],
];

/// Those whose objects are of this machine's byte order.
fn sets() -> impl Iterator<Item = &'static [&'static str]> {
    // The cases are little-endian.
    let of_any_order = |names: &&[&str]| !names[0].contains("/cases/");
    let little = Endian::NATIVE == Endian::Little;
    SETS.iter().copied().filter(move |names| little || of_any_order(names))
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    let path = |name: &&str| match name.contains("/cases/") {
        true => fixtures::folder().join(format!("{name}.o")),
        false => fixtures::path(name, Endian::NATIVE),
    };
    names.iter().map(path).collect()
}

fn ours(paths: &[PathBuf]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        paths.iter().map(|path| std::fs::read(path).expect("a fixture")).collect();
    let objects: Vec<(&str, &[u8])> = bytes.iter().map(|bytes| ("it.o", &**bytes)).collect();
    bpf_skel_build::link(&objects).unwrap_or_else(|error| panic!("{error}"))
}

fn theirs(paths: &[PathBuf], to: &Path) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut args = vec![OsStr::new("gen"), OsStr::new("object"), to.as_os_str()];
    args.extend(paths.iter().map(|path| path.as_os_str()));
    tool("bpftool", &args)?;
    Ok(std::fs::read(to)?)
}

fn read(bytes: &[u8]) -> ObjectSpec {
    bpf_skel::elf::read(bytes, "linked.bpf.o").unwrap_or_else(|error| panic!("{error}"))
}

/// Everything but ids of types and indices, in words.
fn described(spec: &ObjectSpec) -> BTreeMap<String, String> {
    let map_name = |index: u32| &*spec.maps[index as usize].name;
    let mut all = BTreeMap::new();
    for program in spec.programs.iter() {
        let targets: Vec<String> = program
            .relocations
            .iter()
            .map(|Relocation { insn, target }| match *target {
                RelocationTarget::Map(map) => format!("{insn}: {}", map_name(map)),
                RelocationTarget::MapValue { map, offset } => {
                    format!("{insn}: {}+{offset}", map_name(map))
                }
                RelocationTarget::Ksym(index) | RelocationTarget::Kfunc(index) => {
                    format!("{insn}: {}", spec.externs[index as usize].name)
                }
                other => format!("{insn}: {other:?}"),
            })
            .collect();
        let counts =
            (program.core_relocations.len(), program.func_info.len(), program.line_info.len());
        all.insert(
            format!("program {}", program.name),
            format!("{} {:?} {targets:?} {counts:?}", program.section, program.insns),
        );
    }
    for map in spec.maps.iter() {
        let slots = match &map.contents {
            bpf_skel::spec::MapContents::Slots(slots) => slots
                .iter()
                .map(|Slot { key, target }| match *target {
                    SlotTarget::Map(map) => format!("{key}: {}", map_name(map)),
                    SlotTarget::Program(index) => {
                        format!("{key}: {}", spec.programs[index as usize].name)
                    }
                })
                .collect(),
            contents => vec![format!("{contents:?}")],
        };
        let plain = MapSpec {
            key_type_id: 0,
            value_type_id: 0,
            contents: bpf_skel::spec::MapContents::Empty,
            ..map.clone()
        };
        all.insert(format!("map {}", map.name), format!("{plain:?} {slots:?}"));
    }
    for it in spec.variables.iter() {
        let VariableSpec { name, map, offset, size, linkage, .. } = it;
        all.insert(
            format!("variable {}+{offset}", map_name(*map)),
            format!("{name} {size} {linkage:?}"),
        );
    }
    for it in spec.externs.iter() {
        all.insert(format!("extern {}", it.name), format!("{}", it.weak));
    }
    all
}

fn types(spec: &ObjectSpec) -> u32 {
    Btf::parse(&spec.btf, spec.endian).expect("what was read has valid BTF").len()
}

fn objects_of_the_fixtures() -> Outcome {
    let folder = tempfile::tempdir()?;
    for names in sets() {
        let paths = paths(names);
        let theirs = read(&theirs(&paths, &folder.path().join("theirs.o"))?);
        let ours = read(&ours(&paths));
        let (a, b) = (described(&ours), described(&theirs));
        assert_eq!(
            a.keys().collect::<Vec<_>>(),
            b.keys().collect::<Vec<_>>(),
            "{names:?}: ours and libbpf's"
        );
        for (what, text) in &a {
            assert_eq!(text, &b[what], "{names:?}: {what}");
        }
        assert!(
            types(&ours) <= types(&theirs),
            "{names:?}: {} types, {} of libbpf's",
            types(&ours),
            types(&theirs)
        );
    }
    Ok(())
}

/// What a load makes of each program of an object on the running kernel, or why nothing, in words.
fn prepared(spec: ObjectSpec) -> BTreeMap<String, String> {
    let each = (0..spec.programs.len()).map(|index| {
        let mut open = OpenObject::new(spec.clone());
        for (other, program) in open.programs_mut().iter_mut().enumerate() {
            program.set_autoload(other == index);
        }
        let program = &spec.programs[index];
        let text = match open.prepare() {
            Err(error) => error.to_string(),
            Ok(prepared) => match prepared.program_insns(index) {
                Some(text) => with_names(text, program, &spec),
                None => "not to be loaded".to_owned(),
            },
        };
        (program.name.to_string(), text)
    });
    each.collect()
}

/// Final instructions, with names of maps in place of descriptors.
fn with_names(text: &[Insn], program: &ProgramSpec, spec: &ObjectSpec) -> String {
    let mut text = text.to_vec();
    let mut maps = Vec::new();
    for Relocation { insn, target } in program.relocations.iter() {
        let at = *insn as usize;
        if let RelocationTarget::Map(map) | RelocationTarget::MapValue { map, .. } = *target
            && text[at].is_ldimm64()
        {
            text[at].imm = 0;
            maps.push((at, &*spec.maps[map as usize].name));
        }
    }
    format!("{text:?} {maps:?}")
}

fn final_instructions() -> Outcome {
    if !is_root() {
        return Err(Skip("needs root".into()).into());
    }
    let folder = tempfile::tempdir()?;
    let (mut programs, mut refused) = (0, 0);
    for names in sets() {
        let paths = paths(names);
        let theirs = prepared(read(&theirs(&paths, &folder.path().join("theirs.o"))?));
        let ours = prepared(read(&ours(&paths)));
        assert_eq!(ours, theirs, "{names:?}: ours and libbpf's");
        programs += ours.len();
        refused += ours.values().filter(|text| !text.starts_with('[')).count();
    }
    assert!(refused * 4 < programs, "{refused} of {programs} programs cannot be prepared");
    Ok(())
}

fn libbpf_links_ours() -> Outcome {
    let folder = tempfile::tempdir()?;
    let [object, again] = ["ours.o", "again.o"].map(|name| folder.path().join(name));
    for names in sets() {
        let ours = ours(&paths(names));
        std::fs::write(&object, &ours)?;
        let theirs = theirs(std::slice::from_ref(&object), &again)
            .map_err(|error| format!("{names:?}: {error}"))?;
        assert_eq!(described(&read(&ours)), described(&read(&theirs)), "{names:?}");
    }
    Ok(())
}

fn libbpf_loads_ours() -> Outcome {
    if !is_root() {
        return Err(Skip("needs root".into()).into());
    }
    let folder = tempfile::tempdir()?;
    for (number, names) in
        [&["link/main", "link/lib"][..], &["link/lib", "link/main"]].iter().enumerate()
    {
        let object = folder.path().join("ours.o");
        std::fs::write(&object, ours(&paths(names)))?;
        let pins = PinDirectory::new(&format!("linked{number}"))?;
        let pin = pins.join("programs");
        let load = ["prog", "loadall"].map(AsRef::as_ref);
        tool("bpftool", &[&load[..], &[object.as_os_str(), pin.as_os_str()]].concat())?;
        assert_eq!(std::fs::read_dir(&pin)?.count(), 5, "{names:?}");
    }
    Ok(())
}
