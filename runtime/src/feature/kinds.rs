//! Features that show in the kernel's own types: the surest sign where trying would attach something.

use std::sync::OnceLock;

use crate::btf::{BtfKind, Kind};
use crate::kernel_btf::{KernelBtf, Wanted};
use crate::uapi::AttachType;

/// Whether the kernel's `enum bpf_attach_type` has it.
pub(super) fn has_attach_type(attach_type: AttachType) -> Option<bool> {
    static VALUES: OnceLock<Vec<i64>> = OnceLock::new();
    if VALUES.get().is_none() {
        let mut values = Vec::new();
        let found = read("bpf_attach_type", BtfKind::Enum, |kind| {
            if let Kind::Enum(kind) = kind {
                // The last one only counts them.
                let real = kind.values().filter(|(name, _)| !name.starts_with("__MAX"));
                values.extend(real.map(|(_, value)| value));
            }
            !values.is_empty()
        });
        found.filter(|&found| found)?;
        VALUES.get_or_init(|| values);
    }
    VALUES.get().map(|values| values.contains(&i64::from(attach_type.0)))
}

/// Whether the kernel's struct of this name has a member. No struct, no member.
pub(super) fn has_member(name: &str, member: &str) -> Option<bool> {
    read(name, BtfKind::Struct, |kind| match kind {
        Kind::Struct(composite) => composite.members().any(|known| known.name == member),
        _ => false,
    })
}

fn read(name: &str, kind: BtfKind, mut check: impl FnMut(Kind<'_>) -> bool) -> Option<bool> {
    let kernel = KernelBtf::shared().ok()?;
    let found = kernel.find_all(&[Wanted::exact(name, kind)]).ok()?;
    let btf = kernel.btf().ok()?;
    Some(found.of(0).filter_map(|id| btf.type_by_id(id)).any(|ty| check(ty.kind)))
}
