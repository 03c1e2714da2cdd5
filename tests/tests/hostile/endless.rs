//! Types without end. Of an object they are refused as it is read; a spec may come from elsewhere.

use bpf_skel::btf::BtfBuilder;
use bpf_skel::spec::{Endian, ObjectSpec};
use bpf_skel_build::{Options, Skeleton};
use bpf_skel_tests::fixtures;

#[test]
fn a_spec_that_was_not_read_is_checked() {
    let read = || bpf_skel::elf::read(&fixtures::bytes("phases", Endian::Little), "x.o").unwrap();
    let mut btf = BtfBuilder::new(Endian::Little);
    let own = btf.next_id();
    btf.typedef("endless", own);
    let endless = ObjectSpec { btf: btf.finish().into(), ..read() };
    let skeleton = |spec| Skeleton::from_spec(spec, "x.o", &Options::default());
    let error = skeleton(endless).unwrap_err().to_string();
    assert_eq!(error, "x.o: BTF type [1] \"endless\": contains itself");
    skeleton(read()).unwrap();
}
