//! Programs that jump through tables.

use bpf_skel::insn::{EXIT, Insn, MOV64_IMM, PSEUDO_MAP_VALUE};
use bpf_skel::program::{Kind, TestRun};
use bpf_skel::spec::RelocationTarget;
use bpf_skel::uapi::{InsnSet, MapType};
use bpf_skel::{ErrorKind, Map, Program};
use bpf_skel_tests::kernel::needs::INDIRECT_JUMPS;
use bpf_skel_tests::kernel::{Outcome, load, tests};

include!("../../golden/jump_tables.rs");

tests! {
    []: loaded_or_explained, nothing_for_what_is_not_loaded;
    [INDIRECT_JUMPS]: switches, addresses_of_tables, a_map_for_each_table_of_a_program, a_jump_to_a_number;
}

fn loaded_or_explained() -> Outcome {
    let present = bpf_skel::feature::Feature::Insns(InsnSet::IndirectJumps).is_present();
    match jump_tables::open().load() {
        Ok(_) => assert_eq!(present, Some(true)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{}", error.report());
            let start = r#"jump_tables-el: program "first": symbol "BPF.JT.0.0": needs map type insn_array, Linux 6.19; this kernel is "#;
            assert!(error.to_string().starts_with(start), "{error}");
        }
    }
    Ok(())
}

/// On a kernel without such maps, too.
fn nothing_for_what_is_not_loaded() -> Outcome {
    let mut open = jump_tables::open();
    open.progs.first.set_autoload(false);
    open.progs.second.set_autoload(false);
    open.progs.third.set_autoload(false);
    open.load()?;
    Ok(())
}

fn switches() -> Outcome {
    const FRAME: [u8; 64] = [0; 64];
    fn run<K: Kind>(program: &Program<K>) -> bpf_skel::Result<u32> {
        Ok(program.test_run(TestRun::new().data_in(&FRAME))?.retval)
    }
    let skel = jump_tables::open().load()?;
    for (input, first, second, third) in [
        (0, 11, 300 + 7, 7),
        (1, 22, 200 + 5, 5),
        (2, 22, 100, 0),
        (3, 33, 0, 0),
        (4, 99, 0, 0),
        (u64::MAX, 99, 0, 0),
    ] {
        skel.bss.input.set(input);
        let found = (run(&skel.progs.first)?, run(&skel.progs.second)?, run(&skel.progs.third)?);
        assert_eq!(found, (first, second, third), "{input}");
    }
    Ok(())
}

fn addresses_of_tables() -> Outcome {
    let prepared = jump_tables::open().prepare()?;
    for (index, program) in jump_tables::SPEC.programs.iter().enumerate() {
        let text = prepared.object().program_insns(index).unwrap();
        for relocation in program.relocations.iter() {
            let RelocationTarget::JumpTable(_) = relocation.target else { continue };
            let at = relocation.insn as usize;
            assert_eq!((text[at].src(), text[at + 1].imm), (PSEUDO_MAP_VALUE, 0));
            assert!(text[at].imm > 0, "a descriptor");
        }
    }
    Ok(())
}

/// They belong to the program: the skeleton has no descriptors of them.
fn a_map_for_each_table_of_a_program() -> Outcome {
    let skel = jump_tables::open().load()?;
    let tables = |ids: Vec<u32>| -> bpf_skel::Result<Vec<u32>> {
        let maps = ids.into_iter().map(Map::from_id).collect::<bpf_skel::Result<Vec<_>>>()?;
        let of_type = |map: &&Map| map.map_type() == MapType::INSN_ARRAY;
        Ok(maps.iter().filter(of_type).map(Map::max_entries).collect())
    };
    let mut found = [
        tables(skel.progs.first.info()?.map_ids)?,
        tables(skel.progs.second.info()?.map_ids)?,
        tables(skel.progs.third.info()?.map_ids)?,
    ];
    found.iter_mut().for_each(|tables| tables.sort_unstable());
    assert_eq!(found, [vec![4], vec![1, 2, 3], vec![1, 2]]);
    Ok(())
}

/// As of a computed goto, whose labels are numbers in `.rodata`.
fn a_jump_to_a_number() -> Outcome {
    let insns = [
        Insn::new(MOV64_IMM, 0, 0, 0, 0),
        // goto *r0
        Insn::new(0x0d, 0, 0, 0, 0),
        Insn::new(EXIT, 0, 0, 0, 0),
    ];
    let error = load("socket", &insns).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.to_string().contains("the labels that a computed goto goes to"), "{error}");
    Ok(())
}
