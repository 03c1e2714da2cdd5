//! Why a call was refused. Asked only after it was.

use std::fs;

use super::capability::{Capability, effective_capabilities};
use crate::uapi::ProgramType;
use crate::{Error, ErrorKind};

/// What any BPF call by a process without privilege asks for.
pub(crate) const BPF: &[Capability] = &[Capability::Bpf];
/// What tracing asks for.
pub(crate) const TRACING: &[Capability] = &[Capability::Bpf, Capability::Perfmon];
/// What networking asks for.
pub(crate) const NETWORK: &[Capability] = &[Capability::Bpf, Capability::NetAdmin];
/// What opening objects by their id asks for.
pub(crate) const BY_ID: &[Capability] = &[Capability::SysAdmin];
/// What mounting asks for.
pub(crate) const MOUNT: &[Capability] = &[Capability::SysAdmin];

/// The capabilities that loading a program of this type takes.
pub(crate) fn program_needs(program_type: ProgramType) -> &'static [Capability] {
    match program_type {
        ProgramType::KPROBE
        | ProgramType::TRACEPOINT
        | ProgramType::PERF_EVENT
        | ProgramType::RAW_TRACEPOINT
        | ProgramType::RAW_TRACEPOINT_WRITABLE
        | ProgramType::TRACING
        | ProgramType::LSM => TRACING,
        // An extension can be of any program, a struct_ops program of any subsystem.
        ProgramType::STRUCT_OPS | ProgramType::EXT => {
            &[Capability::Bpf, Capability::Perfmon, Capability::NetAdmin]
        }
        ProgramType::SOCKET_FILTER | ProgramType::CGROUP_SKB | ProgramType::SYSCALL => BPF,
        _ => NETWORK,
    }
}

/// Adds to a refusal what is missing: the capability by its name, and how to get it. Any other error is given back
/// as it is. Not for what the verifier rejects, which is EACCES too.
pub(crate) fn permission(error: Error, needs: &[Capability]) -> Error {
    if !matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES)) {
        return error;
    }
    let error = error.with_kind(ErrorKind::PermissionDenied);
    let Ok(held) = effective_capabilities() else { return error };
    match missing(held, needs).as_slice() {
        [] => error.with_hint(policy().unwrap_or(
            "the process holds the capabilities: a policy of this kernel refuses (lockdown, or an LSM)",
        )),
        lacking => error.with_hint(how_to_get(lacking)),
    }
}

/// What of `needs` is not held. CAP_SYS_ADMIN stands for all of them wherever BPF asks.
fn missing(held: u64, needs: &[Capability]) -> Vec<Capability> {
    let has = |capability: Capability| held & (1 << capability.bit()) != 0;
    if has(Capability::SysAdmin) {
        return Vec::new();
    }
    needs.iter().copied().filter(|&need| !has(need)).collect()
}

/// What of `needs` is missing now, in words.
pub(crate) fn missing_now(needs: &[Capability]) -> Option<String> {
    let lacking = missing(effective_capabilities().ok()?, needs);
    (!lacking.is_empty()).then(|| are_missing(&lacking))
}

fn are_missing(lacking: &[Capability]) -> String {
    let names: Vec<_> = lacking.iter().map(ToString::to_string).collect();
    format!("{} {} missing", names.join(" and "), if names.len() == 1 { "is" } else { "are" })
}

fn how_to_get(lacking: &[Capability]) -> String {
    let caps: Vec<_> = lacking.iter().map(|capability| capability.name()).collect();
    let program = std::env::current_exe()
        .map_or_else(|_| "PROGRAM".to_owned(), |path| path.display().to_string());
    format!(
        "{}: run as root or with `setcap {}+ep {program}`",
        are_missing(lacking),
        caps.join(","),
    )
}

/// Why a process that holds the capabilities can still be refused.
fn policy() -> Option<&'static str> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    if is_in_user_namespace() {
        return Some(
            "the process is root in a user namespace only; BPF asks for capabilities in the initial one, or for a BPF token",
        );
    }
    if seccomp_filter(&read("/proc/self/status")) {
        return Some(
            "the process runs under a seccomp filter, as in a container, that may refuse bpf(2)",
        );
    }
    match lockdown(&read("/sys/kernel/security/lockdown"))? {
        "confidentiality" => Some("the kernel is locked down (confidentiality): no tracing of it"),
        _ => Some(
            "the process holds the capabilities: a policy of this kernel refuses (lockdown is \"integrity\", or an LSM)",
        ),
    }
}

/// Whether the process is in a user namespace that is not the initial one, as far as it can tell.
pub(crate) fn is_in_user_namespace() -> bool {
    fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| in_user_namespace(&map))
}

/// Whether a map of user ids is not the whole, as it is in the initial namespace.
fn in_user_namespace(uid_map: &str) -> bool {
    let mut fields = uid_map.split_ascii_whitespace();
    !uid_map.is_empty()
        && [fields.next(), fields.next(), fields.next()]
            != [Some("0"), Some("0"), Some("4294967295")]
}

/// Whether `/proc/self/status` tells of a filter.
fn seccomp_filter(status: &str) -> bool {
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
}

/// The mode in brackets, unless it is `none`.
fn lockdown(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    let (mode, _) = rest.split_once(']')?;
    (mode != "none").then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_capabilities_are_named() {
        let bit = |capability: Capability| 1_u64 << capability.bit();
        assert_eq!(missing(0, TRACING), TRACING);
        assert_eq!(missing(bit(Capability::Bpf), TRACING), [Capability::Perfmon]);
        assert_eq!(missing(bit(Capability::SysAdmin), NETWORK), []);
        let hint = how_to_get(&[Capability::Bpf, Capability::Perfmon]);
        assert!(hint.starts_with("CAP_BPF and CAP_PERFMON are missing: run as root or with `setcap cap_bpf,cap_perfmon+ep /"), "{hint}");
    }

    #[test]
    fn policies_are_read() {
        assert_eq!(lockdown("none [integrity] confidentiality\n"), Some("integrity"));
        assert_eq!(lockdown("[none] integrity confidentiality\n"), None);
        assert_eq!(lockdown(""), None);
        assert!(!in_user_namespace("         0          0 4294967295\n"));
        assert!(in_user_namespace("         0       1000          1\n"));
        assert!(seccomp_filter("Name:\tx\nSeccomp:\t2\n"));
        assert!(!seccomp_filter("Name:\tx\nSeccomp:\t0\n"));
    }
}
