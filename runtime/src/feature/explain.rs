use std::io;
use std::path::Path;

use super::Feature;
use super::map::ENOTSUPP;
use crate::error::{Error, ErrorKind};
use crate::spec::MapSpec;
use crate::sys;
use crate::uapi::{MapFlag, MapType, Release};

/// The first of these that the kernel lacks, in words: its name, the kernel that brought it, and the one that runs. Only
/// for what a missing feature can be the reason of: each question may be a call of its own.
pub(crate) fn why_absent(needs: impl IntoIterator<Item = Feature>) -> Option<String> {
    let running = running();
    let absent = needs.into_iter().find(|feature| is_absent(*feature, running))?;
    Some(words(absent, running))
}

/// Whether the running kernel lacks it, as far as this process can tell.
pub(crate) fn lacks(feature: Feature) -> bool {
    is_absent(feature, running())
}

/// Why this kernel lacks what it would not refuse, but leave out. A kernel that has it by its release is not asked.
pub(crate) fn why_unheeded(feature: Feature) -> Option<String> {
    let is_due = |running| feature.since().is_some_and(|since| since <= running);
    if running().is_some_and(is_due) { None } else { why_absent([feature]) }
}

/// Where the kernel does not answer, as to a process without privilege, its release does.
fn is_absent(feature: Feature, running: Option<Release>) -> bool {
    match feature.is_present() {
        Some(present) => !present,
        None => running.is_some_and(|running| feature.since().is_some_and(|since| running < since)),
    }
}

fn running() -> Option<Release> {
    sys::kernel_version().ok().map(|version| Release::new(version.major, version.minor))
}

fn words(feature: Feature, running: Option<Release>) -> String {
    let is = running.map_or_else(String::new, |running| format!("; this kernel is {running}"));
    match feature.since() {
        None => format!("needs {feature}, which this kernel does not have"),
        Some(since) if running.is_some_and(|running| running >= since) => {
            let option = feature.option().map_or_else(String::new, |name| format!(" ({name})"));
            format!("needs {feature}, Linux {since}{is}, built without it{option}")
        }
        Some(since) => format!("needs {feature}, Linux {since}{is}"),
    }
}

/// Whether a kernel answers like this to what it does not know.
pub(crate) fn may_be_unknown(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::E2BIG | libc::EOPNOTSUPP | libc::ENODEV | ENOTSUPP)
    )
}

/// What a map needs of the kernel.
pub(crate) fn map_needs(spec: &MapSpec) -> Vec<Feature> {
    let mut needs = vec![Feature::MapType(spec.map_type)];
    // The address of an arena, which came with arenas.
    if spec.extra != 0 && spec.map_type != MapType::ARENA {
        needs.push(Feature::MapExtra);
    }
    needs.extend(MapFlag::of(spec.flags).map(Feature::MapFlag));
    needs
}

/// What to add where something is neither in the kernel nor in a module: on some kernels nothing is known of modules.
pub(crate) fn why_not_in_module() -> Option<String> {
    if !Path::new("/proc/modules").exists() {
        return None;
    }
    why_absent([Feature::ModuleBtf]).map(|why| format!("if a module has it, it {why}"))
}

impl Error {
    /// The same failure with its reason in front: the kernel lacks something.
    pub(crate) fn because_absent(self, why: String) -> Self {
        let made =
            Error::new(ErrorKind::NotSupportedByKernel, why).with_hint(self.message().to_owned());
        match self.raw_os_error() {
            Some(number) => made.with_raw_os_error(number),
            None => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uapi::{AttachType, ProgramType};

    #[test]
    fn both_kernels_are_named() {
        let old = Some(Release::new(6, 1));
        let netfilter = Feature::ProgramType(ProgramType::NETFILTER);
        assert_eq!(
            words(netfilter, old),
            "needs program type netfilter, Linux 6.4; this kernel is 6.1"
        );
        assert_eq!(
            words(Feature::AttachType(AttachType::TRACE_KPROBE_MULTI), old),
            "needs attach type trace_kprobe_multi, Linux 5.18; this kernel is 6.1, built without it (CONFIG_FPROBE)"
        );
        assert_eq!(
            words(Feature::AttachType(AttachType(9999)), old),
            "needs attach type 9999, which this kernel does not have"
        );
    }

    #[test]
    fn an_absent_feature_keeps_the_number() {
        let error = Error::system("BPF_PROG_LOAD", std::io::Error::from_raw_os_error(libc::EINVAL));
        let error = error.because_absent("needs it".into());
        assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
        assert_eq!((error.raw_os_error(), error.message()), (Some(libc::EINVAL), "needs it"));
        assert!(error.hint().is_some_and(|call| call.starts_with("BPF_PROG_LOAD: ")));
    }
}
