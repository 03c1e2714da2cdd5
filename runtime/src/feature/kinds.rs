//! Features that show in the kernel's own types: the surest sign where trying would attach something.

use std::sync::OnceLock;

use crate::btf::{BtfKind, Kind};
use crate::kernel_btf::{KernelBtf, Wanted};
use crate::uapi::{AttachType, Helper, MapFlag};

/// Whether the kernel's `enum bpf_attach_type` has it.
pub(super) fn has_attach_type(attach_type: AttachType) -> Option<bool> {
    static VALUES: OnceLock<Vec<i64>> = OnceLock::new();
    has_value("bpf_attach_type", &VALUES, attach_type.0)
}

/// Whether the kernel's `enum bpf_func_id` has it.
pub(super) fn has_helper(helper: Helper) -> Option<bool> {
    static VALUES: OnceLock<Vec<i64>> = OnceLock::new();
    has_value("bpf_func_id", &VALUES, helper.0)
}

fn has_value(name: &str, values: &OnceLock<Vec<i64>>, value: u32) -> Option<bool> {
    if values.get().is_none() {
        let mut known = Vec::new();
        let found = read(name, BtfKind::Enum, |kind| {
            if let Kind::Enum(kind) = kind {
                // The last one only counts them.
                let real = kind.values().filter(|(name, _)| !name.starts_with("__"));
                known.extend(real.map(|(_, value)| value));
            }
            !known.is_empty()
        });
        found.filter(|&found| found)?;
        values.get_or_init(|| known);
    }
    values.get().map(|values| values.contains(&i64::from(value)))
}

/// Whether the kernel has this flag of maps: they are in one of its enums without a name.
pub(super) fn has_map_flag(flag: MapFlag) -> Option<bool> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let first = MapFlag::NO_PREALLOC.c_name()?;
    if NAMES.get().is_none() {
        let mut known = Vec::new();
        let found = read("", BtfKind::Enum, |kind| match kind {
            Kind::Enum(kind) if kind.values().any(|(name, _)| name == first) => {
                known.extend(kind.values().map(|(name, _)| name.to_owned()));
                true
            }
            _ => false,
        });
        found.filter(|&found| found)?;
        NAMES.get_or_init(|| known);
    }
    let name = flag.c_name()?;
    NAMES.get().map(|names| names.iter().any(|known| known == name))
}

/// Whether the kernel has iterators through this.
pub(super) fn has_iterator(name: &str) -> Option<bool> {
    let kernel = KernelBtf::shared().ok()?;
    kernel.find_one(Wanted::iterator(name)).ok().map(|found| found.is_some())
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
