//! Holds the feature tables to the kernels: what a kernel should have by its release is there, and nothing else.

use bpf_skel::feature::Feature;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::{MapType, Release};
use bpf_skel::{ErrorKind, Map};
use bpf_skel_tests::kernel::{config, counting, kernel_is};

bpf_skel_tests::kernel::tests![as_the_table_says, an_error_names_the_feature];

fn as_the_table_says() {
    // A host may refuse to answer, by a policy of its own; the kernels of the matrix may not.
    let must_answer = std::env::var_os("BPF_SKEL_VM").is_some();
    let mut wrong = Vec::new();
    for feature in Feature::all() {
        let since = feature.since().expect("the table has all of them");
        let due = kernel_is(since.major, since.minor);
        let note = match feature.is_present() {
            Some(present) if present == due => continue,
            Some(true) => "is there already",
            Some(false) if is_built_without(feature) => continue,
            Some(false) => "is not there",
            None if must_answer => "cannot be told",
            None => continue,
        };
        wrong.push(format!("{feature}, since {since}, {note}"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// By the configuration; where that is not known, an option is reason enough.
fn is_built_without(feature: Feature) -> bool {
    let Some(option) = feature.option() else { return false };
    config().is_none_or(|config| {
        !config.lines().any(|line| {
            line.strip_prefix(option).is_some_and(|value| value == "=y" || value == "=m")
        })
    })
}

/// Programs and maps that are newer than some kernel: each loads, or says what it lacks.
fn an_error_names_the_feature() {
    let programs = [
        ("netfilter", "program type netfilter", Release::new(6, 4)),
        ("syscall", "program type syscall", Release::new(5, 14)),
        ("xdp.frags", "XDP fragments", Release::new(5, 18)),
        ("uprobe.s", "sleepable programs of type kprobe", Release::new(6, 0)),
        ("cgroup/connect_unix", "attach type cgroup_unix_connect", Release::new(6, 7)),
    ];
    for (section, name, since) in programs {
        check(name, since, counting(section, 1).map(drop));
    }
    let mut bloom = MapSpec::new("bloom", MapType::BLOOM_FILTER, 0, 4, 1);
    bloom.extra = 3;
    let arena = MapSpec { flags: 1 << 10, ..MapSpec::new("arena", MapType::ARENA, 0, 0, 1) };
    for (spec, name, since) in [
        (bloom, "map type bloom_filter", Release::new(5, 16)),
        (arena, "map type arena", Release::new(6, 9)),
    ] {
        check(name, since, Map::from_spec(&spec, None).map(drop));
    }
}

fn check(name: &str, since: Release, result: bpf_skel::Result<()>) {
    let has = kernel_is(since.major, since.minor);
    match result {
        Ok(()) => assert!(has, "{name} is not to be had before {since}"),
        Err(error) => {
            assert!(!has, "{name}: {}", error.report());
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{name}: {error}");
            let text = error.to_string();
            let expected = format!("needs {name}, Linux {since}; this kernel is ");
            assert!(text.contains(&expected), "{text}");
        }
    }
}
