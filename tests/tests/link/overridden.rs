//! What is left of definitions that lost.

use bpf_skel::btf::{Btf, BtfBuilder, DataSecVar, IntEncoding, Kind, Linkage, Param};
use bpf_skel::elf::{self, Reader, Warning};
use bpf_skel::spec::Endian;
use bpf_skel_tests::elf::{EXEC, FUNCTION, NOBITS, PROGBITS, Section, Symbol, object};

use crate::link;

/// A weak function.
const WEAK: u8 = 0x22;
/// A global symbol of a kind that its object does not know.
const DECLARED: u8 = 0x10;
/// A global variable.
const VARIABLE: u8 = 0x11;
/// `SHF_WRITE | SHF_ALLOC`
const DATA: u64 = 3;

fn section(name: &str, flags: u64, bytes: Vec<u8>) -> Section {
    Section { name: name.into(), kind: PROGBITS, flags, bytes, ..Section::default() }
}

fn symbol(name: &str, info: u8, section: u16, value: u64, size: u64) -> Symbol {
    Symbol { name: name.into(), info, section, value, size }
}

/// An object with `int use(int x)`, and a tag of the function and of its parameter.
fn function(info: u8, text: &str) -> Vec<u8> {
    let defined = info != DECLARED;
    let mut b = BtfBuilder::new(Endian::Little);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let proto = b.func_proto(int, &[Param { name: "x", ty: int }]);
    let linkage = if defined { Linkage::Global } else { Linkage::Extern };
    let function = b.func("use", proto, linkage);
    b.decl_tag(text, function, None);
    b.decl_tag(text, function, Some(0));
    let mut code = vec![0; 16];
    // r0 = 0; exit
    (code[0], code[8]) = (0xb7, 0x95);
    let place = if defined { (1, 16) } else { (0, 0) };
    object(
        &[section(".text", EXEC, code), section(".BTF", 0, b.finish())],
        &[symbol("use", info, place.0, 0, place.1)],
    )
}

#[test]
fn tags_of_a_definition_that_lost_go_with_it() {
    let (weak, strong) = (function(WEAK, "weak"), function(FUNCTION, "strong"));
    let declared = function(DECLARED, "declared");
    for (objects, expected) in [
        ([&weak, &strong, &declared], ["strong", "strong", "declared", "declared"]),
        ([&declared, &strong, &weak], ["declared", "declared", "strong", "strong"]),
    ] {
        let linked = link(&objects.map(|bytes| ("it.o", &**bytes)));
        let (bytes, endian) = elf::btf(&linked).unwrap();
        let btf = Btf::parse(bytes, endian).unwrap();
        let is_function = |id| matches!(btf.kind_by_id(id), Some(Kind::Func { .. }));
        let tags = btf.types().filter_map(|(_, ty)| match ty.kind {
            Kind::DeclTag { ty: to, .. } if is_function(to) => Some(ty.name),
            _ => None,
        });
        assert_eq!(tags.collect::<Vec<_>>(), expected);
    }
}

/// libbpf's linker lists the weak variable of `.data` there although the strong one is in `.bss`, and not in that.
#[test]
fn a_variable_that_is_listed_in_another_section() {
    let mut b = BtfBuilder::new(Endian::Little);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let moved = b.var("moved", int, Linkage::Global);
    let other = b.var("other", int, Linkage::Global);
    let var = |ty, offset| DataSecVar { ty, offset, size: 4 };
    let zero = b.var("zero", int, Linkage::Global);
    b.datasec(".data", 8, &[var(moved, 0), var(other, 4)]);
    b.datasec(".bss", 8, &[var(zero, 0)]);
    let bss = Section { kind: NOBITS, size: Some(8), ..section(".bss", DATA, vec![]) };
    let bytes = object(
        &[section(".data", DATA, vec![1; 8]), bss, section(".BTF", 0, b.finish())],
        &[
            symbol("moved", VARIABLE, 2, 4, 4),
            symbol("other", VARIABLE, 1, 4, 4),
            symbol("zero", VARIABLE, 2, 0, 4),
        ],
    );

    let reading = Reader::new().read(&bytes, "it.o").unwrap();
    let elsewhere = Warning::Elsewhere { variable: "moved".into(), section: ".bss".into() };
    assert_eq!(reading.warnings, [elsewhere]);
    let linkage = |name: &str| reading.spec.variable(name).map(|it| it.linkage);
    assert_eq!(linkage("moved"), Some(bpf_skel::spec::Linkage::Static));
    assert_eq!(linkage("other"), Some(bpf_skel::spec::Linkage::Global));

    let linked = link(&[("it.o", &bytes)]);
    let (bytes, endian) = elf::btf(&linked).unwrap();
    let btf = Btf::parse(bytes, endian).unwrap();
    let (_, data) = btf.find_datasec(".data").unwrap();
    let names: Vec<_> = data.vars().map(|var| btf.name_by_id(var.ty)).collect();
    assert_eq!(names, ["other"]);
    assert!(Reader::new().read(&linked, "linked.o").unwrap().warnings.is_empty());
}
