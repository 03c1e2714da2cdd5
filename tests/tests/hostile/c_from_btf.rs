//! C from BTF that was made to do harm.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bpf_skel::btf::{Btf, BtfBuilder, IntEncoding, Member, Param};
use bpf_skel::elf;
use bpf_skel::spec::Endian;
use bpf_skel_build::CHeader;
use bpf_skel_tests::fixtures;
use bpf_skel_tests::random::Random;

use crate::memory::peak;
use crate::mutation::mutate;

/// The C of this BTF, or the error's text, within bounds.
fn c(bytes: &[u8]) -> Result<String, String> {
    let endian = if bytes.first() == Some(&0x9f) { Endian::Little } else { Endian::Big };
    let btf = Btf::parse(bytes, endian).map_err(|error| error.to_string())?;
    let (text, peak) = peak(|| CHeader::vmlinux(&btf).to_c().map_err(|error| error.to_string()));
    // The text's own bound is 1 MiB and 8 times the input; it doubles as it grows.
    assert!(peak <= (8 << 20) + 80 * bytes.len(), "{} bytes take {peak}", bytes.len());
    text
}

fn member(name: &'static str, ty: u32, bit_offset: u32) -> Member<'static> {
    Member { name, ty, bit_offset, bitfield_size: None }
}

#[test]
fn mutated_btf_neither_panics_nor_exhausts_memory() {
    let count: u64 = match std::env::var("BPF_SKEL_MUTATIONS") {
        Ok(count) => count.parse().expect("BPF_SKEL_MUTATIONS: a number"),
        Err(_) => 2_000,
    };
    let orders = [Endian::Little, Endian::Big];
    let objects = fixtures::names();
    let objects = objects.iter().flat_map(|name| orders.map(|o| fixtures::bytes(name, o)));
    let corpus: Vec<Vec<u8>> =
        objects.filter_map(|object| Some(elf::btf(&object).ok()?.0.to_vec())).collect();
    let mut written = 0;
    for seed in 0..count {
        let mut random = Random::new(seed);
        let mut bytes = corpus[random.below(corpus.len())].clone();
        mutate(&mut bytes, &corpus, &mut random);
        let result = catch_unwind(AssertUnwindSafe(|| c(&bytes).is_ok()));
        written += u64::from(result.unwrap_or_else(|_| panic!("seed {seed} panics")));
    }
    assert!(written > count / 20 && written < count, "{written} of {count} are still C");
}

/// Each nameless struct points twice to the next one: the text doubles with each.
#[test]
fn nameless_structs_that_double() {
    for depth in [10, 30, 60, 1_000] {
        let mut btf = BtfBuilder::new(Endian::Little);
        let mut inner = btf.int("int", 4, IntEncoding::SIGNED);
        for _ in 0..depth {
            let pointer = btf.ptr(inner);
            let members = [member("a", pointer, 0), member("b", pointer, 64)];
            inner = btf.struct_("", 16, &members);
        }
        btf.typedef("all", inner);
        match c(&btf.finish()) {
            Ok(text) => assert!(depth != 30, "{} bytes", text.len()),
            Err(error) => assert!(error.contains("no bounds"), "{error}"),
        }
    }
}

/// Each member is written under two names, with all that is inside.
#[test]
fn names_that_double() {
    let mut btf = BtfBuilder::new(Endian::Little);
    let mut inner = btf.int("int", 4, IntEncoding::SIGNED);
    for _ in 0..50 {
        inner = btf.struct_("", 4, &[member("bool", inner, 0)]);
    }
    btf.typedef("all", inner);
    let error = c(&btf.finish()).unwrap_err();
    assert!(error.contains("no bounds"), "{error}");
}

/// Each prototype takes the next one twice.
#[test]
fn prototypes_that_double() {
    let mut btf = BtfBuilder::new(Endian::Little);
    let mut inner = btf.int("int", 4, IntEncoding::SIGNED);
    for _ in 0..30 {
        let pointer = btf.ptr(inner);
        inner =
            btf.func_proto(0, &[Param { name: "", ty: pointer }, Param { name: "", ty: pointer }]);
    }
    btf.typedef("all", inner);
    let error = c(&btf.finish()).unwrap_err();
    assert!(error.contains("no bounds"), "{error}");
}

/// Types that no C can have become bytes of their size.
#[test]
fn what_c_cannot_say_becomes_bytes() {
    let mut btf = BtfBuilder::new(Endian::Little);
    let int = btf.int("int", 4, IntEncoding::SIGNED);
    // A nameless struct that points to itself.
    let this = btf.next_id() + 1;
    let pointer = btf.ptr(this);
    btf.struct_("", 8, &[member("next", pointer, 0)]);
    btf.struct_("loop", 8, &[member("one", this, 0)]);
    btf.struct_("overlap", 8, &[member("a", int, 0), member("b", int, 16)]);
    btf.struct_("beyond", 4, &[member("a", int, 0), member("b", int, 32)]);
    btf.struct_("large", u32::MAX, &[member("a", int, 0)]);
    let fwd = btf.fwd("undefined", false);
    btf.struct_("incomplete", 4, &[member("a", fwd, 0)]);
    btf.struct_("void", 4, &[member("a", 0, 0)]);
    let far = btf.array(int, int, u32::MAX);
    let farther = btf.array(far, int, u32::MAX);
    btf.struct_("huge", 4, &[member("a", farther, 0)]);
    let text = c(&btf.finish()).unwrap();
    let has = |part: &str| assert!(text.contains(part), "{part}: {text}");
    has("struct overlap { /* as bytes: its members overlap */\n\tunsigned char __bytes_0[8];\n}");
    has("struct beyond { /* as bytes: its members reach past its end */");
    has("struct incomplete { /* as bytes: a member's type is declared only */");
    has("struct void_ {\n\t/* a at byte 0: BTF has no type for it */\n\tint: 32;\n}");
    has("struct huge { /* as bytes: ");
    has("\tint a;\n\tint: 32;\n\tunsigned char __bytes_8[4294967280];\n");
    has(
        "struct loop {\n\tstruct { /* as bytes: it refers to itself */\n\t\tunsigned char __bytes_0[8];\n\t} one;\n}",
    );
}
