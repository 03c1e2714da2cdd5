use std::fmt::Display;
use std::sync::OnceLock;

use bpf_skel::feature::Feature;
use bpf_skel::kernel_btf::{KernelBtf, Wanted};
use bpf_skel::link::TcxDirection;
use bpf_skel::program::kind;
use bpf_skel::uapi::{AttachType, InsnSet, MapType, ProgramType};
use bpf_skel::{Error, ErrorKind};

use super::counting;

/// Something of the kernel that a test cannot do without.
pub struct Need {
    probe: fn() -> Result<(), String>,
    cell: OnceLock<Option<String>>,
}

impl Need {
    const fn new(probe: fn() -> Result<(), String>) -> Self {
        Self { probe, cell: OnceLock::new() }
    }

    /// Why it is not there, if it is not. Found out once.
    pub(super) fn missing(&'static self) -> Option<String> {
        self.cell.get_or_init(|| (self.probe)().err()).clone()
    }
}

/// Whether the process may do everything.
pub fn is_root() -> bool {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Whether the running kernel is this one or newer.
pub fn kernel_is(major: u32, minor: u32) -> bool {
    release().is_ok_and(|[a, b, _]| (a, b) >= (major, minor))
}

/// `6.12.117+deb13-cloud-amd64` is 6, 12 and 117.
fn release() -> Result<[u32; 3], String> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc is mounted");
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse().ok());
    match [numbers.next(), numbers.next(), numbers.next()] {
        [Some(major), Some(minor), patch] => Ok([major, minor, patch.unwrap_or(0)]),
        _ => Err(format!("a release without numbers: {release}")),
    }
}

/// The newest release of each stable kernel that the dates of features were held to.
const HELD_TO: [[u32; 3]; 5] = [[5, 10, 223], [6, 1, 176], [6, 12, 117], [6, 18, 44], [7, 2, 13]];

/// What stable releases got from later ones, and since when.
const CARRIED_BACK: [(&str, [u32; 3]); 1] = [("an order of a cgroup's programs", [6, 12, 117])];

/// Whether the running kernel has or has not what came with a release of Linux, as it should.
///
/// # Errors
///
/// What is wrong, in words. Being there too early is wrong only on releases that the dates were held to: stable releases
/// and distributions carry features back, which is said on standard error.
pub fn dated(what: impl Display, since: (u32, u32), there: bool) -> Result<(), String> {
    if let Some(early) = judge(release()?, &what.to_string(), since, there)? {
        eprintln!("{early}: carried back to this kernel");
    }
    Ok(())
}

/// What to say of what is right all the same.
fn judge(
    running: [u32; 3],
    what: &str,
    since: (u32, u32),
    there: bool,
) -> Result<Option<String>, String> {
    if there == ((running[0], running[1]) >= since) {
        return Ok(None);
    }
    let (major, minor) = since;
    if !there {
        return Err(format!("{what}, since {major}.{minor}, is not there"));
    }
    let same_line = |release: &[u32; 3]| release[..2] == running[..2];
    let known =
        |(name, from): &(&str, [u32; 3])| *name == what && same_line(from) && *from <= running;
    if CARRIED_BACK.iter().any(known) {
        return Ok(None);
    }
    let early = format!("{what}, since {major}.{minor}, is there already");
    match HELD_TO.iter().any(|held| same_line(held) && running <= *held) {
        true => Err(early),
        false => Ok(Some(early)),
    }
}

/// The running kernel's configuration, where the machine has it.
pub fn config() -> Option<String> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc is mounted");
    std::fs::read_to_string(format!("/boot/config-{}", release.trim())).ok()
}

macro_rules! needs {
    ($( $(#[$meta:meta])* $name:ident: $probe:expr; )*) => {
        /// What tests need.
        pub mod needs {
            use super::*;
            $(
                $(#[$meta])*
                pub static $name: &Need = {
                    static NEED: Need = Need::new($probe);
                    &NEED
                };
            )*
        }
    };
}

needs! {
    /// Trampolines: fentry and fexit.
    FENTRY: || loads("fentry/bpf_fentry_test1");
    /// Programs that change a function's result.
    FMOD_RET: || loads("fmod_ret/security_file_open");
    /// LSM programs.
    LSM: || loads("lsm/file_open");
    /// BPF links of perf events, and their cookies.
    PERF_LINK: || since("perf links", 5, 15);
    /// kprobes.
    KPROBE: || present(Feature::KprobeEvents, "kprobes", 4, 17);
    /// The list of functions that take no kprobes.
    KPROBE_BLACKLIST: || match std::path::Path::new("/sys/kernel/debug/kprobes/blacklist").exists() {
        true => Ok(()),
        false => Err("debugfs is not mounted".into()),
    };
    /// Probes in many functions of the kernel.
    KPROBE_MULTI: || {
        present(Feature::AttachType(AttachType::TRACE_KPROBE_MULTI), "kprobe.multi", 5, 18)
    };
    /// Those of entry and return.
    KPROBE_SESSION: || {
        present(Feature::AttachType(AttachType::TRACE_KPROBE_SESSION), "kprobe.session", 6, 10)
    };
    /// Trampolines in many functions of the kernel.
    TRACING_MULTI: || {
        present(Feature::AttachType(AttachType::TRACE_FENTRY_MULTI), "fentry.multi", 7, 2)
    };
    /// Jumps through a table.
    INDIRECT_JUMPS: || {
        present(Feature::Insns(InsnSet::IndirectJumps), "indirect jumps", 6, 19)
    };
    /// uprobes.
    UPROBE: || present(Feature::UprobeEvents, "uprobes", 4, 17);
    /// Sleepable uprobes.
    SLEEPABLE_UPROBE: || since("sleepable uprobes", 6, 0);
    /// Probes in many functions of a file.
    UPROBE_MULTI: || {
        present(Feature::AttachType(AttachType::TRACE_UPROBE_MULTI), "uprobe.multi", 6, 6)
    };
    /// Those of entry and return.
    UPROBE_SESSION: || {
        present(Feature::AttachType(AttachType::TRACE_UPROBE_SESSION), "uprobe.session", 6, 13)
    };
    /// netkit devices.
    NETKIT: || match crate::kernel::Veth::netkit("need") {
        Ok(_) => Ok(()),
        Err(_) => Err("needs netkit (Linux 6.7)".into()),
    };
    /// netfilter programs.
    NETFILTER: || {
        present(Feature::ProgramType(ProgramType::NETFILTER), "netfilter programs", 6, 4)
    };
    /// Operations for the kernel.
    STRUCT_OPS: || present(Feature::MapType(MapType::STRUCT_OPS), "struct_ops maps", 5, 6);
    /// Those with a link.
    STRUCT_OPS_LINK: || {
        present(Feature::AttachType(AttachType::STRUCT_OPS), "links of struct_ops maps", 6, 4)
    };
    /// Filters of the qdisc clsact.
    CLSACT: || {
        let program = counting("tc", 0).unwrap_or_else(|error| panic!("{}", error.report()));
        match program.kind::<kind::Tc>().attach_filter("lo", TcxDirection::Egress, Default::default()) {
            Err(error) if error.kind() == ErrorKind::NotSupportedByKernel => {
                Err("this kernel has no clsact, or no classifiers in BPF".into())
            }
            _ => Ok(()),
        }
    };
    /// Parsers of streams.
    STREAM_PARSER: || match config() {
        Some(config) if !config.contains("CONFIG_BPF_STREAM_PARSER=y") => {
            Err("this kernel was built without CONFIG_BPF_STREAM_PARSER".into())
        }
        _ => Ok(()),
    };
    /// Stream verdicts that pass. Linux 6.9 and the stable releases of its days (kernel commit 6648e613226e) deadlock
    /// there: `sk_psock_strp_data_ready` holds `sk_callback_lock` for writing while what is passed takes it for reading.
    /// 8ca2a1eeadf0 mended it in 6.13 and in later stable releases. Debian's 5.10 is between the two.
    STREAM_PASS: || since("stream verdicts that pass without a deadlock", 5, 15);
    /// Iterators over the elements of a map, which some kernels refuse by a policy, as they do trampolines.
    ITER_MAP_ELEM: || loads("iter/bpf_map_elem");
    /// Iterators over cgroups.
    ITER_SCOPE: || since("iterators over cgroups", 6, 1);
    /// Maps of type arena.
    ARENA: || since("map type arena", 6, 9);
    /// BPF tokens.
    TOKEN: || since("BPF tokens", 6, 9);
    /// TCX.
    TCX: || since("TCX", 6, 6);
    /// Test runs of XDP with a context.
    XDP_CTX: || since("test runs of XDP with a context", 5, 15);
    /// Syscall programs.
    SYSCALL: || since("syscall programs", 5, 14);
    /// Ring buffers that programs read.
    USER_RINGBUF: || since("ring buffers from user space", 6, 1);
    /// `bpf_loop`.
    LOOP: || since("bpf_loop", 5, 17);
    /// Exceptions.
    THROW: || since("exceptions", 6, 7);
    /// Taking an element out of a hash.
    HASH_TAKE: || since("BPF_MAP_LOOKUP_AND_DELETE_ELEM of hashes", 5, 14);
    /// Bloom filters.
    BLOOM_FILTER: || since("bloom filters", 5, 16);
    /// Storage of tasks, in programs that trace.
    TASK_STORAGE: || since("storage of tasks in tracing programs", 5, 12);
    /// Storage of cgroups.
    CGRP_STORAGE: || since("map type cgrp_storage", 6, 2);
    /// The verifier's count of instructions.
    VERIFIED_INSNS: || since("verified_insns", 5, 16);
    /// Per-CPU variables among the kernel's types. Linux 5.10 can have them; Debian's was built with a pahole that
    /// leaves them out.
    PERCPU_TYPES: || since("types of per-CPU variables", 5, 11);
    /// Addresses of per-CPU variables by their types.
    PERCPU_KSYM: || {
        since("types of per-CPU variables", 5, 11)?;
        let symbols = std::fs::read_to_string("/proc/kallsyms").map_err(|e| e.to_string())?;
        match symbols.lines().any(|line| line.ends_with(" runqueues")) {
            true => Ok(()),
            false => Err("this kernel was built without CONFIG_KALLSYMS_ALL".into()),
        }
    };
    /// The per-CPU variable of x_tables, by its type.
    XT_RECSEQ: || {
        since("variables of modules", 5, 12)?;
        let symbols = std::fs::read_to_string("/proc/kallsyms").map_err(|e| e.to_string())?;
        match symbols.lines().any(|line| line.split_whitespace().nth(2) == Some("xt_recseq")) {
            true => Ok(()),
            false => Err("this kernel has no x_tables, or has not loaded it".into()),
        }
    };
    /// Kernel functions that hold tasks.
    KFUNC_OF_TASKS: || since("kernel functions that hold tasks", 6, 2);
    /// Kernel functions of nf_conntrack.
    CONNTRACK_KFUNCS: || {
        since("kernel functions of nf_conntrack", 5, 18)?;
        let kernel = KernelBtf::shared().map_err(|error| error.to_string())?;
        match kernel.find_one(Wanted::function("bpf_xdp_ct_lookup")) {
            Ok(Some(_)) => Ok(()),
            _ => Err("this kernel has no nf_conntrack, or has not loaded it".into()),
        }
    };
    /// Files of tracefs.
    TRACEFS: || match std::path::Path::new("/sys/kernel/tracing/events/sched").exists() {
        true => Ok(()),
        false => Err("this kernel has no tracefs, or it cannot be mounted".into()),
    };
}

/// The wording is what the kernel matrix reads.
fn since(feature: &str, major: u32, minor: u32) -> Result<(), String> {
    if kernel_is(major, minor) {
        Ok(())
    } else {
        Err(format!("needs {feature} (Linux {major}.{minor})"))
    }
}

/// A feature that kernels can be built without. The kernel matrix knows which of its kernels are.
fn present(feature: Feature, name: &str, major: u32, minor: u32) -> Result<(), String> {
    match feature.is_present() {
        Some(true) => Ok(()),
        _ => Err(format!("needs {name} (Linux {major}.{minor})")),
    }
}

/// Whether the kernel takes a program of this section. A refusal by policy is a reason not to test; anything else would
/// be our own mistake, and must not pass for one.
fn loads(section: &'static str) -> Result<(), String> {
    match counting(section, 0) {
        Ok(_) => Ok(()),
        Err(error) if refused(&error) => {
            Err(format!("the kernel refuses {section} programs: {}", error.message()))
        }
        Err(error) => panic!("{}", error.report()),
    }
}

fn refused(error: &Error) -> bool {
    let unsupported = error.kind() == ErrorKind::NotSupportedByKernel;
    let silent = error.verifier_log().is_none_or(str::is_empty);
    unsupported || (error.raw_os_error() == Some(libc::EPERM) && silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_held_to_what_was_looked_at() {
        let order = CARRIED_BACK[0].0;
        for (running, what, there, expected) in [
            ([6, 17, 0], order, true, Ok(false)),
            ([6, 17, 0], order, false, Err(())),
            ([6, 12, 117], order, true, Ok(false)),
            ([6, 12, 107], order, true, Err(())),
            ([6, 12, 117], order, false, Ok(false)),
            ([6, 12, 117], "something", true, Err(())),
            ([6, 12, 118], "something", true, Ok(true)),
            ([6, 1, 176], order, true, Err(())),
            // No kernel of the matrix, such as a distribution's.
            ([5, 14, 0], "something", true, Ok(true)),
            ([5, 14, 0], "something", false, Ok(false)),
        ] {
            let judged = judge(running, what, (6, 17), there);
            let judged = judged.map(|said| said.is_some()).map_err(|_| ());
            assert_eq!(judged, expected, "{what} on {running:?}, there: {there}");
        }
    }
}
