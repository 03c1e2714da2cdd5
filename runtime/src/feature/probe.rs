use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Feature, insns, kinds, map, program};
use crate::btf::BtfPart;
use crate::spec::Endian;
use crate::sys;
use crate::uapi::{AttachType, MapType, ProgramFlag};

/// What was asked so far. Kernels do not change while a process runs.
static ANSWERS: Mutex<BTreeMap<Feature, bool>> = Mutex::new(BTreeMap::new());

impl Feature {
    /// Whether the running kernel has it; `None` where that cannot be found out, for lack of a permission or of the
    /// kernel's BTF. The kernel is asked once in a process, by making the smallest thing that needs the feature, or by
    /// a look into its types; nothing is attached.
    pub fn is_present(self) -> Option<bool> {
        if let Some(&known) = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner).get(&self) {
            return Some(known);
        }
        // Not under the lock: another thread's question need not wait. Two that ask the same get the same answer.
        let answer = self.ask()?;
        ANSWERS.lock().unwrap_or_else(PoisonError::into_inner).insert(self, answer);
        Some(answer)
    }

    fn ask(self) -> Option<bool> {
        match self {
            Self::MapType(map_type) => map::has_type(map_type),
            // They came together, and nothing else of that time has a use for it.
            Self::MapExtra => map::has_type(MapType::BLOOM_FILTER),
            Self::ProgramType(program_type) => program::has_type(program_type),
            Self::Sleepable(program_type) => program::has_sleepable(program_type),
            Self::Helper(helper) => kinds::has_helper(helper),
            Self::Insns(set) => insns::has_set(set),
            Self::MapFlag(flag) => kinds::has_map_flag(flag),
            // Only for a device; the smallest program has none.
            Self::ProgramFlag(ProgramFlag::XDP_DEV_BOUND_ONLY) => {
                kinds::has_member("bpf_prog_aux", "dev_bound")
            }
            Self::ProgramFlag(flag) => program::has_flag(flag),
            Self::Iterator(name) => kinds::has_iterator(name),
            Self::Cookie => program::has_cookie(),
            // The number is there without what is behind it.
            Self::AttachType(
                one @ (AttachType::TRACE_KPROBE_MULTI | AttachType::TRACE_KPROBE_SESSION),
            ) => Some(
                kinds::has_attach_type(one)? && kinds::has_member("bpf_kprobe_multi_link", "fp")?,
            ),
            Self::AttachType(one @ (AttachType::NETKIT_PRIMARY | AttachType::NETKIT_PEER)) => {
                Some(kinds::has_attach_type(one)? && kinds::has_member("netkit", "peer")?)
            }
            Self::AttachType(one) => kinds::has_attach_type(one),
            Self::KprobeEvents => has_pmu("kprobe"),
            Self::UprobeEvents => has_pmu("uprobe"),
            // It moved from the one to the other in Linux 7.
            Self::TracingCookie => Some(
                kinds::has_member("bpf_tramp_link", "cookie")?
                    || kinds::has_member("bpf_tramp_node", "cookie")?,
            ),
            Self::RawTracepointCookie => kinds::has_member("bpf_raw_tp_link", "cookie"),
            Self::CgroupOrder => kinds::has_member("cgroup_bpf", "revisions"),
            Self::IterTasks => kinds::has_member("bpf_iter_aux_info", "task"),
            Self::Token => answer(sys::token_create(None), |error| error == libc::EBADF),
            Self::ModuleBtf => kinds::has_member("module", "btf_data"),
            Self::Btf(part) => {
                let bytes = part.sample(Endian::NATIVE);
                answer(sys::btf_load(sys::BtfLoad { bytes: &bytes, token: None }, None), |_| false)
            }
        }
    }
}

/// Whether perf has events of this sort; not to be told without sysfs.
fn has_pmu(name: &str) -> Option<bool> {
    let devices = Path::new("/sys/bus/event_source/devices");
    devices.join("software").exists().then(|| devices.join(name).exists())
}

/// The parts of BTF that this kernel was found to lack, without asking it anything.
pub(crate) fn known_lacking_btf() -> Vec<BtfPart> {
    let answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let lacking = answers.iter().filter_map(|(feature, present)| match feature {
        Feature::Btf(part) if !present => Some(*part),
        _ => None,
    });
    lacking.collect()
}

/// What the result of a probe says: `is_known` tells the errors of a kernel that knows the feature and was asked for
/// something else too much.
pub(super) fn answer<T>(result: io::Result<T>, is_known: impl Fn(i32) -> bool) -> Option<bool> {
    let Err(error) = result else { return Some(true) };
    match error.raw_os_error()? {
        number if is_known(number) => Some(true),
        libc::EPERM
        | libc::EACCES
        | libc::ENOMEM
        | libc::EMFILE
        | libc::ENFILE
        | libc::EAGAIN
        | libc::EINTR
        | libc::ENOSYS => None,
        _ => Some(false),
    }
}
