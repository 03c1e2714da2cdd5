//! Holds the feature tables to the kernels: what a kernel should have by its release is there, and nothing else.

use bpf_skel::btf::{BtfKind, Kind};
use bpf_skel::feature::Feature;
use bpf_skel::insn::{CALL, EXIT, Insn, MOV64_IMM};
use bpf_skel::kernel_btf::{KernelBtf, Wanted};
use bpf_skel::spec::{MapSpec, ObjectSpec};
use bpf_skel::uapi::{Helper, LinkType, MapType, ProgramFlag, Release, flags};
use bpf_skel::{ErrorKind, Map, OpenObject};
use bpf_skel_tests::kernel::{config, counting, dated, spec};

bpf_skel_tests::kernel::tests![
    as_the_table_says,
    types_of_links,
    an_error_names_the_feature,
    an_error_names_the_instruction,
    a_helper_of_other_programs
];

fn as_the_table_says() {
    // A host may refuse to answer, by a policy of its own; the kernels of the matrix may not.
    let must_answer = std::env::var_os("BPF_SKEL_VM").is_some();
    let mut wrong = Vec::new();
    // Held, so that it is read once.
    let _types = KernelBtf::shared().expect("the kernel shows its types");
    for feature in Feature::all() {
        let since = feature.since().expect("the table has all of them");
        let as_dated = match feature.is_present() {
            Some(false) if is_built_without(feature) => Ok(()),
            Some(present) => dated(feature, (since.major, since.minor), present),
            None if must_answer => Err(format!("{feature}, since {since}, cannot be told")),
            None => Ok(()),
        };
        wrong.extend(as_dated.err());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// By the names in the kernel's own enumeration.
fn types_of_links() {
    let kernel = KernelBtf::shared().expect("the kernel shows its types");
    let found = kernel.find_one(Wanted::exact("bpf_link_type", BtfKind::Enum)).unwrap().unwrap();
    let types = kernel.btf().unwrap();
    let Kind::Enum(values) = types.type_by_id(found.id).unwrap().kind else {
        panic!("an enumeration")
    };
    let names: Vec<&str> = values.values().map(|(name, _)| name).collect();
    for one in LinkType::KNOWN.iter().filter(|one| **one != LinkType::UNSPEC) {
        // Its number came with the trampolines of 5.19, links of it later.
        let since = match *one {
            LinkType::STRUCT_OPS => Release::new(5, 19),
            _ => one.since().unwrap(),
        };
        let there = names.contains(&one.c_name().unwrap());
        dated(format_args!("links of {one}"), (since.major, since.minor), there).unwrap();
    }
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
        ("iter/task_vma", "iterators through task_vma", Release::new(5, 12)),
        ("iter/kmem_cache", "iterators through kmem_cache", Release::new(6, 13)),
    ];
    for (section, name, since) in programs {
        check(name, since, counting(section, 1).map(drop));
    }
    let mut bloom = MapSpec::new("bloom", MapType::BLOOM_FILTER, 0, 4, 1);
    bloom.extra = 3;
    let arena = MapSpec { flags: 1 << 10, ..MapSpec::new("arena", MapType::ARENA, 0, 0, 1) };
    let newest = MapSpec {
        flags: flags::RB_OVERWRITE,
        ..MapSpec::new("newest", MapType::RINGBUF, 0, 0, 65536)
    };
    for (spec, name, since) in [
        (bloom, "map type bloom_filter", Release::new(5, 16)),
        (arena, "map type arena", Release::new(6, 9)),
        (newest, "map flag BPF_F_RB_OVERWRITE", Release::new(6, 19)),
    ] {
        check(name, since, Map::from_spec(&spec, None).map(drop));
        let mut object = object(&[RETURN_0, END]);
        object.maps.to_mut().push(spec);
        check(name, since, OpenObject::new(object).load().map(drop));
    }
    let mut strict = object(&[RETURN_0, END]);
    strict.programs.to_mut()[0].flags = ProgramFlag::TEST_REG_INVARIANTS.0;
    let name = "program flag BPF_F_TEST_REG_INVARIANTS";
    check(name, Release::new(6, 8), OpenObject::new(strict).load().map(drop));
}

const RETURN_0: Insn = Insn::new(MOV64_IMM, 0, 0, 0, 0);
const END: Insn = Insn::new(EXIT, 0, 0, 0, 0);

/// A socket filter.
fn object(insns: &[Insn]) -> ObjectSpec {
    spec("socket", insns)
}

/// Helpers and instructions, of which the verifier of an older kernel says only that it does not know them.
fn an_error_names_the_instruction() {
    let call = |helper: Helper| Insn::new(CALL, 0, 0, 0, helper.0.cast_signed());
    // *(u64 *)(r10 - 8) = 0
    let clear = Insn::new(0x7a, 10, 0, -8, 0);
    for (insns, name, since) in [
        (vec![call(Helper::KTIME_GET_COARSE_NS)], "helper bpf_ktime_get_coarse_ns", (5, 11)),
        (vec![call(Helper::KTIME_GET_TAI_NS)], "helper bpf_ktime_get_tai_ns", (6, 1)),
        // r0 = (s8)r0
        (vec![RETURN_0, Insn::new(0xbf, 0, 0, 8, 0)], "instructions of -mcpu=v4", (6, 6)),
        // r0 = *(s8 *)(r10 - 8)
        (vec![clear, Insn::new(0x91, 0, 10, -8, 0)], "instructions of -mcpu=v4", (6, 6)),
        // r0 = atomic_fetch_add((u64 *)(r10 - 8), r0)
        (
            vec![RETURN_0, clear, Insn::new(0xdb, 10, 0, -8, 1)],
            "atomic fetch, exchange and bit instructions",
            (5, 12),
        ),
        (vec![RETURN_0, Insn::new(0xe5, 0, 0, 1, 0), RETURN_0], "may_goto", (6, 9)),
        // r0 = load_acquire((u64 *)(r10 - 8))
        (vec![clear, Insn::new(0xdb, 0, 10, -8, 0x100)], "load-acquire and store-release", (6, 15)),
    ] {
        let insns = [insns, vec![RETURN_0, END]].concat();
        let result = OpenObject::new(object(&insns)).load();
        let log = result.as_ref().err().map(|error| error.verifier_log().is_some());
        check(name, Release::new(since.0, since.1), result.map(drop));
        assert_ne!(log, Some(false), "{name}: the verifier's words are there, too");
    }
}

/// A helper that the kernel has, but that is no help here.
fn a_helper_of_other_programs() {
    let call = Insn::new(CALL, 0, 0, 0, Helper::XDP_ADJUST_HEAD.0.cast_signed());
    let error = OpenObject::new(object(&[call, RETURN_0, END])).load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let expected = "has bpf_xdp_adjust_head(), but not for programs of type socket_filter";
    assert!(error.to_string().contains(expected), "{error}");
}

fn check(name: &str, since: Release, result: bpf_skel::Result<()>) {
    let why = result.as_ref().err().map_or_else(String::new, |error| error.report().to_string());
    dated(name, (since.major, since.minor), result.is_ok())
        .unwrap_or_else(|wrong| panic!("{wrong}: {why}"));
    if let Err(error) = result {
        assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel, "{name}: {error}");
        let text = error.to_string();
        let expected = format!("needs {name}, Linux {since}; this kernel is ");
        assert!(text.contains(&expected), "{text}");
    }
}
