//! What `struct_ops.bpf.c` needs, of kernels made here. Of the running one: `tests/tests/kernel/struct_ops.rs`.

use std::fs::File;
use std::sync::atomic::Ordering;

use super::*;
use crate::btf::{BtfBuilder, BtfKind, IntEncoding, Linkage, Member};
use crate::object::OpenObject;
use crate::section_name::AttachKind;
use crate::spec::Endian;
use crate::uapi::flags;

fn member(name: &str, ty: u32, offset: u32) -> Member<'_> {
    Member { name, ty, bit_offset: offset * 8, bitfield_size: None }
}

/// `struct NAME`, with these functions and 16 bytes of name or number behind them, and the value of its map.
fn operations(types: &mut BtfBuilder, name: &str, functions: &[&str], last: (&str, u32)) {
    let int = types.int("u32", 4, IntEncoding::UNSIGNED);
    let proto = types.func_proto(int, &[]);
    let function = types.ptr(proto);
    let mut members: Vec<_> =
        (0..).zip(functions).map(|(nth, name)| member(name, function, nth * 8)).collect();
    members.push(member(last.0, last.1, functions.len() as u32 * 8));
    let size = functions.len() as u32 * 8 + 16;
    let operations = types.struct_(name, size, &members);
    let value = [member("state", int, 0), member("data", operations, 8)];
    types.struct_(&format!("bpf_struct_ops_{name}"), size + 8, &value);
}

/// The types of a kernel that has TCP's congestion control, and with those of a module that has `struct no_such_ops`.
fn types(of_module: bool) -> Vec<u8> {
    let mut types = BtfBuilder::new(Endian::NATIVE);
    let u8 = types.int("u8", 1, IntEncoding::UNSIGNED);
    let u32 = types.int("unsigned int", 4, IntEncoding::UNSIGNED);
    let name = types.array(u8, u32, 16);
    let proto = types.func_proto(u32, &[]);
    types.func("tcp_ack", proto, Linkage::Static);
    let functions = ["undo_cwnd", "ssthresh", "cong_avoid"];
    operations(&mut types, "tcp_congestion_ops", &functions, ("name", name));
    if of_module {
        operations(&mut types, "no_such_ops", &["call"], ("number", u32));
    }
    types.finish()
}

/// What `whole` has behind `base`, which it begins with: types and strings.
fn split(base: &[u8], whole: &[u8]) -> Vec<u8> {
    let word = |bytes: &[u8], nth: usize| {
        let bytes = bytes[8 + nth * 4..][..4].try_into().unwrap();
        u32::from_ne_bytes(bytes) as usize
    };
    let sections = |bytes: &[u8]| {
        let (types, strings) = bytes[24..].split_at(word(bytes, 1));
        (types.to_vec(), strings[..word(bytes, 3)].to_vec())
    };
    let ((base_types, base_strings), (types, strings)) = (sections(base), sections(whole));
    let types = types.strip_prefix(&*base_types).unwrap();
    let strings = strings.strip_prefix(&*base_strings).unwrap();
    let mut bytes = whole[..8].to_vec();
    let header = [0, types.len(), types.len(), strings.len()];
    bytes.extend(header.iter().flat_map(|&word| (word as u32).to_ne_bytes()));
    bytes.extend_from_slice(types);
    bytes.extend_from_slice(strings);
    bytes
}

/// A kernel whose module has `struct no_such_ops`, or nothing.
fn kernel(of_module: bool) -> Arc<KernelBtf> {
    let base = types(false);
    let module = split(&base, &types(of_module));
    // Any descriptor: it is handed on, and nothing else.
    let fd = File::open("/dev/null").unwrap().into();
    Arc::new(KernelBtf::for_test(base, module, fd))
}

/// The object with two optional maps asked for.
fn open() -> OpenObject {
    let name = match Endian::NATIVE {
        Endian::Little => "struct_ops-el",
        Endian::Big => "struct_ops-eb",
    };
    let spec = crate::elf::read_file(format!("../tests/fixtures/{name}.o")).unwrap();
    let mut open = OpenObject::new(spec);
    for map in ["absent", "present"] {
        open.map_mut(map).unwrap().set_autocreate(true);
    }
    open
}

fn asked(kernel: &Arc<KernelBtf>, open: &mut OpenObject) -> (Vec<Target>, Vec<Error>) {
    let OpenObject { spec, maps, programs, options } = open;
    let running = || Ok(kernel.clone());
    let types = resolve_in(&running, spec, options, &LazyToken::new(None), maps, programs).unwrap();
    (types.targets, types.notes)
}

#[test]
fn operations_and_targets_are_found_in_one_pass() {
    let (kernel, mut open) = (kernel(true), open());
    open.programs.push(OpenProgram {
        name: "attached".into(),
        attach: AttachKind::Fentry,
        target: Some("tcp_ack".into()),
        ..OpenProgram::new(u32::MAX, &open.spec.programs[0])
    });
    let (targets, notes) = asked(&kernel, &mut open);
    assert_eq!(kernel.passes.load(Ordering::Relaxed), 1);
    assert!(notes.is_empty(), "{notes:?}");

    let btf = kernel.btf().unwrap();
    let value_type = |name| btf.find_struct(name).unwrap().0;
    let function = btf.find_kind("tcp_ack", BtfKind::Func).unwrap().0;
    assert_eq!(targets.last().unwrap().btf_id, function);
    for (map, module) in [("plain", false), ("linked", false), ("present", false), ("absent", true)]
    {
        let open = open.map_mut(map).unwrap();
        let operations = open.operations.as_ref().unwrap();
        let (id, size) = match module {
            true => (btf.len() + 4, 32),
            false => (value_type("bpf_struct_ops_tcp_congestion_ops"), 48),
        };
        assert_eq!((operations.value_type_id, open.spec.value_size), (id, size), "{map}");
        assert_eq!(operations.module.is_some(), module, "{map}");
        assert_eq!(open.spec.flags & flags::VTYPE_BTF_OBJ_FD != 0, module, "{map}");
    }
    for (program, target, member) in [
        ("ssthresh", (value_type("tcp_congestion_ops"), false), 1),
        ("undo_cwnd", (value_type("tcp_congestion_ops"), false), 0),
        ("never_called", (btf.len() + 3, true), 0),
    ] {
        let (index, open) =
            open.programs.iter().enumerate().find(|(_, open)| open.name() == program).unwrap();
        let found = (targets[index].btf_id, targets[index].module.is_some());
        assert_eq!((found, open.attach_type), (target, AttachType(member)), "{program}");
        assert!(open.autoload, "{program}");
    }
}

#[test]
fn what_only_a_map_calls_that_is_given_up_is_not_asked_for() {
    let (kernel, mut open) = (kernel(false), open());
    let (_, notes) = asked(&kernel, &mut open);
    let text =
        r#"map "absent": neither the running kernel nor its modules take a struct no_such_ops"#;
    assert!(notes.len() == 1 && notes[0].to_string().starts_with(text), "{notes:?}");
    let never_called = open.programs.iter().find(|open| open.name() == "never_called").unwrap();
    assert!(!never_called.autoload && never_called.attach_type == AttachType(0));
    assert!(open.map_mut("present").unwrap().operations.is_some());
    assert_eq!(kernel.passes.load(Ordering::Relaxed), 2);
}
