//! One object, one kernel, and what becomes of each program.

use bpf_skel::btf::Btf;
use bpf_skel::insn::Insn;
use bpf_skel::relocate::{POISON, relocate};
use bpf_skel::spec::{Endian, ProgramSpec};
use bpf_skel::{Result, elf};
use bpf_skel_tests::fixtures;

/// What becomes of the only relocation of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The number.
    Is(u64),
    /// The number in an object of little-endian and in one of big-endian byte order.
    ByEndian(u64, u64),
    /// The id of the kernel's struct of this name.
    KernelType(&'static str),
    /// The id of the object's struct of this name.
    OwnType(&'static str),
    /// A load or store of so many bytes, at this offset.
    Moves(u32, i16),
    /// It must not be reached.
    Poison,
    /// The program is refused, with these words.
    Refused(&'static str),
}

/// Relocates every program of a family for one of its kernels, in both byte orders. The table must have all of them.
pub fn check(family: &str, kernel: &str, expected: &[(&str, Outcome)]) {
    for endian in [Endian::Little, Endian::Big] {
        check_in(endian, family, kernel, expected);
    }
}

fn check_in(endian: Endian, family: &str, kernel: &str, expected: &[(&str, Outcome)]) {
    let spec = fixtures::spec_in(&format!("core/{family}"), endian);
    let bytes = fixtures::bytes(&format!("core/{family}.{kernel}"), endian);
    let (types, order) = elf::btf(&bytes).expect("the kernel's types");
    let types = Btf::parse(types, order).expect("the compiler's BTF is valid");
    let programs: Vec<&str> = spec.programs.iter().map(|program| &*program.name).collect();
    let table: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(table, programs, "{family}: every program, in the order of the source");
    for (program, &(name, expected)) in spec.programs.iter().zip(expected) {
        let what = format!("{family} on {kernel}, {endian}: {name}");
        let expected = match expected {
            Outcome::ByEndian(little, _) if endian == Endian::Little => Outcome::Is(little),
            Outcome::ByEndian(_, big) => Outcome::Is(big),
            Outcome::KernelType(name) => id(&types, name),
            Outcome::OwnType(name) => id(&Btf::parse(&spec.btf, endian).unwrap(), name),
            other => other,
        };
        match (relocate(&spec, program, &types), expected) {
            (Err(error), Outcome::Refused(words)) => {
                assert!(error.to_string().contains(words), "{what}: {error}");
            }
            (insns, expected) => assert_eq!(outcome(program, insns), expected, "{what}"),
        }
    }
}

fn id(types: &Btf<'_>, name: &str) -> Outcome {
    Outcome::Is(types.find_struct(name).expect(name).0.into())
}

fn outcome(program: &ProgramSpec, insns: Result<Vec<Insn>>) -> Outcome {
    let insns = insns.unwrap_or_else(|error| panic!("{error}"));
    let [relocation] = *program.core_relocations else {
        panic!("{}: {} relocations", program.name, program.core_relocations.len());
    };
    let insn = insns[relocation.insn as usize];
    if insn.imm == POISON {
        return Outcome::Poison;
    }
    match insn.code & 7 {
        0 => {
            let high = insns[relocation.insn as usize + 1].imm as u32;
            Outcome::Is(u64::from(high) << 32 | u64::from(insn.imm as u32))
        }
        1..=3 => Outcome::Moves([4, 2, 1, 8][usize::from(insn.code >> 3 & 3)], insn.off),
        _ => Outcome::Is(i64::from(insn.imm) as u64),
    }
}
