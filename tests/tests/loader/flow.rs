//! Which loader takes an object, and why; which programs are loaded, and as what.

use bpf_skel::elf::{self, Legacy};
use bpf_skel::loader::{Compatibility, LoadedBy, Loader, Opened, Warning};
use bpf_skel::section_name::AttachKind;
use bpf_skel::spec::Endian;
use bpf_skel::uapi::{AttachType, ProgramType};
use bpf_skel::{Error, ErrorKind, Result};
use bpf_skel_tests::fixtures;

fn loader() -> Loader {
    Loader::new().without_configuration()
}

fn open(loader: &Loader, name: &str) -> Result<Opened> {
    loader.open(&fixtures::bytes(name, Endian::NATIVE), &format!("{name}.o"))
}

fn refused(case: &str) -> Vec<u8> {
    fixtures::refused().into_iter().find(|(name, _)| name == case).expect(case).1
}

/// The programs that are loaded.
fn loaded(opened: &Opened) -> Vec<&str> {
    let programs = opened.object.programs().iter();
    programs.filter(|program| program.autoload()).map(|program| program.name()).collect()
}

#[test]
fn the_standard_loader_is_asked_first() {
    let opened = open(&loader(), "maps").unwrap();
    assert_eq!(opened.loader, LoadedBy::Standard);
    assert!(opened.why.is_none() && opened.legacy.is_none() && opened.warnings.is_empty());

    let opened = open(&loader(), "legacy").unwrap();
    assert_eq!(opened.loader, LoadedBy::Compatibility);
    assert_eq!(opened.why.as_ref().map(Error::kind), Some(ErrorKind::MapDefinition));
    let why = opened.why.as_ref().map(Error::to_string).unwrap_or_default();
    assert!(why.starts_with(r#"legacy.o: section "maps": a map definition that is not"#), "{why}");
    assert_eq!(opened.legacy.map(|legacy| legacy.size), Some(36));
    let expected = elf::Warning::NoProgArray { section: "8/1".into(), id: 8 };
    assert_eq!(opened.warnings, [Warning::Object(expected)]);
}

#[test]
fn unless_told_otherwise() {
    let never = loader().compatibility(Compatibility::Never);
    let error = open(&never, "legacy").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MapDefinition);
    assert_eq!(open(&never, "maps").unwrap().loader, LoadedBy::Standard);
    let only = loader().compatibility(Compatibility::Only);
    for name in ["maps", "legacy"] {
        let opened = open(&only, name).unwrap();
        assert_eq!(opened.loader, LoadedBy::Compatibility);
        assert!(opened.why.is_none(), "nobody asked the other one");
    }
}

/// Of all objects that must not be read, only those whose map definitions are not understood go on to the other loader.
#[test]
fn nothing_else_leads_to_the_compatibility_loader() {
    let mut taken = Vec::new();
    for (name, bytes) in fixtures::refused() {
        let standard = elf::read(&bytes, "x.o").expect_err(&name);
        match loader().open(&bytes, "x.o") {
            Ok(opened) => {
                assert_eq!(opened.why.map(|why| why.kind()), Some(ErrorKind::MapDefinition));
                taken.push(name);
            }
            Err(error) => assert_eq!(error.to_string(), standard.to_string(), "{name}"),
        }
    }
    assert_eq!(taken, ["legacy_maps", "map_unknown_member"]);

    let opened = loader().open(&refused("map_unknown_member"), "x.o").unwrap();
    let warnings: Vec<String> = opened.warnings.iter().map(Warning::to_string).collect();
    assert_eq!(warnings, [r#"map "wrong": member "max_entires" is not known, and is passed over"#]);
}

#[test]
fn a_misspelt_section_is_told_unless_its_type_is_given() {
    let bytes = fixtures::misspelt_section(Endian::NATIVE);
    let warnings = |loader: Loader| loader.open(&bytes, "x.o").unwrap().warnings;
    let told: Vec<String> = warnings(loader()).iter().map(Warning::to_string).collect();
    assert_eq!(
        told,
        [
            r#"program "no_type": section "raw_pt/sched_s" names no type of program; did you mean "raw_tp"?"#
        ]
    );
    assert!(warnings(loader().program_type(ProgramType::XDP)).is_empty());
}

#[test]
fn a_layout_of_its_own() {
    let bytes = fixtures::legacy_size(20, Endian::NATIVE);
    let flags = |layout| {
        let opened = loader().legacy(layout).open(&bytes, "x.o").unwrap();
        opened.object.maps().iter().map(|map| map.spec().flags).max()
    };
    assert_eq!(flags(Legacy::Iproute2), Some(1 << 10));
    assert_eq!(flags(Legacy::Iproute2Old), Some(0));
}

#[test]
fn programs_that_are_loaded() {
    for (loader, expected) in [
        (loader(), &["cls_main", "count", "nest", "act_main"][..]),
        // As with iproute2: a section, and what it may jump to.
        (loader().section("classifier"), &["cls_main", "count", "nest"]),
        (loader().section("action"), &["count", "nest", "act_main"]),
        (loader().program("cls_main"), &["cls_main", "count", "nest"]),
        // What the object does not load by itself can be asked for.
        (loader().program("nowhere"), &["count", "nest", "nowhere"]),
    ] {
        assert_eq!(loaded(&open(&loader, "legacy").unwrap()), expected, "{loader:?}");
    }
    for (loader, expected) in [
        (
            loader().section("xdp"),
            r#"legacy: section "xdp": no such program; there are: cls_main in "classifier", "#,
        ),
        (
            loader().section("action").program("nest"),
            r#"legacy: section "action": program "nest": no such program"#,
        ),
    ] {
        let error = open(&loader, "legacy").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn types_that_the_caller_gives() {
    let unnamed = open(&loader(), "legacy_def").unwrap();
    assert_eq!(unnamed.object.programs()[0].program_type(), ProgramType::UNSPEC);
    let given = open(&loader().program_type(ProgramType::XDP), "legacy_def").unwrap();
    let program = &given.object.programs()[0];
    assert_eq!(
        (program.program_type(), program.attach_kind()),
        (ProgramType::XDP, AttachKind::Xdp)
    );
    assert_eq!(program.expected_attach_type(), AttachType::XDP);

    // Where the section says it, it stays.
    let given = open(&loader().program_type(ProgramType::XDP), "legacy").unwrap();
    let types: Vec<_> = given.object.programs().iter().map(|it| it.program_type().0).collect();
    assert_eq!(types, [3, 3, 3, 6, 4]);
    // What is jumped to is not attached.
    let kinds: Vec<_> = given.object.programs().iter().map(|it| it.attach_kind()).collect();
    assert_eq!(kinds[..3], [AttachKind::Tc, AttachKind::None, AttachKind::None]);
}

/// Operations have all that they call loaded: those that call nothing of what was asked for are left out.
#[test]
fn operations_of_other_programs_are_left_out() {
    let created = |opened: &Opened| {
        let maps = opened.object.maps().iter().filter(|map| map.autocreate());
        maps.map(|map| map.name().to_owned()).collect::<Vec<_>>()
    };
    let all = open(&loader(), "struct_ops").unwrap();
    assert_eq!(created(&all), [".bss", "plain", "linked"]);
    let one = open(&loader().program("ssthresh"), "struct_ops").unwrap();
    assert_eq!(created(&one), [".bss", "plain", "linked"]);
    let other = open(&loader().program("never_called"), "struct_ops").unwrap();
    assert_eq!(created(&other), [".bss"]);
}
