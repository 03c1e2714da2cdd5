//! What the running kernel has and has not, asked only after something failed.
//!
//! A load tries the whole thing first. Only where the kernel refuses, the reason is looked for: each [`Feature`] that the
//! refused thing needs has a name, the kernel that brought it, and a probe whose answer is kept as long as the process
//! runs. The oldest supported kernel is [`Release::OLDEST`](crate::uapi::Release::OLDEST), Linux 5.10; these fall-backs
//! of other loaders matter only below it, and there are none here: programs without a name (4.15), data sections without
//! maps (5.2), objects without BTF or without BTF of functions (4.18, 5.0), data sections that cannot be mapped (5.5),
//! expected attach types left out (4.17), `bpf_probe_read_kernel` replaced by `bpf_probe_read` (5.5).
//!
//! ```
//! use bpf_skel::feature::Feature;
//! use bpf_skel::uapi::{MapType, Release};
//!
//! let feature = Feature::MapType(MapType::ARENA);
//! assert_eq!(feature.to_string(), "map type arena");
//! assert_eq!(feature.since(), Some(Release::new(6, 9)));
//! ```

mod explain;
mod insns;
mod kinds;
mod map;
mod name;
mod probe;
mod program;

pub use name::Feature;

pub(crate) use explain::{
    lacks, map_needs, may_be_unknown, why_absent, why_not_in_module, why_unheeded,
};
pub(crate) use map::{ENOTSUPP, takes_operations_now};
pub(crate) use probe::known_lacking_btf;
