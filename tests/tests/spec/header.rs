//! The object's own facts.

use bpf_skel::btf::BtfBuilder;
use bpf_skel::elf;
use bpf_skel::spec::Endian;
use bpf_skel_tests::elf::{EXEC, PROGBITS, Section, object};
use bpf_skel_tests::fixtures::{self, spec};

#[test]
fn name_license_and_version() {
    let programs = spec("programs");
    assert_eq!(programs.name, "programs");
    assert_eq!(programs.license, "Dual MIT/GPL");
    assert_eq!(programs.kernel_version, 0x0005_0a03);
    let bare = spec("no_license");
    assert_eq!((&*bare.license, bare.kernel_version), ("", 0));
    assert!(bare.maps.is_empty() && bare.variables.is_empty());
}

/// Who reads, and who links before, have to agree about them. libbpf goes by the names as well.
#[test]
fn names_of_sections_go_before_their_flags() {
    let mut types = BtfBuilder::new(Endian::Little);
    types.struct_("event", 0, &[]);
    let types = types.finish();
    let sections = [
        ("license", b"GPL\0".to_vec()),
        ("version", 0x0006_0100_u32.to_le_bytes().to_vec()),
        (".BTF", types.clone()),
    ];
    let section = |(name, bytes): (&str, Vec<u8>)| Section {
        name: name.into(),
        kind: PROGBITS,
        flags: EXEC,
        bytes,
        ..Section::default()
    };
    let spec = fixtures::read(&object(&sections.map(section), &[]), "flags.o");
    assert_eq!((&*spec.license, spec.kernel_version, &*spec.btf), ("GPL", 0x0006_0100, &*types));
}

#[test]
fn reading_does_not_depend_on_where_the_bytes_are() {
    let bytes = fixtures::bytes("subprogs", Endian::Little);
    let mut shifted = vec![0; 1];
    shifted.extend_from_slice(&bytes);
    let aligned = bpf_skel::elf::read(&bytes, "a.o").unwrap();
    assert_eq!(bpf_skel::elf::read(&shifted[1..], "a.o").unwrap(), aligned);
}

/// A module that is built outside of the kernel's tree has two.
#[test]
fn sections_of_types() {
    let section = |name: &str, byte| Section {
        name: name.into(),
        kind: PROGBITS,
        bytes: vec![byte; 4],
        ..Section::default()
    };
    let (types, base) = (section(".BTF", 1), section(".BTF.base", 2));
    let both = object(&[types.clone(), base], &[]);
    assert_eq!(elf::btf(&both).unwrap(), (&[1; 4][..], Endian::Little));
    assert_eq!(elf::btf_base(&both).unwrap(), Some(&[2; 4][..]));
    assert_eq!(elf::btf_base(&object(&[types], &[])).unwrap(), None);
    assert_eq!(elf::btf_base(b"no ELF file").unwrap(), None);
    assert!(elf::btf_base(&both[..80]).is_err());
}
