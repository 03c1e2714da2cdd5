//! Tables that programs jump through.

use bpf_skel::insn::{self, Insn};
use bpf_skel::spec::{Endian, ObjectSpec, RelocationTarget};
use bpf_skel_tests::fixtures;

/// The tables of a program: the instruction that takes the address, the name, the targets.
fn tables<'s>(spec: &'s ObjectSpec, program: &str) -> Vec<(u32, &'s str, &'s [u32])> {
    let program = &spec.programs[spec.program_index(program).expect(program)];
    let tables = program.relocations.iter().filter_map(|relocation| match relocation.target {
        RelocationTarget::JumpTable(index) => {
            let table = &spec.jump_tables[index as usize];
            Some((relocation.insn, &*table.name, &*table.targets))
        }
        _ => None,
    });
    tables.collect()
}

#[test]
fn targets_are_instructions_of_the_linked_program() {
    for endian in [Endian::Little, Endian::Big] {
        let spec = fixtures::spec_in("jump_tables", endian);
        assert_eq!(tables(&spec, "first"), [(5, "BPF.JT.0.0", &[10, 12, 12, 14][..])]);
        // Its own is not at the start of its section, and what it calls comes after its 22 instructions.
        let expected = [
            (9, "BPF.JT.2.0", &[18, 16, 14][..]),
            (22 + 3, "BPF.JT.1.0", &[22 + 8, 22 + 16][..]),
            (22 + 11, "BPF.JT.1.1", &[22 + 18][..]),
        ];
        assert_eq!(tables(&spec, "second"), expected);
        // The same subprogram elsewhere: tables of their own.
        let expected =
            [(5 + 3, "BPF.JT.1.0", &[5 + 8, 5 + 16][..]), (5 + 11, "BPF.JT.1.1", &[5 + 18][..])];
        assert_eq!(tables(&spec, "third"), expected);
        assert_eq!(spec.jump_tables.len(), 6);
    }
}

#[test]
fn what_the_loader_fills_in_is_empty() {
    let spec = fixtures::spec("jump_tables");
    for program in spec.programs.iter() {
        let insns: Vec<Insn> = insn::decode(&program.insns, Endian::Little).collect();
        for relocation in program.relocations.iter() {
            let [first, second] = [0, 1].map(|next| insns[relocation.insn as usize + next]);
            assert!(first.is_ldimm64(), "{}", program.name);
            assert_eq!((first.src(), first.imm, second.imm), (0, 0, 0), "{}", program.name);
        }
    }
}

/// A table moves with the code that jumps through it; that two compilers have called theirs the same means nothing.
#[test]
fn linked_to_another_object() {
    for endian in [Endian::Little, Endian::Big] {
        let alone = fixtures::spec_in("jump_tables", endian);
        let (ours, other) =
            (fixtures::bytes("jump_tables", endian), fixtures::bytes("jump_tables_other", endian));
        let linked = bpf_skel_build::link(&[("other.o", &other), ("ours.o", &ours)]).unwrap();
        let linked = fixtures::read(&linked, "linked.o");
        for program in ["first", "second", "third"] {
            assert_eq!(tables(&linked, program), tables(&alone, program), "{program}");
        }
        let other = fixtures::read(&other, "other.o");
        assert_eq!(tables(&linked, "other"), tables(&other, "other"));
        assert_eq!(tables(&linked, "other"), [(5, "BPF.JT.0.0", &[12, 10][..])]);
        let again =
            bpf_skel_build::link(&[("a.o", &fixtures::bytes("jump_tables", endian))]).unwrap();
        assert_eq!(fixtures::read(&again, "jump_tables.bpf.o").jump_tables, alone.jump_tables);
    }
}
