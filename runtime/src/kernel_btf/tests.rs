//! Finding types in BTF made here. In the running kernel: `tests/tests/machine/kernel_btf.rs`.

use super::*;
use crate::btf::{Btf, BtfBuilder, BtfKind, IntEncoding, Linkage};
use crate::error::ErrorKind;
use crate::spec::Endian;

fn small() -> Vec<u8> {
    let mut b = BtfBuilder::new(Endian::NATIVE);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    b.struct_("task", 0, &[]);
    b.struct_("task___old", 0, &[]);
    b.union_("task", 0, &[]);
    let proto = b.func_proto(int, &[]);
    b.func("task", proto, Linkage::Static);
    b.typedef("btf_trace_switch", proto);
    b.func("bpf_lsm_open", proto, Linkage::Static);
    b.func("bpf_iter_task", proto, Linkage::Static);
    b.enum64("mode", 8, false, &[("A", 1)]);
    b.struct_("s", 0, &[]);
    b.struct_("s___1", 0, &[]);
    b.struct_("task", 8, &[]);
    b.finish()
}

fn ids(kernel: &KernelBtf, wanted: &[Wanted<'_>]) -> Vec<Vec<u32>> {
    let found = kernel.find_all(wanted).unwrap();
    (0..wanted.len()).map(|n| found.of(n).collect()).collect()
}

#[test]
fn one_pass_finds_all_names_and_kinds() {
    let table: [(Wanted<'_>, &[u32]); 11] = [
        (Wanted::exact("task", BtfKind::Struct), &[2, 13]),
        (Wanted::core("task___mine", BtfKind::Struct), &[2, 3, 13]),
        (Wanted::function("task"), &[6]),
        (Wanted::tracepoint("switch"), &[7]),
        (Wanted::lsm_hook("open"), &[8]),
        (Wanted::iterator("task"), &[9]),
        (Wanted::core("mode", BtfKind::Enum), &[10]),
        (Wanted::core("s", BtfKind::Struct), &[11, 12]),
        (Wanted::exact("s___1", BtfKind::Struct), &[12]),
        (Wanted::function("absent"), &[]),
        (Wanted::core("task", BtfKind::Union), &[4]),
    ];
    let kernel = KernelBtf::from_bytes(small()).unwrap();
    let wanted: Vec<_> = table.iter().map(|(wanted, _)| wanted.clone()).collect();
    for (found, (wanted, expected)) in ids(&kernel, &wanted).iter().zip(&table) {
        assert_eq!(found, expected, "{wanted:?}");
    }
}

#[test]
fn a_module_continues_the_kernel() {
    let kernel = KernelBtf::from_bytes(small()).unwrap();
    let base = kernel.btf().unwrap();
    let bytes = split(&base);
    let module = Module::for_test(&base, bytes, None);
    let btf = module.btf(&base).unwrap();
    let wanted = [
        Wanted::exact("own", BtfKind::Struct),
        Wanted::exact("task", BtfKind::Typedef),
        Wanted::exact("task", BtfKind::Struct),
    ];
    let found = module.find_all(&kernel, &wanted).unwrap();
    let own: Vec<_> = found.of(0).collect();
    assert_eq!(own, [base.len()]);
    // A name that is in the strings of the base.
    assert_eq!(found.of(1).collect::<Vec<_>>(), [base.len() + 1]);
    assert_eq!(found.of(2).len(), 0, "only the module's own types are its candidates");
    assert_eq!(btf.type_by_id(2).unwrap().name, "task");
    assert_eq!(btf.size_of(base.len() + 1).unwrap(), 8);
    assert!(module.btf_fd().is_err());
}

/// A struct `own`, and a typedef named by the base's string `task` of the base's last type.
fn split(base: &Btf<'_>) -> Vec<u8> {
    let strings = base.own_strings();
    let task = strings.windows(6).position(|w| w == b"\0task\0").unwrap() as u32 + 1;
    let words = [24, 0, 24, 24, 4, strings.len() as u32, 4 << 24, 0, task, 8 << 24, base.len() - 1];
    let mut bytes = 0xeb9f_u16.to_ne_bytes().to_vec();
    bytes.extend([1, 0]);
    bytes.extend(words.iter().flat_map(|word: &u32| word.to_ne_bytes()));
    bytes.extend(b"own\0");
    bytes
}

#[test]
fn hostile_bytes_are_an_error() {
    for bytes in [vec![], vec![0; 24], b"\x7fELF\x02".to_vec(), small()[..40].to_vec()] {
        let error = match KernelBtf::from_bytes(bytes) {
            Ok(kernel) => kernel.find_all(&[]).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
        assert!(error.to_string().starts_with("kernel BTF: "), "{error}");
    }
}

#[test]
fn a_file_says_what_it_is_not() {
    let path = std::env::temp_dir().join(format!("bpf-skel-no-types-{}", std::process::id()));
    let mut swapped = small();
    swapped[..2].reverse();
    for (bytes, kind, words) in [
        (b"#!/bin/sh\n".to_vec(), ErrorKind::Malformed, "neither BTF nor an ELF file"),
        (swapped, ErrorKind::Mismatch, "other byte order"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = KernelBtf::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let (path, error) = (path.display().to_string(), error.to_string());
        assert!(error.starts_with(&path) && error.contains(words), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[cfg(feature = "elf")]
#[test]
fn the_types_of_an_elf_file() {
    let object = |order| format!("../tests/fixtures/core/flavours.newer-{order}.o");
    let (own, other) = match Endian::NATIVE {
        Endian::Little => ("el", "eb"),
        Endian::Big => ("eb", "el"),
    };
    let kernel = KernelBtf::from_file(object(own)).unwrap();
    let wanted = [Wanted::core("task", BtfKind::Struct)];
    assert_eq!(kernel.find_all(&wanted).unwrap().of(0).len(), 1);
    let error = KernelBtf::from_file(object(other)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
}
