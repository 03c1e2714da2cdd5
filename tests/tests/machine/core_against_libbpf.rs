//! CO-RE gives the numbers that libbpf gives: every relocation of a fixture, on the running kernel, against what
//! bpftool's libbpf reports of itself.

use std::collections::BTreeMap;

use bpf_skel::btf::Btf;
use bpf_skel::insn::Insn;
use bpf_skel::relocate::{POISON, relocate};
use bpf_skel::spec::{Endian, ObjectSpec};
use bpf_skel_tests::fixtures;
use bpf_skel_tests::kernel::{PinDirectory, is_root};
use bpf_skel_tests::machine::{Outcome, Skip, kernel_btf, tests, tool};

tests![every_relocation_of_the_fixture];

const FIXTURE: &str = "core_kinds";

/// By program and number of the relocation: the new number as it is in the instruction, or that it is poisoned.
type Decisions = BTreeMap<(String, usize), Option<i64>>;

/// `libbpf: prog 'p': relo #0: patched insn #0 (ALU/ALU64) imm 0 -> 1264`, and
/// `libbpf: prog 'p': relo #9: substituting insn #30 w/ invalid insn`.
fn theirs(log: &str) -> Decisions {
    let mut all = Decisions::new();
    for line in log.lines() {
        let Some((program, rest)) =
            line.strip_prefix("libbpf: prog '").and_then(|rest| rest.split_once("': relo #"))
        else {
            continue;
        };
        let Some((number, rest)) = rest.split_once(": ") else { continue };
        let key = (program.to_string(), number.parse().expect("a number"));
        if rest.starts_with("substituting insn") {
            all.insert(key, None);
        } else if rest.starts_with("patched insn") && !rest.contains("mem_sz") {
            let new = rest.rsplit_once("-> ").expect("a new number").1.trim();
            let new = new.parse::<i64>().or_else(|_| new.parse::<u64>().map(u64::cast_signed));
            all.insert(key, Some(new.expect("a number")));
        }
    }
    all
}

fn number(insns: &[Insn], at: usize) -> Option<i64> {
    let insn = insns[at];
    match insn.code & 7 {
        _ if insn.imm == POISON => None,
        1..=3 => Some(i64::from(insn.off)),
        0 => Some(i64::from(insns[at + 1].imm) << 32 | i64::from(insn.imm as u32)),
        _ => Some(i64::from(insn.imm)),
    }
}

fn ours(spec: &ObjectSpec, kernel: &Btf<'_>) -> Decisions {
    let mut all = Decisions::new();
    for program in spec.programs.iter() {
        let insns = relocate(spec, program, kernel).expect("no ambiguity");
        for (n, relocation) in program.core_relocations.iter().enumerate() {
            all.insert((program.name.to_string(), n), number(&insns, relocation.insn as usize));
        }
    }
    all
}

fn every_relocation_of_the_fixture() -> Outcome {
    // bpftool reports only what it loads.
    if !is_root() {
        return Err(Skip("needs root".into()).into());
    }
    let kernel = kernel_btf()?;
    let pins = PinDirectory::new("core")?;
    let (object, pin) = (fixtures::path(FIXTURE, Endian::NATIVE), pins.join("programs"));
    let load = ["-d", "prog", "loadall"].map(AsRef::as_ref);
    let out = tool("bpftool", &[&load[..], &[object.as_os_str(), pin.as_os_str()]].concat())?;
    let theirs = theirs(&String::from_utf8_lossy(&out.stderr));
    let types = kernel.btf().expect("the kernel's BTF is readable");
    let ours = ours(&fixtures::spec_in(FIXTURE, Endian::NATIVE), &types);
    assert!(theirs.len() > 150, "only {} relocations were reported", theirs.len());
    assert!(ours.values().any(Option::is_none) && ours.values().flatten().any(|&n| n > 1000));
    assert_eq!(ours, theirs);
    Ok(())
}
