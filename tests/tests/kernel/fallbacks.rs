//! What a load does where the kernel refuses the whole thing: less, and nothing of use is lost.

use bpf_skel::btf::{BtfBuilder, DataSecVar, IntEncoding, Linkage, Member};
use bpf_skel::insn::{EXIT, Insn, MOV64_IMM};
use bpf_skel::kernel_btf::KernelBtf;
use bpf_skel::spec::{Data, Endian, MapContents, MapSpec, ObjectSpec};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{ErrorKind, Object, OpenObject};
use bpf_skel_tests::kernel::{child, kernel_is, spec};

use crate::raw::info;

bpf_skel_tests::kernel::tests![
    types_of_newer_kernels,
    refused_function_information,
    refused_types,
    refused_types_that_are_needed,
    refused_types_of_a_map,
    memory_that_may_not_be_locked,
    modules_beside_other_btf,
    unused_rodata_is_bound
];

const RETURN_0: [Insn; 2] = [Insn::new(MOV64_IMM, 0, 0, 0, 0), Insn::new(EXIT, 0, 0, 0, 0)];

/// `btf_id` and the two type ids of `struct bpf_map_info`.
const MAP_BTF: std::ops::Range<usize> = 16..19;
/// `btf_id` of `struct bpf_prog_info`.
const PROGRAM_BTF: usize = 32;
/// `nr_func_info` of the same.
const PROGRAM_FUNCTIONS: usize = 36;

/// An object whose types use all that came to the format after Linux 5.10. `float`s and tagged types are in the value
/// of a map, which is created with its types all the same.
fn modern(func_info: &[[u32; 2]]) -> ObjectSpec {
    let mut b = BtfBuilder::new(Endian::NATIVE);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let float = b.float("float", 4);
    let wide = b.enum64("wide", 8, false, &[("HUGE", 1 << 40)]);
    let signed = b.enum_("negative", 4, true, &[("MINUS", -1)]);
    let tag = b.type_tag("user", int);
    let attribute = b.attribute("attribute", int);
    let (pointer, other) = (b.ptr(tag), b.ptr(attribute));
    let member =
        |name, ty, byte: u32| Member { name, ty, bit_offset: byte * 8, bitfield_size: None };
    let value = b.struct_(
        "value",
        32,
        &[
            member("f", float, 0),
            member("n", signed, 4),
            member("w", wide, 8),
            member("p", pointer, 16),
            member("q", other, 24),
        ],
    );
    b.decl_tag("tag", value, Some(1));
    let proto = b.func_proto(int, &[]);
    let func = b.func("probe", proto, Linkage::Global);
    let var = b.var("x", int, Linkage::Global);
    b.datasec("?.optional", 4, &[DataSecVar { ty: var, offset: 0, size: 4 }]);

    let map = MapSpec {
        key_type_id: int,
        value_type_id: value,
        ..MapSpec::new("typed", MapType::HASH, 4, 32, 1)
    };
    let mut spec = spec("socket", &RETURN_0);
    spec.btf = b.finish().into();
    spec.maps = vec![map].into();
    let records = func_info.iter().flat_map(|[insn, id]| [*insn, func + id]);
    spec.programs.to_mut()[0].func_info = records.flat_map(u32::to_ne_bytes).collect();
    spec
}

fn load(spec: ObjectSpec) -> Object {
    OpenObject::new(spec).load().unwrap_or_else(|error| panic!("{}", error.report()))
}

fn types_of_newer_kernels() {
    // The second load knows what the first one found out.
    for _ in 0..2 {
        let object = load(modern(&[[0, 0]]));
        let map = info(&object.maps()[0]);
        assert!(map[MAP_BTF].iter().all(|&id| id != 0), "{:?}", &map[MAP_BTF]);
        let program = info(&object.programs()[0]);
        assert_ne!(program[PROGRAM_BTF], 0);
        assert_eq!(program[PROGRAM_FUNCTIONS], 1);
        assert!(object.notes().is_empty(), "{:?}", object.notes());
    }
}

fn refused_function_information() {
    // Two functions are told of, and there is one.
    let object = load(modern(&[[0, 0], [1, 0]]));
    let program = info(&object.programs()[0]);
    assert_eq!((program[PROGRAM_BTF], program[PROGRAM_FUNCTIONS]), (0, 0));
    let note = note(&object);
    for part in [r#"program "probe": the kernel refuses the records"#, "func_info", "without them"]
    {
        assert!(note.contains(part), "{note}");
    }
}

fn note(object: &Object) -> String {
    let [note] = object.notes() else { panic!("{:?}", object.notes()) };
    note.to_string()
}

/// Types with a name that the kernel does not take, and a map that has some.
fn misnamed(map: MapSpec) -> ObjectSpec {
    let mut b = BtfBuilder::new(Endian::NATIVE);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let member = Member { name: "x", ty: int, bit_offset: 0, bitfield_size: None };
    b.struct_("no-name-of-c", 4, &[member]);
    let mut spec = spec("socket", &RETURN_0);
    spec.btf = b.finish().into();
    spec.maps.to_mut().push(MapSpec { key_type_id: int, value_type_id: int, ..map });
    spec
}

fn refused_types() {
    let object = load(misnamed(MapSpec::new("m", MapType::HASH, 4, 4, 1)));
    assert_eq!(info(&object.programs()[0])[PROGRAM_BTF], 0);
    let text = note(&object);
    for part in [r#"section ".BTF": the kernel refuses the object's types: "#, "made without"] {
        assert!(text.contains(part), "{text}");
    }
    let log = object.notes()[0].verifier_log().unwrap();
    assert!(log.contains("no-name-of-c") || log.contains("Invalid name"), "{log}");
}

fn refused_types_that_are_needed() {
    let mut storage = MapSpec::new("storage", MapType::SK_STORAGE, 4, 4, 0);
    storage.flags = flags::NO_PREALLOC;
    let error = OpenObject::new(misnamed(storage)).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let text = error.to_string();
    assert!(text.contains(r#"map "storage", of type sk_storage, cannot be without"#), "{text}");
    assert!(error.verifier_log().is_some_and(|log| !log.is_empty()), "{}", error.report());

    // A callback is known by its function's type, and another name is refused here.
    let mut callbacks = bpf_skel_tests::kernel::fixture!("callbacks");
    let btf = callbacks.btf.to_mut();
    let at = btf.windows(7).position(|window| window == b"\0weigh\0").unwrap();
    btf[at + 3] = b'-';
    let error = OpenObject::new(callbacks).load().unwrap_err();
    let text = error.to_string();
    match kernel_is(5, 13) {
        true => assert!(text.contains("the kernel refuses the object's types: "), "{text}"),
        false => assert!(text.contains("needs callbacks, Linux 5.13; this kernel is "), "{text}"),
    }
}

fn refused_types_of_a_map() {
    // The key of a trie is a struct.
    let mut b = BtfBuilder::new(Endian::NATIVE);
    let long = b.int("long", 8, IntEncoding::SIGNED);
    let mut spec = spec("socket", &RETURN_0);
    spec.btf = b.finish().into();
    let trie = MapSpec::new("trie", MapType::LPM_TRIE, 8, 8, 1);
    let flags = flags::NO_PREALLOC;
    spec.maps.to_mut().push(MapSpec { key_type_id: long, value_type_id: long, flags, ..trie });
    let object = load(spec);
    assert_eq!(info(&object.maps()[1])[MAP_BTF], [0; 3]);
    let text = note(&object);
    assert!(text.starts_with(r#"map "trie": BPF_MAP_CREATE: "#), "{text}");
    assert!(text.contains("without the types"), "{text}");
}

/// Before Linux 5.11 maps count against what a process may lock, which is little by default.
fn memory_that_may_not_be_locked() {
    let output = child("little_locked_memory", &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

pub(crate) fn little_locked_memory() {
    // The soft limit only: a process may raise it again.
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: one struct, exclusively borrowed.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) }, 0);
    limit.rlim_cur = 4096;
    // SAFETY: one struct, borrowed.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) }, 0);
    let mut spec = spec("socket", &RETURN_0);
    spec.maps.to_mut().push(MapSpec::new("large", MapType::ARRAY, 4, 1 << 16, 16));
    load(spec);
}

fn modules_beside_other_btf() {
    // Before Linux 5.11 BTF cannot be asked whose it is, and there is some now.
    let object = load(modern(&[[0, 0]]));
    let kernel = KernelBtf::running().unwrap();
    kernel.modules().unwrap();
    drop(object);
}

fn unused_rodata_is_bound() {
    let mut metadata = MapSpec::new(".rodata", MapType::ARRAY, 4, 8, 1);
    metadata.flags = flags::RDONLY_PROG;
    metadata.contents = MapContents::Data { data: Data::Zeroed(8), frozen: true };
    let mut spec = spec("socket", &RETURN_0);
    spec.maps.to_mut().push(metadata);
    let object = load(spec);
    let rodata = object.maps()[1].id().unwrap();
    // `.bss` is not used either, and is nobody's business.
    assert_eq!(object.programs()[0].info().unwrap().map_ids, [rodata]);
}
