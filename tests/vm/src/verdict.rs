//! Judges what a job reported. The rule: a test is skipped only for a feature that is newer than the kernel.

use crate::kernels::Version;
use crate::libtest::{self, Status};

/// Features that Debian's configuration leaves out of a kernel that could have them, by the option that brings
/// them. Looked up in the configuration of the kernel that runs, so that no entry covers more than it should.
const COMPILED_OUT: &[(&str, &str)] = &[
    ("BTF of modules", "CONFIG_DEBUG_INFO_BTF_MODULES"),
    ("HID-BPF", "CONFIG_HID_BPF"),
    ("LIRC mode 2", "CONFIG_BPF_LIRC_MODE2"),
    ("bpf_override_return", "CONFIG_BPF_KPROBE_OVERRIDE"),
    // The list of functions that fmod_ret may change up to 6.2, besides LSM hooks.
    ("error injection", "CONFIG_FUNCTION_ERROR_INJECTION"),
    // Multi-kprobes hang on fprobe, which Debian's 6.1 does not have.
    ("kprobe.multi", "CONFIG_FPROBE"),
    ("netkit", "CONFIG_NETKIT"),
    ("qdisc in BPF", "CONFIG_NET_SCH_BPF"),
    ("sched_ext", "CONFIG_SCHED_CLASS_EXT"),
];

/// A cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// With the reason.
    Failed(String),
    /// With the reason; the kernel is too old for the feature.
    Skipped(String),
}

/// The kernel that a job ran on.
pub(crate) struct Ground<'a> {
    pub(crate) version: Version,
    /// The kernel's configuration.
    pub(crate) config: &'a str,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit status.
    Exit(i32),
    /// Stopped by the runner, or taken down with the kernel.
    Cut(String),
}

/// Judges one job: a row for each test, one for the job where it is no test binary.
pub(crate) fn judge(
    job: &str,
    output: &str,
    end: &End,
    ground: &Ground<'_>,
) -> Vec<(String, Verdict)> {
    let report = libtest::parse(output);
    let of_row = |(name, status): &(String, Status)| {
        (name.clone(), of_test(status, report.message(name), end, ground))
    };
    let mut rows: Vec<_> = report.tests.iter().map(of_row).collect();
    let failed = rows.iter().any(|(_, verdict)| matches!(verdict, Verdict::Failed(_)));
    let whole = match (end, report.announced) {
        (End::Cut(why), _) if !failed => Verdict::Failed(why.clone()),
        (End::Exit(0), Some(count)) if count != rows.len() => {
            Verdict::Failed(format!("{count} tests announced, {} reported", rows.len()))
        }
        (End::Exit(0), None) => Verdict::Passed,
        (End::Exit(status), _) if *status != 0 && !failed => {
            Verdict::Failed(format!("exit status {status}"))
        }
        _ => return rows,
    };
    rows.push((job.to_owned(), whole));
    rows
}

fn of_test(status: &Status, message: Option<&str>, end: &End, ground: &Ground<'_>) -> Verdict {
    match status {
        Status::Passed => Verdict::Passed,
        Status::Failed => Verdict::Failed(message.unwrap_or("failed").to_owned()),
        Status::Unfinished => Verdict::Failed(match end {
            End::Exit(status) => format!("the binary ended within it, exit status {status}"),
            End::Cut(why) => why.clone(),
        }),
        Status::Ignored(None) => Verdict::Failed("skipped without a reason".into()),
        Status::Ignored(Some(reason)) => of_skip(reason, ground),
    }
}

fn of_skip(reason: &str, ground: &Ground<'_>) -> Verdict {
    // The guest has no tools, and what they show does not depend on the kernel: the machine's own run has them.
    if reason.starts_with("needs the tool ") {
        return Verdict::Skipped(reason.to_owned());
    }
    let Some((feature, since)) = parse_need(reason) else {
        return Verdict::Failed(format!(
            "skipped for \"{reason}\", which is not of the form \"needs FEATURE (Linux X.Y)\""
        ));
    };
    if ground.version < since || is_compiled_out(feature, ground.config) {
        return Verdict::Skipped(reason.to_owned());
    }
    Verdict::Failed(format!("skipped, but Linux {} has {feature}: {reason}", ground.version))
}

/// `needs FEATURE (Linux X.Y)`
fn parse_need(reason: &str) -> Option<(&str, Version)> {
    let (feature, version) = reason.strip_prefix("needs ")?.rsplit_once(" (Linux ")?;
    let version = version.strip_suffix(')')?;
    let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let version = Version::parse(version).filter(|_| plain)?;
    (!feature.is_empty()).then_some((feature, version))
}

fn is_compiled_out(feature: &str, config: &str) -> bool {
    let option = COMPILED_OUT.iter().find(|(name, _)| name.eq_ignore_ascii_case(feature));
    option.is_some_and(|(_, option)| {
        let value = config.lines().find_map(|line| line.strip_prefix(option)?.strip_prefix('='));
        !matches!(value, Some("y" | "m"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "CONFIG_BPF=y\n# CONFIG_SCHED_CLASS_EXT is not set\nCONFIG_NETKIT=y\n\
        CONFIG_HID_BPF_X=y\n";
    const GROUND: Ground<'_> = Ground { version: Version(6, 12), config: CONFIG };

    #[test]
    fn needs_are_read() {
        assert_eq!(parse_need("needs TCX (Linux 6.6)"), Some(("TCX", Version(6, 6))));
        assert_eq!(parse_need("needs a (b) c (Linux 5.10)"), Some(("a (b) c", Version(5, 10))));
        for reason in [
            "needs root",
            "TCX (Linux 6.6)",
            "needs TCX (Linux 6)",
            "needs TCX (Linux 6.6",
            "needs TCX (Linux 6.6-rc1)",
            "needs  (Linux 6.6)",
            "",
        ] {
            assert_eq!(parse_need(reason), None, "{reason}");
        }
    }

    #[test]
    fn a_skip_holds_only_for_a_newer_feature() {
        let skip = |reason| of_skip(reason, &GROUND);
        let failed = |verdict| matches!(verdict, Verdict::Failed(_));
        assert_eq!(skip("needs x (Linux 6.13)"), Verdict::Skipped("needs x (Linux 6.13)".into()));
        assert_eq!(skip("needs x (Linux 7.0)"), Verdict::Skipped("needs x (Linux 7.0)".into()));
        assert!(failed(skip("needs x (Linux 6.12)")), "the kernel is as new as the feature");
        assert!(failed(skip("needs x (Linux 6.9)")), "the kernel is newer");
        assert!(failed(skip("needs root")));
        assert!(matches!(skip("needs the tool strace"), Verdict::Skipped(_)));
    }

    #[test]
    fn what_the_configuration_leaves_out_may_be_skipped() {
        let skipped = |reason| matches!(of_skip(reason, &GROUND), Verdict::Skipped(_));
        assert!(skipped("needs sched_ext (Linux 6.12)"));
        assert!(skipped("needs hid-bpf (Linux 6.3)"), "another option's name is only longer");
        assert!(!skipped("needs netkit (Linux 6.7)"), "this kernel has it");
    }

    #[test]
    fn a_job_is_judged_by_its_tests_and_its_end() {
        let rows = |output, end| judge("job", output, &end, &GROUND);
        let ok = "running 1 test\ntest a ... ok\n";
        assert_eq!(rows(ok, End::Exit(0)), [("a".to_owned(), Verdict::Passed)]);
        let names = |rows: Vec<(String, Verdict)>| -> Vec<String> {
            let failed = rows.into_iter().filter(|(_, v)| matches!(v, Verdict::Failed(_)));
            failed.map(|(name, _)| name).collect()
        };
        assert_eq!(names(rows(ok, End::Exit(3))), ["job"], "all passed, yet a bad status");
        assert_eq!(names(rows(ok, End::Cut("hung".into()))), ["job"]);
        let half = "running 2 tests\ntest a ... ok\n";
        assert_eq!(names(rows(half, End::Exit(0))), ["job"], "one test never reported");
        let hung = "running 2 tests\ntest a ... ok\ntest b ... ";
        assert_eq!(names(rows(hung, End::Cut("hung".into()))), ["b"]);
        assert_eq!(names(rows(hung, End::Exit(139))), ["b"]);
    }

    #[test]
    fn a_plain_program_is_judged_by_its_status() {
        let row = |end| judge("uname", "Linux\n", &end, &GROUND).pop().unwrap().1;
        assert_eq!(row(End::Exit(0)), Verdict::Passed);
        assert_eq!(row(End::Exit(1)), Verdict::Failed("exit status 1".into()));
        assert_eq!(row(End::Cut("hung".into())), Verdict::Failed("hung".into()));
    }
}
