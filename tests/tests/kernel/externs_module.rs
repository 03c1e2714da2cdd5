//! What modules have: functions to call, variables, and types for CO-RE. Debian's kernels have nf_conntrack and x_tables
//! as modules; others have them built in, and then the same is found in the kernel itself.

use bpf_skel::insn::{CALL, LDIMM64, PSEUDO_BTF_ID, PSEUDO_KFUNC_CALL};
use bpf_skel::program::TestRun;
use bpf_skel::spec::ObjectSpec;
use bpf_skel::{ErrorKind, OpenObject};
use bpf_skel_tests::kernel::needs::{CONNTRACK_KFUNCS, XT_RECSEQ};
use bpf_skel_tests::kernel::{Outcome, kernel_is};

include!("../../golden/module.rs");
include!("../../golden/module_variable.rs");

bpf_skel_tests::kernel::tests! {
    []: absent_types, absent_functions;
    [CONNTRACK_KFUNCS]: types, functions;
    [XT_RECSEQ]: variables;
}

const FRAME: [u8; 64] = [0; 64];

fn is_module(name: &str) -> bool {
    std::path::Path::new("/sys/kernel/btf").join(name).exists()
}

fn functions() -> Outcome {
    let mut open = module::open();
    open.progs.types.set_autoload(false);
    let prepared = open.prepare()?;
    let text = prepared.object().program_insns(0).unwrap();
    let calls = text.iter().filter(|insn| insn.code == CALL && insn.src() == PSEUDO_KFUNC_CALL);
    let calls: Vec<_> = calls.map(|insn| (insn.off, insn.imm > 0)).collect();
    // The module's place in `fd_array`; 0 stands for the kernel itself.
    let place = i16::from(is_module("nf_conntrack"));
    assert_eq!(calls, [(place, true), (place, true)]);

    let skel = prepared.load()?;
    skel.progs.lookup.test_run(TestRun::new().data_in(&FRAME))?;
    assert_eq!((skel.bss.found.get(), skel.bss.error.get()), (0, -libc::ENOENT));
    Ok(())
}

fn variables() -> Outcome {
    let prepared = module_variable::open().prepare()?;
    let text = prepared.object().program_insns(0).unwrap();
    let loads = text.windows(2).filter(|pair| pair[0].code == LDIMM64);
    let of = loads.filter(|pair| pair[0].src() == PSEUDO_BTF_ID);
    // The number of the variable, then a descriptor of its module's BTF; 0 stands for the kernel itself.
    let of: Vec<_> = of.map(|pair| (pair[0].imm > 0, pair[1].imm > 0)).collect();
    assert_eq!(of, [(true, is_module("x_tables"))]);

    let skel = prepared.load()?;
    skel.progs.variable.test_run(TestRun::new().data_in(&FRAME))?;
    // Nobody is in a table, or ever was.
    assert_eq!(skel.data.sequence.get(), 0);
    Ok(())
}

fn types() -> Outcome {
    let expected = if kernel_is(6, 10) { (16, 1) } else { (12, 0) };
    assert_eq!(sizes(module::SPEC.clone())?, expected);
    Ok(())
}

/// What the program `types` finds out.
fn sizes(spec: ObjectSpec) -> bpf_skel::Result<(u32, u32)> {
    let object = load(spec, "types")?;
    object.program("types")?.test_run(TestRun::new().data_in(&FRAME))?;
    let bss = object.map(".bss")?.lookup(&[0; 4])?.unwrap();
    let value = |name: &str| {
        let at = module::SPEC.variable(name).unwrap().offset as usize;
        u32::from_ne_bytes(bss[at..at + 4].try_into().unwrap())
    };
    Ok((value("size"), value("has_zones")))
}

fn load(spec: ObjectSpec, program: &str) -> bpf_skel::Result<bpf_skel::Object> {
    let mut open = OpenObject::new(spec);
    for other in open.programs_mut() {
        let wanted = other.name() == program;
        other.set_autoload(wanted);
    }
    open.load()
}

/// All modules are searched, and have none.
fn absent_types() -> Outcome {
    let mut spec = module::SPEC.clone();
    for root in spec.core.roots.to_mut() {
        root.name = format!("skel_{}", root.name).into();
    }
    assert_eq!(sizes(spec)?, (0, 0));
    Ok(())
}

fn absent_functions() {
    let mut spec = module::SPEC.clone();
    for external in spec.externs.to_mut() {
        external.name = format!("skel_{}", external.name).into();
    }
    let error = load(spec, "lookup").unwrap_err();
    let text = error.to_string();
    assert!(text.contains(r#"program "lookup": symbol "skel_bpf_ct_release": "#), "{text}");
    if kernel_is(5, 13) {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(text.contains("or load its module"), "{text}");
    } else {
        assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
        let expected = "needs kernel functions (kfuncs), Linux 5.13; this kernel is ";
        assert!(text.contains(expected), "{text}");
    }
}
