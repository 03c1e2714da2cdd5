//! Types that stand for more than there is time to walk through.

use bpf_skel::btf::{BtfBuilder, IntEncoding, Member};
use bpf_skel::spec::Endian;
use bpf_skel_build::{Options, Skeleton};
use bpf_skel_tests::fixtures;

/// Each struct has many of the one before, and none of them takes a byte.
#[test]
fn structs_of_structs_of_structs() {
    let names: Vec<String> = (0..500).map(|n| format!("m{n}")).collect();
    let mut btf = BtfBuilder::new(Endian::Little);
    let int = btf.int("unsigned int", 4, IntEncoding::default());
    let mut inner = btf.array(int, int, 0);
    for depth in 0..12 {
        let member = |name| Member { name, ty: inner, bit_offset: 0, bitfield_size: None };
        let members: Vec<_> = names.iter().map(|name| member(name)).collect();
        inner = btf.struct_(&format!("s{depth}"), 0, &members);
    }
    let bytes = fixtures::bytes("no_btf", Endian::Little);
    let mut spec = bpf_skel::elf::read(&bytes, "x.o").unwrap();
    spec.btf = btf.finish().into();
    let mut options = Options::default();
    options.types.push("s11".to_owned());
    let text = Skeleton::from_spec(spec, "x.o", &options).unwrap().to_string();
    assert!(text.contains("pub struct s0 {") && text.contains("pub m499: s10,"));
}
