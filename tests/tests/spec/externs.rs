//! External symbols: what they are, their map, and what becomes of them in the types that the kernel gets.

use bpf_skel::btf::{Btf, BtfKind, Kind, Linkage};
use bpf_skel::spec::ExternKind::{Kconfig, Kfunc, Ksym};
use bpf_skel::spec::KconfigType::{self, Bool, Char, Int, Text, Tristate};
use bpf_skel::spec::{Data, Endian, MapContents, RelocationTarget};
use bpf_skel::uapi::flags::{MMAPABLE, RDONLY_PROG};
use bpf_skel_tests::fixtures::{spec, spec_in};

/// The order and the places are libbpf's: by alignment, largest first, then by size, then by name.
#[test]
fn options_have_their_places() {
    const UNSIGNED: KconfigType = Int { signed: false };
    let spec = spec("externs");
    let options: Vec<_> = spec
        .externs
        .iter()
        .filter_map(|it| match it.kind {
            Kconfig { offset, size, value, .. } => Some((&*it.name, it.weak, offset, size, value)),
            _ => None,
        })
        .collect();
    assert_eq!(
        options,
        [
            ("CONFIG_SKEL_NO_SUCH_LIMIT", true, 0, 8, Int { signed: true }),
            ("LINUX_OF_TOMORROW", true, 8, 8, UNSIGNED),
            ("CONFIG_HZ", false, 16, 4, UNSIGNED),
            ("CONFIG_NET", false, 20, 4, Tristate),
            ("LINUX_KERNEL_VERSION", false, 24, 4, UNSIGNED),
            ("CONFIG_SKEL_NO_SUCH_OPTION", true, 28, 2, UNSIGNED),
            ("CONFIG_BPF_JIT", false, 30, 1, Char { signed: true }),
            ("CONFIG_BPF_SYSCALL", false, 31, 1, Bool),
            ("LINUX_HAS_BPF_COOKIE", true, 32, 1, Bool),
            ("CONFIG_DEFAULT_HOSTNAME", false, 33, 16, Text),
        ]
    );
}

#[test]
fn symbols_come_by_name() {
    let spec = spec("externs");
    let symbols: Vec<_> = spec
        .externs
        .iter()
        .filter_map(|it| match it.kind {
            Kconfig { .. } => None,
            Ksym { type_id } => Some((&*it.name, it.weak, "variable", type_id != 0)),
            Kfunc { type_id } => Some((&*it.name, it.weak, "function", type_id != 0)),
        })
        .collect();
    assert_eq!(
        symbols,
        [
            ("bpf_task_acquire", false, "function", true),
            ("bpf_task_from_pid___wrong", true, "function", true),
            ("bpf_task_release___flavoured", false, "function", true),
            ("runqueues", false, "variable", true),
            ("skel_no_such_kfunc", true, "function", true),
            ("skel_no_such_symbol", true, "variable", false),
            ("skel_no_such_variable", true, "variable", true),
            ("vfs_read", false, "variable", false),
        ]
    );
}

#[test]
fn options_have_a_map() {
    let spec = spec("externs");
    let index = spec.kconfig_map().unwrap();
    assert_eq!(index, spec.maps.len() - 1);
    let map = &spec.maps[index];
    assert_eq!((&*map.name, &*map.section), (".kconfig", ".kconfig"));
    assert_eq!((map.key_size, map.value_size, map.max_entries), (4, 49, 1));
    assert_eq!(map.flags, RDONLY_PROG | MMAPABLE);
    assert_eq!(map.contents, MapContents::Data { data: Data::Zeroed(49), frozen: true });
    assert!(spec.variables.iter().all(|variable| variable.map as usize != index));
}

/// Nothing is left that the kernel would refuse.
#[test]
fn types_are_what_the_kernel_takes() {
    let spec = spec("externs");
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let is_param_named = |name: &str| {
        let (_, ty) = btf.find_kind(name, BtfKind::Func).unwrap();
        let Kind::Func { proto, linkage: Linkage::Global } = ty.kind else { panic!("{name}") };
        let Some(Kind::FuncProto(proto)) = btf.type_by_id(proto).map(|ty| ty.kind) else {
            panic!()
        };
        proto.params().all(|param| !param.name.is_empty())
    };
    for external in spec.externs.iter() {
        let name = &*external.name;
        match external.kind {
            Kfunc { .. } => assert!(is_param_named(name), "{name}"),
            Kconfig { type_id, .. } => {
                let (_, ty) = btf.find_kind(name, BtfKind::Var).unwrap();
                assert!(
                    matches!(ty.kind, Kind::Var { ty, linkage: Linkage::Global } if ty == type_id)
                );
            }
            Ksym { .. } => {
                let (_, ty) = btf.find_kind(name, BtfKind::Var).unwrap();
                let Kind::Var { ty, linkage: Linkage::Global } = ty.kind else { panic!("{name}") };
                assert!(btf.size_of(ty).is_ok());
            }
        }
    }
    let (id, kconfig) = btf.find_datasec(".kconfig").unwrap();
    assert_eq!((id, kconfig.size), (spec.maps[spec.kconfig_map().unwrap()].value_type_id, 49));
    assert!(kconfig.vars().is_sorted_by_key(|var| var.offset));
    assert!(btf.find_datasec(".ksyms").is_none());
}

#[test]
fn instructions_refer_to_them() {
    let spec = spec("externs");
    let kconfig = spec.kconfig_map().unwrap() as u32;
    let name = |index: u32| &*spec.externs[index as usize].name;
    let of = |program: &str| {
        let program = &spec.programs[spec.program_index(program).unwrap()];
        let relocations = program.relocations.iter();
        let texts = relocations.filter_map(|relocation| match relocation.target {
            RelocationTarget::MapValue { map, offset } if map == kconfig => {
                Some(format!("option {offset}"))
            }
            RelocationTarget::Ksym(index) => Some(format!("&{}", name(index))),
            RelocationTarget::Kfunc(index) => Some(format!("{}()", name(index))),
            _ => None,
        });
        texts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        of("options"),
        "option 16 option 24 option 8 option 31 option 32 option 20 option 30 option 33 option 28 option 0"
    );
    assert_eq!(of("symbols"), "&runqueues &vfs_read &skel_no_such_variable &skel_no_such_symbol");
    assert_eq!(
        of("functions"),
        "bpf_task_acquire() bpf_task_release___flavoured() &skel_no_such_kfunc skel_no_such_kfunc() \
         &bpf_task_from_pid___wrong bpf_task_from_pid___wrong()"
    );
}

#[test]
fn both_byte_orders_say_the_same() {
    assert_eq!(spec_in("externs", Endian::Big).externs, spec("externs").externs);
}
