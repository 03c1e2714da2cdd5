//! Every kind of relocation, on pairs of types as the object and as a kernel has them.

use super::patch::POISON;
use super::{Candidate, Questions, Table, patch, resolve};
use crate::btf::{Btf, BtfBuilder, BtfKind, IntEncoding, Member, Param, essential_name};
use crate::error::Result;
use crate::insn::{CALL, Insn, LDIMM64, MOV64_IMM};
use crate::spec::CoreKind::{self, *};
use crate::spec::{CoreSpec, Endian};

const LDX_W: u8 = 0x61;
const LDX_DW: u8 = 0x79;

fn member(name: &str, ty: u32, byte: u32) -> Member<'_> {
    Member { name, ty, bit_offset: 8 * byte, bitfield_size: None }
}

fn bits(name: &str, ty: u32, bit_offset: u32, size: u8) -> Member<'_> {
    Member { name, ty, bit_offset, bitfield_size: Some(size) }
}

/// Types 1 to 6 of both sides.
const INT: u32 = 1;
const UINT: u32 = 2;
const LONG: u32 = 3;
const ULONG: u32 = 4;
const CHAR: u32 = 5;
const PTR: u32 = 6;
const FIRST: u32 = 7;

fn build(endian: Endian, types: impl Fn(&mut BtfBuilder)) -> Vec<u8> {
    let mut b = BtfBuilder::new(endian);
    b.int("int", 4, IntEncoding::SIGNED);
    b.int("unsigned int", 4, IntEncoding::UNSIGNED);
    b.int("long", 8, IntEncoding::SIGNED);
    b.int("unsigned long", 8, IntEncoding::UNSIGNED);
    b.int("char", 1, IntEncoding::UNSIGNED);
    b.ptr(0);
    assert_eq!(b.next_id(), FIRST);
    types(&mut b);
    b.finish()
}

/// What became of a relocation.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Original and new number.
    Number(u64, u64),
    /// Must not be reached.
    Poison,
    Error(&'static str),
}
use Outcome::{Error, Number, Poison};

/// The relocation of the object's type with this name.
fn run(
    endian: Endian,
    local: &[u8],
    kernel: &[u8],
    (kind, root, access): (CoreKind, &str, &str),
) -> Result<super::Resolution> {
    let kernel = Btf::parse(kernel, endian)?;
    let types = Btf::parse(local, endian)?;
    let (id, ty) = types.find(root, |_| true).unwrap_or_else(|| panic!("no type {root}"));
    let folded = |kind| if kind == BtfKind::Enum64 { BtfKind::Enum } else { kind };
    let mut candidates: Vec<_> = kernel
        .types()
        .filter(|(_, other)| {
            folded(other.kind.code()) == folded(ty.kind.code())
                && essential_name(other.name) == essential_name(root)
        })
        .map(|(id, _)| Candidate { btf: &kernel, id })
        .collect();
    let spec = ask(&types, &[(kind, id, access)])?;
    resolve(&Questions::new(&spec, local, endian)?.access(0)?, &mut candidates)
}

/// The questions of these relocations: kind, root type and access string.
fn ask(types: &Btf<'_>, relocations: &[(CoreKind, u32, &str)]) -> Result<CoreSpec> {
    let mut table = Table::new(types);
    for &(kind, root, access) in relocations {
        table.add_text(kind, root, access)?;
    }
    Ok(table.finish())
}

fn check(
    local: impl Fn(&mut BtfBuilder),
    kernel: impl Fn(&mut BtfBuilder),
    cases: &[(CoreKind, &str, &str, Outcome)],
) {
    check_in(Endian::Little, local, kernel, cases);
}

fn check_in(
    endian: Endian,
    local: impl Fn(&mut BtfBuilder),
    kernel: impl Fn(&mut BtfBuilder),
    cases: &[(CoreKind, &str, &str, Outcome)],
) {
    let (local, kernel) = (build(endian, local), build(endian, kernel));
    for (kind, root, access, expected) in cases {
        let what = format!("{kind:?} of {root} {access}");
        match (run(endian, &local, &kernel, (*kind, root, access)), expected) {
            (Err(error), Error(text)) => {
                assert!(error.to_string().contains(text), "{what}: {error}");
            }
            (Err(error), _) => panic!("{what}: {error}"),
            (Ok(found), _) => {
                let found = found.value.map_or(Poison, |value| Number(found.original, value));
                assert_eq!(&found, expected, "{what}");
            }
        }
    }
}

#[test]
fn fields() {
    check(
        |b| {
            let row = b.array(INT, INT, 3);
            let grid = b.array(row, INT, 2);
            let flex = b.array(UINT, INT, 0);
            let inner = b.struct_("inner", 24, &[member("grid", grid, 0)]);
            b.struct_(
                "s___mine",
                40,
                &[
                    member("pid", INT, 0),
                    member("gone", INT, 4),
                    member("in", inner, 8),
                    member("ptr", PTR, 32),
                    member("tail", flex, 40),
                ],
            );
            b.struct_("absent", 4, &[member("x", INT, 0)]);
            b.struct_("changed", 4, &[member("x", INT, 0)]);
        },
        |b| {
            let row = b.array(INT, INT, 3);
            let grid = b.array(row, INT, 2);
            let flex = b.array(UINT, INT, 0);
            let inner = b.struct_("inner", 32, &[member("new", LONG, 0), member("grid", grid, 8)]);
            let deeper = b.struct_("", 4, &[member("pid", INT, 0)]);
            let anonymous = b.union_("", 8, &[member("x", LONG, 0), member("", deeper, 0)]);
            b.struct_(
                "s",
                64,
                &[
                    member("ptr", PTR, 0),
                    member("in", inner, 8),
                    member("", anonymous, 40),
                    member("tail", flex, 64),
                ],
            );
            b.struct_("changed", 8, &[member("x", PTR, 0)]);
        },
        &[
            (FieldByteOffset, "s___mine", "0:0", Number(0, 40)),
            (FieldByteOffset, "s___mine", "0:2:0:1:2", Number(8 + 20, 8 + 8 + 20)),
            (FieldByteOffset, "s___mine", "0:2:0:1", Number(8 + 12, 8 + 8 + 12)),
            (FieldByteOffset, "s___mine", "1:0", Number(40, 64 + 40)),
            (FieldByteOffset, "s___mine", "0:4:5", Number(60, 84)),
            (FieldByteOffset, "s___mine", "0:1", Poison),
            (FieldByteSize, "s___mine", "0:1", Poison),
            (FieldByteSize, "s___mine", "0:2", Number(24, 32)),
            (FieldByteSize, "s___mine", "0:2:0", Number(24, 24)),
            (FieldByteSize, "s___mine", "0:2:0:1:1", Number(4, 4)),
            (FieldExists, "s___mine", "0:0", Number(1, 1)),
            (FieldExists, "s___mine", "0:1", Number(1, 0)),
            (FieldExists, "absent", "0:0", Number(1, 0)),
            (FieldExists, "changed", "0:0", Number(1, 0)),
            (FieldSigned, "s___mine", "0:0", Number(1, 1)),
            (FieldSigned, "s___mine", "0:3", Number(0, 0)),
            (FieldLshiftU64, "s___mine", "0:0", Number(32, 32)),
            (FieldRshiftU64, "s___mine", "0:0", Number(32, 32)),
            (FieldByteOffset, "s___mine", "0:9", Error("no member 9")),
            (FieldByteOffset, "s___mine", "0:2:0:2", Error("index 2 of an array of 2")),
            (FieldByteOffset, "s___mine", "0:0:0", Error("has no members")),
            (FieldByteOffset, "s___mine", "0:+1", Error("not numbers")),
            (FieldByteOffset, "s___mine", "", Error("not numbers")),
        ],
    );
}

/// A kernel of 32 bits has another `long` and other pointers.
#[test]
fn pointers_of_another_size() {
    let members = |size| [member("a", PTR, 0), member("b", PTR, size)];
    let local = build(Endian::Little, |b| {
        b.struct_("s", 16, &members(8));
    });
    let mut b = BtfBuilder::new(Endian::Little);
    b.int("long unsigned int", 4, IntEncoding::UNSIGNED);
    let pointer = b.ptr(0);
    let members = members(4).map(|member| Member { ty: pointer, ..member });
    b.struct_("s", 8, &members);
    let kernel = b.finish();
    for (kind, access, old, new) in
        [(FieldByteSize, "0:1", 8, 4), (FieldByteOffset, "0:1", 8, 4), (TypeSize, "0", 16, 8)]
    {
        let found = run(Endian::Little, &local, &kernel, (kind, "s", access)).unwrap();
        assert_eq!((found.original, found.value), (old, Some(new)), "{kind:?}");
    }
}

#[test]
fn bit_fields() {
    let local = |b: &mut BtfBuilder| {
        b.struct_("s", 8, &[bits("a", UINT, 0, 3), bits("b", INT, 3, 7), bits("c", UINT, 32, 5)]);
    };
    let kernel = |b: &mut BtfBuilder| {
        b.struct_("s", 12, &[member("a", UINT, 8), bits("c", UINT, 40, 6), bits("b", INT, 30, 8)]);
    };
    let common = [
        (FieldByteOffset, "s", "0:0", Number(0, 8)),
        (FieldByteSize, "s", "0:0", Number(4, 4)),
        (FieldByteOffset, "s", "0:2", Number(4, 4)),
        (FieldSigned, "s", "0:1", Number(1, 1)),
        // Bits 30 to 37 take eight bytes to load.
        (FieldByteOffset, "s", "0:1", Number(0, 0)),
        (FieldByteSize, "s", "0:1", Number(4, 8)),
        (FieldRshiftU64, "s", "0:1", Number(57, 56)),
        (FieldRshiftU64, "s", "0:2", Number(59, 58)),
    ];
    check_in(Endian::Little, local, kernel, &common);
    check_in(Endian::Big, local, kernel, &common);
    let left = |b, c| [(FieldLshiftU64, "s", "0:1", b), (FieldLshiftU64, "s", "0:2", c)];
    check_in(Endian::Little, local, kernel, &left(Number(54, 26), Number(59, 64 - 8 - 6)));
    check_in(Endian::Big, local, kernel, &left(Number(32 + 3, 30), Number(32, 32 + 8)));
}

#[test]
fn compatible_fields() {
    // Type of the member in the object, in the kernel, and whether one is read as the other.
    type Make = fn(&mut BtfBuilder) -> u32;
    let int: Make = |_| INT;
    let long: Make = |_| LONG;
    let ptr: Make = |_| PTR;
    let float: Make = |b| b.float("double", 8);
    let strct: Make = |b| b.struct_("x", 8, &[]);
    let union: Make = |b| b.union_("y", 8, &[]);
    let enum_a: Make = |b| b.enum_("a___v1", 4, false, &[]);
    let enum64_a: Make = |b| b.enum64("a", 8, false, &[]);
    let enum_b: Make = |b| b.enum_("b", 4, false, &[]);
    let anonymous: Make = |b| b.enum_("", 4, false, &[]);
    let ints: Make = |b| b.array(INT, INT, 4);
    let longs: Make = |b| b.array(LONG, INT, 9);
    let ptrs: Make = |b| b.array(PTR, INT, 4);
    let typedef: Make = |b| {
        let konst = b.const_(LONG);
        b.typedef("t", konst)
    };
    for (n, (local, kernel, compatible)) in [
        (int, long, true),
        (int, typedef, true),
        (int, ptr, false),
        (ptr, ptr, true),
        (float, float, true),
        (float, long, false),
        (strct, union, true),
        (strct, int, false),
        (enum_a, enum64_a, true),
        (enum_a, enum_b, false),
        (enum_a, anonymous, true),
        (enum_a, int, false),
        (ints, longs, true),
        (ints, ptrs, false),
        (ints, int, false),
    ]
    .into_iter()
    .enumerate()
    {
        let side = |make: Make| {
            move |b: &mut BtfBuilder| {
                let ty = make(b);
                b.struct_("s", 8, &[member("m", ty, 0)]);
            }
        };
        let expected = Number(1, u64::from(compatible));
        println!("pair {n}");
        check(side(local), side(kernel), &[(FieldExists, "s", "0:0", expected)]);
    }
}

#[test]
fn types() {
    check(
        |b| {
            let s = b.struct_("s___v2", 16, &[]);
            b.struct_("gone", 8, &[]);
            let ptr = b.ptr(s);
            let one = b.func_proto(INT, &[Param { name: "x", ty: ptr }]);
            b.typedef("fn_t", one);
            b.typedef("other_t", one);
            b.typedef("int_t", INT);
        },
        |b| {
            let s = b.struct_("s", 24, &[]);
            let ptr = b.ptr(s);
            let one = b.func_proto(LONG, &[Param { name: "y", ty: ptr }]);
            b.typedef("fn_t", one);
            let none = b.func_proto(INT, &[]);
            b.typedef("other_t", none);
            b.typedef("int_t", PTR);
        },
        &[
            (TypeExists, "s___v2", "0", Number(1, 1)),
            (TypeExists, "gone", "0", Number(1, 0)),
            (TypeExists, "fn_t", "0", Number(1, 1)),
            (TypeExists, "other_t", "0", Number(1, 0)),
            (TypeExists, "int_t", "0", Number(1, 0)),
            (TypeSize, "s___v2", "0", Number(16, 24)),
            (TypeSize, "gone", "0", Number(8, 0)),
            (TypeIdLocal, "s___v2", "0", Number(7, 7)),
            (TypeIdLocal, "gone", "0", Number(8, 8)),
            (TypeIdTarget, "s___v2", "0", Number(7, 7)),
            (TypeIdTarget, "fn_t", "0", Number(11, 10)),
            (TypeIdTarget, "gone", "0", Number(8, 0)),
            (TypeExists, "s___v2", "0:0", Error("no members")),
        ],
    );
}

#[test]
fn matching_types() {
    check(
        |b| {
            let fwd = b.fwd("other", false);
            let ptr = b.ptr(fwd);
            b.struct_("subset", 12, &[member("p", ptr, 0), member("i", INT, 8)]);
            b.struct_("renamed", 4, &[member("old", INT, 0)]);
            b.struct_("resized", 4, &[member("m", INT, 0)]);
            b.struct_("resigned", 4, &[member("m", INT, 0)]);
            b.enum_("few", 4, false, &[("A", 0), ("B___v1", 1)]);
            b.enum_("more", 4, false, &[("A", 0), ("C", 1)]);
            b.enum_("wider", 4, false, &[("A", 0)]);
        },
        |b| {
            let other = b.struct_("other", 80, &[]);
            let ptr = b.ptr(other);
            b.struct_(
                "subset",
                40,
                &[member("i", INT, 0), member("z", LONG, 8), member("p", ptr, 16)],
            );
            b.struct_("renamed", 4, &[member("new", INT, 0)]);
            b.struct_("resized", 8, &[member("m", LONG, 0)]);
            b.struct_("resigned", 4, &[member("m", UINT, 0)]);
            b.enum_("few", 4, false, &[("B", 5), ("X", 6), ("A", 7)]);
            b.enum_("more", 4, false, &[("A", 0), ("B", 1)]);
            b.enum64("wider", 8, false, &[("A", 0)]);
        },
        &[
            (TypeMatches, "subset", "0", Number(1, 1)),
            (TypeMatches, "renamed", "0", Number(1, 0)),
            (TypeMatches, "resized", "0", Number(1, 0)),
            (TypeMatches, "resigned", "0", Number(1, 0)),
            (TypeMatches, "few", "0", Number(1, 1)),
            (TypeMatches, "more", "0", Number(1, 0)),
            (TypeMatches, "wider", "0", Number(1, 0)),
        ],
    );
}

#[test]
fn enumerators() {
    check(
        |b| {
            b.enum_("e", 4, false, &[("A___mine", 1), ("GONE", 2), ("NEG", 3)]);
            b.enum_("neg", 4, true, &[("N", -1)]);
            b.enum64("wide", 8, false, &[("W", 1 << 40)]);
        },
        |b| {
            b.enum64("e", 8, false, &[("NEG", 1 << 33), ("A", 9)]);
            // An old encoder does not say that it is signed.
            b.enum_("neg", 4, false, &[("N", -2)]);
            b.enum64("wide", 8, false, &[("W", 1 << 41)]);
        },
        &[
            (EnumvalExists, "e", "0", Number(1, 1)),
            (EnumvalExists, "e", "1", Number(1, 0)),
            (EnumvalValue, "e", "0", Number(1, 9)),
            (EnumvalValue, "e", "1", Poison),
            (EnumvalValue, "e", "2", Number(3, 1 << 33)),
            (EnumvalValue, "neg", "0", Number(u64::MAX, u64::MAX - 1)),
            (EnumvalValue, "wide", "0", Number(1 << 40, 1 << 41)),
            (EnumvalValue, "e", "7", Error("no enumerator 7")),
            (EnumvalValue, "int", "0", Error("not an enum")),
        ],
    );
}

#[test]
fn candidates_must_agree() {
    let local = |b: &mut BtfBuilder| {
        b.struct_("s", 16, &[member("a", INT, 0), member("b", INT, 4), member("c", INT, 8)]);
    };
    let kernel = |b: &mut BtfBuilder| {
        b.struct_("s", 16, &[member("a", INT, 8), member("b", INT, 0)]);
        b.struct_("s___old", 12, &[member("a", INT, 8), member("b", INT, 4), member("c", INT, 0)]);
    };
    check(
        local,
        kernel,
        &[
            (FieldByteOffset, "s", "0:0", Number(0, 8)),
            (FieldByteOffset, "s", "0:1", Error("do not agree")),
            // Only one has it.
            (FieldByteOffset, "s", "0:2", Number(8, 0)),
            (TypeSize, "s", "0", Error("do not agree")),
            (TypeIdTarget, "s", "0", Error("do not agree")),
            (TypeExists, "s", "0", Number(1, 1)),
        ],
    );
    // Having `c` leaves the one candidate for what comes after; that nobody has `z` leaves both.
    let (local, kernel) = (build(Endian::Little, local), build(Endian::Little, kernel));
    let (types, kernel) =
        (Btf::parse(&local, Endian::Little).unwrap(), Btf::parse(&kernel, Endian::Little).unwrap());
    let accesses = ["0:2", "0:1", "1:2"].map(|text| (FieldByteOffset, FIRST, text));
    let spec = ask(&types, &accesses).unwrap();
    let questions = Questions::new(&spec, &local, Endian::Little).unwrap();
    let access = |text: &str| {
        let nth = accesses.iter().position(|(.., other)| *other == text).unwrap();
        questions.access(nth as u32).unwrap()
    };
    let mut candidates: Vec<_> = [7, 8].map(|id| Candidate { btf: &kernel, id }).into();
    assert_eq!(resolve(&access("0:2"), &mut candidates).unwrap().value, Some(0));
    assert_eq!(candidates.len(), 1);
    assert_eq!(resolve(&access("0:1"), &mut candidates).unwrap().value, Some(4));
    let mut wrong: Vec<_> = [1, 2].map(|id| Candidate { btf: &kernel, id }).into();
    assert_eq!(resolve(&access("0:1"), &mut wrong).unwrap().value, None);
    assert_eq!(wrong.len(), 2);
    assert_eq!(access("1:2").to_string(), "struct s[1].c");
}

fn bad() -> Insn {
    Insn::new(CALL, 0, 0, 0, POISON)
}

#[test]
fn instructions_are_patched() {
    let local = build(Endian::NATIVE, |b| {
        b.struct_(
            "s",
            200,
            &[
                member("i", INT, 4),
                member("u", UINT, 8),
                member("p", PTR, 16),
                member("gone", INT, 24),
                member("far", INT, 28),
                member("c", CHAR, 32),
            ],
        );
        b.enum_("e", 4, false, &[("A", 1)]);
        b.enum_("e2", 4, false, &[("GONE", 1)]);
    });
    let kernel = build(Endian::NATIVE, |b| {
        b.struct_(
            "s",
            100_000,
            &[
                member("i", LONG, 40),
                member("u", ULONG, 80),
                member("p", PTR, 160),
                member("far", INT, 40_000),
                bits("c", CHAR, 720, 3),
            ],
        );
        b.enum64("e", 8, false, &[("A", 0x1_8000_0002)]);
    });
    let ldx = |code, off| Insn::new(code, 1, 2, off, 0);
    let mov = |imm| Insn::new(MOV64_IMM, 1, 0, 0, imm);
    let wide = |low, high| vec![Insn::new(LDIMM64, 1, 0, 0, low), Insn::new(0, 0, 0, 0, high)];
    type Case = (CoreKind, &'static str, &'static str, Vec<Insn>, Result<Vec<Insn>, &'static str>);
    let table: Vec<Case> = vec![
        (FieldByteOffset, "s", "0:2", vec![ldx(LDX_DW, 16)], Ok(vec![ldx(LDX_DW, 160)])),
        (FieldByteOffset, "s", "0:2", vec![mov(16)], Ok(vec![mov(160)])),
        // An unsigned number may be loaded wider, a signed one may not.
        (FieldByteOffset, "s", "0:1", vec![ldx(LDX_W, 8)], Ok(vec![ldx(LDX_DW, 80)])),
        (FieldByteOffset, "s", "0:1", vec![ldx(LDX_DW, 8)], Err("moves 8 bytes, expected 4")),
        (FieldByteOffset, "s", "0:0", vec![ldx(LDX_W, 4)], Ok(vec![bad()])),
        (FieldByteOffset, "s", "0:0", vec![mov(4)], Ok(vec![mov(40)])),
        (FieldByteOffset, "s", "0:3", vec![ldx(LDX_W, 24)], Ok(vec![bad()])),
        (FieldByteOffset, "s", "0:4", vec![ldx(LDX_W, 28)], Err("no room")),
        (FieldByteOffset, "s", "0:4", vec![mov(28)], Ok(vec![mov(40_000)])),
        (FieldByteOffset, "s", "0:5", vec![ldx(0x71, 32)], Ok(vec![bad()])),
        (FieldByteOffset, "s", "0:2", vec![mov(17)], Err("has the number 17, expected 16")),
        (FieldByteOffset, "s", "0:2", vec![ldx(0x0f, 0)], Err("cannot be relocated")),
        (FieldByteOffset, "s", "0:2", vec![], Err("past the end")),
        (FieldExists, "s", "0:3", vec![mov(1)], Ok(vec![mov(0)])),
        (EnumvalValue, "e", "0", wide(1, 0), Ok(wide(-0x7fff_fffe, 1))),
        (EnumvalValue, "e", "0", wide(1, 1), Err("expected 1")),
        (EnumvalValue, "e", "0", wide(1, 0)[..1].to_vec(), Err("no plain 64-bit load")),
        (EnumvalValue, "e", "0", vec![mov(1)], Err("no room")),
        (EnumvalValue, "e2", "0", wide(1, 0), Ok(vec![bad(), bad()])),
    ];
    for (kind, root, access, mut insns, expected) in table {
        let resolution = run(Endian::NATIVE, &local, &kernel, (kind, root, access)).unwrap();
        let what = format!("{kind:?} of {root} {access} in {insns:?}");
        match (patch(&mut insns, 0, &resolution), expected) {
            (Ok(()), Ok(expected)) => assert_eq!(insns, expected, "{what}"),
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{what}: {error}"),
            (got, expected) => panic!("{what}: {got:?}, expected {expected:?}"),
        }
    }
}

/// Kernel BTF is not checked as a whole: whatever it holds, relocating ends, without a panic.
#[test]
fn damaged_kernel_types_never_panic() {
    let sample = |b: &mut BtfBuilder| {
        let row = b.array(INT, INT, 3);
        let grid = b.array(row, INT, 2);
        let deep = b.struct_("", 8, &[member("x", LONG, 0), bits("y", UINT, 3, 5)]);
        let s = b.struct_("s", 40, &[member("grid", grid, 0), member("", deep, 24)]);
        let ptr = b.ptr(s);
        let proto = b.func_proto(ptr, &[Param { name: "", ty: ptr }]);
        b.typedef("fn_t", proto);
        b.enum_("e", 4, true, &[("A", -1), ("B", 2)]);
    };
    let good = build(Endian::Little, sample);
    let local = Btf::parse(&good, Endian::Little).unwrap();
    let mut table = Table::new(&local);
    for kind in (0..13).filter_map(CoreKind::from_raw) {
        for id in FIRST..local.len() {
            for text in ["0", "0:0:1:2", "0:1:0", "0:1:1", "1"] {
                // Not all of them have a meaning.
                let _ = table.add_text(kind, id, text);
            }
        }
    }
    let spec = table.finish();
    let questions = Questions::new(&spec, &good, Endian::Little).unwrap();
    let accesses: Vec<_> =
        (0..questions.len()).map(|nth| questions.access(nth as u32).unwrap()).collect();
    assert!(accesses.len() > 40);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    for _ in 0..100 {
        let mut bytes = good.clone();
        for _ in 0..=random() % 4 {
            let at = 24 + random() % (bytes.len() - 24);
            bytes[at] = if random() % 2 == 0 { random() as u8 % 16 } else { random() as u8 };
        }
        let Ok(kernel) = Btf::scan(&bytes, Endian::Little, 1) else { continue };
        for access in &accesses {
            let mut candidates: Vec<_> =
                (0..kernel.len()).map(|id| Candidate { btf: &kernel, id }).collect();
            for one in candidates.clone() {
                let _ = resolve(access, &mut vec![one]);
            }
            let _ = resolve(access, &mut candidates);
        }
    }
}
