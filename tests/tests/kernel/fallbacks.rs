//! What a load does where the kernel refuses the whole thing: less, and nothing of use is lost.

use bpf_skel::btf::{BtfBuilder, DataSecVar, IntEncoding, Linkage, Member};
use bpf_skel::insn::{EXIT, Insn, MOV64_IMM};
use bpf_skel::spec::{Data, Endian, MapContents, MapSpec, ObjectSpec};
use bpf_skel::uapi::{MapType, flags};
use bpf_skel::{Object, OpenObject};
use bpf_skel_tests::kernel::spec;

use crate::raw::info;

bpf_skel_tests::kernel::tests![
    types_of_newer_kernels,
    refused_function_information,
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
    }
}

fn refused_function_information() {
    // Two functions are told of, and there is one.
    let object = load(modern(&[[0, 0], [1, 0]]));
    let program = info(&object.programs()[0]);
    assert_eq!((program[PROGRAM_BTF], program[PROGRAM_FUNCTIONS]), (0, 0));
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
