use super::*;
use crate::btf::{BtfBuilder, IntEncoding};

/// `member(name, type, offset in bytes)`
fn member(name: &str, ty: u32, offset: u32) -> Member<'_> {
    Member { name, ty, bit_offset: offset * 8, bitfield_size: None }
}

fn bits(name: &str, ty: u32, bit_offset: u32, bits: u8) -> Member<'_> {
    Member { name, ty, bit_offset, bitfield_size: Some(bits) }
}

/// The types that both sides are made of.
struct Types {
    builder: BtfBuilder,
    u8: u32,
    u32: u32,
    u64: u32,
    function: u32,
    data: u32,
}

impl Types {
    fn new() -> Self {
        let mut builder = BtfBuilder::new(Endian::NATIVE);
        let u8 = builder.int("u8", 1, IntEncoding::UNSIGNED);
        let u32 = builder.int("u32", 4, IntEncoding::UNSIGNED);
        let u64 = builder.int("u64", 8, IntEncoding::UNSIGNED);
        let proto = builder.func_proto(u32, &[]);
        let (function, data) = (builder.ptr(proto), builder.ptr(u32));
        Self { builder, u8, u32, u64, function, data }
    }
}

/// The kernel's: `{ u64 state; struct ops { call, number, name[4], link, other, low:3, high:5 } data; }`
fn kernel() -> Vec<u8> {
    let mut types = Types::new();
    let name = types.builder.array(types.u8, types.u32, 4);
    let operations = types.builder.struct_(
        "ops",
        48,
        &[
            member("call", types.function, 0),
            member("number", types.u32, 8),
            member("name", name, 12),
            member("link", types.data, 16),
            member("other", types.function, 24),
            bits("low", types.u32, 256, 3),
            bits("high", types.u32, 259, 5),
        ],
    );
    let value = [member("state", types.u64, 0), member("data", operations, 8)];
    types.builder.struct_("bpf_struct_ops_ops", 56, &value);
    types.builder.finish()
}

/// What comes of operations with these members, bytes and functions.
fn converted(
    members: impl FnOnce(&mut Types) -> Vec<Member<'static>>,
    data: &[u8],
    functions: &[(u32, u32)],
) -> Result<Converted> {
    let kernel = kernel();
    let kernel = Btf::parse(&kernel, Endian::NATIVE)?;
    let (value_id, _) = kernel.find_struct("bpf_struct_ops_ops").expect("it is there");
    let mut types = Types::new();
    let members = members(&mut types);
    types.builder.struct_("ops", data.len() as u32, &members);
    let own = types.builder.finish();
    let btf = Btf::parse(&own, Endian::NATIVE)?;
    let (_, operations) = btf.find_struct("ops").expect("it is there");
    let functions: Vec<_> =
        functions.iter().map(|&(member, program)| StructOpsFunction { member, program }).collect();
    let local = Local { btf: &btf, operations, data, functions: &functions };
    convert(local, Target::find(&kernel, "ops", value_id)?)
}

#[test]
fn members_go_by_their_names() {
    let members = |types: &mut Types| {
        let name = types.builder.array(types.u8, types.u32, 4);
        let number = types.builder.typedef("number_t", types.u32);
        vec![
            member("name", name, 0),
            member("number", number, 4),
            member("other", types.function, 8),
            member("call", types.function, 16),
            member("link", types.data, 24),
        ]
    };
    let mut data = [0; 32];
    data[..8].copy_from_slice(b"NAME\x01\x02\x03\x04");
    let found = converted(members, &data, &[(2, 7), (3, 9)]).expect("it fits");
    let mut expected = [0; 56];
    expected[16..20].copy_from_slice(&[1, 2, 3, 4]);
    expected[20..24].copy_from_slice(b"NAME");
    assert_eq!(found.value, expected);
    let functions = [
        Function { program: 7, member: 4, offset: 32 },
        Function { program: 9, member: 0, offset: 8 },
    ];
    assert_eq!(found.functions, functions);
    let mut value = found.value;
    functions[1].put(&mut value, 0x1234).expect("there is room");
    assert_eq!(value[8..16], 0x1234_u64.to_ne_bytes());
}

#[test]
fn bit_fields_go_bit_by_bit() {
    let members =
        |types: &mut Types| vec![bits("high", types.u32, 0, 5), bits("low", types.u32, 5, 3)];
    // high = 0b10110, low = 0b101, in the order of the machine's bits.
    let (own, kernel) = match Endian::NATIVE {
        Endian::Little => (0b1011_0110, 0b1011_0101),
        Endian::Big => (0b1011_0101, 0b1011_0110),
    };
    let found = converted(members, &[own, 0, 0, 0], &[]).expect("it fits");
    assert_eq!(found.value[40], kernel, "{:#010b}", found.value[40]);
}

#[test]
fn what_the_kernel_has_not_got_must_not_be_set() {
    let members = |types: &mut Types| {
        vec![member("extra", types.u32, 0), member("call_more", types.function, 8)]
    };
    let found = converted(members, &[0; 16], &[]).expect("nothing is set");
    assert_eq!(found.value, [0; 56]);
    let mut data = [0; 16];
    data[3] = 1;
    for (data, functions, expected) in
        [(data, &[][..], "extra"), ([0; 16], &[(1, 0)][..], "call_more")]
    {
        let error = converted(members, &data, functions).expect_err(expected);
        assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
        let text = format!(
            "member {expected:?}: the kernel's struct ops has no such member, and it is set"
        );
        assert!(error.to_string().starts_with(&text), "{error}");
    }
}

#[test]
fn what_differs_is_named_on_both_sides() {
    type Members = fn(&mut Types) -> Vec<Member<'static>>;
    type Functions = &'static [(u32, u32)];
    let cases: [(Members, Functions, &str); 7] = [
        (
            |types| vec![member("number", types.u64, 0)],
            &[],
            r#"member "number": the kernel has 4 bytes, the object 8 bytes"#,
        ),
        (
            |types| vec![member("call", types.data, 0)],
            &[(0, 0)],
            r#"member "call": it is no pointer to a function"#,
        ),
        (
            |types| vec![member("number", types.function, 0)],
            &[(0, 0)],
            r#"member "number": the kernel has int, the object pointer"#,
        ),
        (
            |types| vec![bits("number", types.u32, 0, 7)],
            &[],
            r#"member "number": the kernel has no bit-field, the object a bit-field of 7 bits"#,
        ),
        (
            |types| vec![bits("low", types.u32, 0, 4)],
            &[],
            r#"member "low": the kernel has a bit-field of 3 bits, the object a bit-field of 4 bits"#,
        ),
        (
            |types| vec![member("link", types.function, 0)],
            &[(0, 0)],
            r#"member "link": the kernel has a pointer to data, the object a pointer to a function"#,
        ),
        (
            |types| vec![member("call", types.function, 0)],
            &[],
            r#"member "call": expected null or a program, found an address"#,
        ),
    ];
    for (members, functions, expected) in cases {
        let error = converted(members, &[1; 8], functions).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}
