//! What is said of symbols that the kernel does not have, or has otherwise.

use std::borrow::Cow;

use crate::btf::{Btf, FuncProto, Kind};
use crate::error::Error;
use crate::feature::{self, Feature};
use crate::uapi::InsnSet;

pub(super) fn not_in_kallsyms() -> Error {
    Error::not_found("the kernel has no symbol of this name (/proc/kallsyms)")
        .with_hint("a kernel without CONFIG_KALLSYMS_ALL has functions there, no variables; declared __weak its address would be 0")
}

pub(super) fn not_in_btf(function: bool) -> Error {
    if !function {
        let hint = feature::why_not_in_module().map_or(Cow::Borrowed(PER_CPU), Cow::Owned);
        return Error::not_found(
            "neither the running kernel's types nor its modules' have this variable",
        )
        .with_hint(hint);
    }
    let error = Error::not_found(
        "neither the running kernel nor its modules have this kernel function (kfunc)",
    );
    if let Some(why) = feature::why_absent([Feature::Insns(InsnSet::Kfuncs)]) {
        return error.because_absent(why);
    }
    let hint = feature::why_not_in_module().map_or(Cow::Borrowed(WEAK), Cow::Owned);
    error.with_hint(hint)
}

const PER_CPU: &str = "they know per-CPU variables; others are declared `extern const void`";
const WEAK: &str =
    "declare it __weak and ask bpf_ksym_exists() before the call, or load its module";

/// An error that says what differs.
pub(super) fn incompatible(local: &Btf<'_>, id: u32, kernel: &Btf<'_>, other: u32) -> Error {
    let detail = match (local.kind_by_id(id), kernel.kind_by_id(other)) {
        (Some(Kind::FuncProto(a)), Some(Kind::FuncProto(b))) => {
            let (expected, found) = (proto(local, &a), proto(kernel, &b));
            format!("expected {expected}, the kernel's is {found}")
        }
        _ => format!("expected {}, the kernel's is {}", name(local, id), name(kernel, other)),
    };
    Error::mismatch(format!("its type is another in the running kernel: {detail}"))
}

/// `int (struct task_struct *, u64)`, as far as compatibility goes.
fn proto(btf: &Btf<'_>, proto: &FuncProto<'_>) -> String {
    let params: Vec<String> = proto.params().map(|param| name(btf, param.ty)).collect();
    format!("{} ({})", name(btf, proto.ret), params.join(", "))
}

fn name(btf: &Btf<'_>, id: u32) -> String {
    fn of(btf: &Btf<'_>, id: u32, depth: usize) -> Option<String> {
        let (_, ty) = btf.resolve(id).filter(|_| depth < 8)?;
        Some(match ty.kind {
            Kind::Void => "void".to_owned(),
            Kind::Ptr(to) => format!("{} *", of(btf, to, depth + 1)?),
            Kind::Array(array) => format!("{} []", of(btf, array.element, depth + 1)?),
            Kind::Int(_) | Kind::Float { .. } => ty.name.to_owned(),
            other => format!("{} {}", other.code(), ty.name),
        })
    }
    of(btf, id, 0).unwrap_or_else(|| "…".to_owned())
}
