//! Finding types in the running kernel. Finding them in BTF made by hand: `runtime/src/kernel_btf/tests.rs`.

use std::sync::Arc;

use bpf_skel::btf::BtfKind;
use bpf_skel::kernel_btf::{KernelBtf, Kinds, Wanted};
use bpf_skel_tests::machine::{Outcome, kernel_btf, tests};

tests![has_what_all_kernels_have, all_holders_share_one, modules_are_looked_into_last];

fn has_what_all_kernels_have() -> Outcome {
    let kernel = kernel_btf()?;
    let wanted = [
        Wanted::core("task_struct___mine", BtfKind::Struct),
        Wanted::function("vfs_read"),
        Wanted::tracepoint("sched_switch"),
        Wanted::iterator("task"),
        Wanted::lsm_hook("file_open"),
        Wanted::struct_ops("tcp_congestion_ops"),
        // A kernel function that programs may call is looked up as any function.
        Wanted::function("bpf_task_from_pid"),
        Wanted::exact("long unsigned int", BtfKind::Int),
    ];
    let found = kernel.find_all(&wanted)?;
    let btf = kernel.btf()?;
    for (n, wanted) in wanted.iter().enumerate() {
        let id = found.of(n).next().unwrap_or_else(|| panic!("{wanted:?} is absent"));
        let ty = btf.type_by_id(id).expect("a type that was found");
        assert_eq!(ty.name, wanted.name, "type {id}");
        // The slow way agrees, and so does the walk from a checkpoint.
        let slow = btf.find(&wanted.name, |kind| Kinds::only(kind.code()) == wanted.kinds);
        assert_eq!(slow.map(|(id, _)| id), Some(id));
    }
    for (id, ty) in btf.types().step_by(997) {
        assert_eq!(Some(format!("{ty:?}")), btf.type_by_id(id).map(|ty| format!("{ty:?}")));
    }
    assert!(btf.type_by_id(btf.len()).is_none());
    Ok(())
}

fn all_holders_share_one() -> Outcome {
    kernel_btf()?;
    let (one, two) = (KernelBtf::shared()?, KernelBtf::shared()?);
    assert!(Arc::ptr_eq(&one, &two));
    Ok(())
}

fn modules_are_looked_into_last() -> Outcome {
    let kernel = kernel_btf()?;
    assert!(kernel.find_one(Wanted::function("no_such_function_anywhere"))?.is_none());
    let found = kernel.find_one(Wanted::function("vfs_read"))?.expect("all kernels have it");
    assert!(found.module.is_none());
    Ok(())
}
