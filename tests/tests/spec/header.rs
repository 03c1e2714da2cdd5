//! The object's own facts.

use bpf_skel::spec::Endian;
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

#[test]
fn reading_does_not_depend_on_where_the_bytes_are() {
    let bytes = fixtures::bytes("subprogs", Endian::Little);
    let mut shifted = vec![0; 1];
    shifted.extend_from_slice(&bytes);
    let aligned = bpf_skel::elf::read(&bytes, "a.o").unwrap();
    assert_eq!(bpf_skel::elf::read(&shifted[1..], "a.o").unwrap(), aligned);
}
