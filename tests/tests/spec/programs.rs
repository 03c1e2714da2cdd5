//! Programs: their sections, and what `.BTF.ext` says of them.

use bpf_skel::btf::{Btf, BtfKind, Kind};
use bpf_skel::section_name::AttachKind;
use bpf_skel::spec::{CoreKind, CorePath, CoreRelocation, CoreStep, Endian, RelocationTarget};
use bpf_skel::uapi::{AttachType, ProgramType, flags};
use bpf_skel_tests::fixtures::spec;

#[test]
fn several_in_a_section_by_offset() {
    let spec = spec("programs");
    let programs: Vec<_> =
        spec.programs.iter().map(|p| (&*p.name, &*p.section, p.autoload, p.insn_count())).collect();
    assert_eq!(
        programs,
        [
            ("pass", "xdp", true, 2),
            ("drop", "xdp", true, 2),
            ("by_length", "xdp", true, 7),
            ("on_switch", "?raw_tp/sched_switch", false, 2),
            ("no_type", "something/else", true, 2),
        ]
    );
    let on_switch = &spec.programs[3];
    assert_eq!(on_switch.attach, AttachKind::RawTracepoint);
    assert_eq!(on_switch.target.as_deref(), Some("sched_switch"));
    let no_type = &spec.programs[4];
    assert_eq!((no_type.program_type, no_type.attach), (ProgramType::UNSPEC, AttachKind::None));
}

#[test]
fn sections_say_type_target_and_flags() {
    let spec = spec("sections");
    let of = |name: &str| {
        let program = &spec.programs[spec.program_index(name).expect(name)];
        (program.program_type, program.attach_type, program.target.as_deref(), program.flags)
    };
    let none = AttachType(0);
    assert_eq!(of("on_tp"), (ProgramType::TRACEPOINT, none, Some("sched/sched_switch"), 0));
    assert_eq!(
        of("on_fentry_sleepable"),
        (
            ProgramType::TRACING,
            AttachType::TRACE_FENTRY,
            Some("bpf_fentry_test1"),
            flags::SLEEPABLE
        )
    );
    assert_eq!(of("on_uprobe"), (ProgramType::KPROBE, none, Some("/proc/self/exe:main"), 0));
    assert_eq!(of("on_xdp_frags"), (ProgramType::XDP, AttachType::XDP, None, flags::XDP_HAS_FRAGS));
    assert_eq!(of("on_tc"), (ProgramType::SCHED_CLS, none, None, 0));
    assert_eq!(of("on_action"), (ProgramType::SCHED_ACT, none, None, 0));
    assert_eq!(of("on_syscall"), (ProgramType::SYSCALL, none, None, flags::SLEEPABLE));
    assert!(spec.programs.iter().all(|p| p.program_type != ProgramType::UNSPEC && p.autoload));
}

#[test]
fn function_and_line_information_belong_to_the_code() {
    for (name, endian) in [("subprogs", Endian::Little), ("callbacks", Endian::Little)] {
        let spec = spec(name);
        let btf = Btf::parse(&spec.btf, endian).unwrap();
        let word = |bytes: &[u8], n: usize| {
            endian.u32(bytes[4 * n..4 * n + 4].try_into().expect("four bytes"))
        };
        for program in spec.programs.iter() {
            let funcs: Vec<_> =
                program.func_info.chunks(8).map(|r| (word(r, 0), word(r, 1))).collect();
            assert_eq!(funcs[0].0, 0, "{}", program.name);
            assert!(funcs.is_sorted_by_key(|f| f.0), "{}", program.name);
            let first = btf.type_by_id(funcs[0].1).unwrap();
            assert!(matches!(first.kind, Kind::Func { .. }) && first.name == program.name);
            // Each function has a line at its first instruction, as the kernel demands.
            let lines: Vec<_> = program.line_info.chunks(16).map(|r| word(r, 0)).collect();
            for (start, _) in &funcs {
                assert!(lines.contains(start), "{}: no line at {start}", program.name);
            }
            assert!(lines.is_sorted(), "{}", program.name);
            assert!(lines.iter().all(|at| (*at as usize) < program.insn_count()));
        }
    }
}

#[test]
fn core_relocations_follow_their_instructions() {
    let spec = spec("core");
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let program = &spec.programs[0];
    let access = |r: &CoreRelocation| spec.core.accesses[r.access as usize];
    let kinds: Vec<_> = program.core_relocations.iter().map(|r| access(r).kind).collect();
    use CoreKind::*;
    let wanted = [
        FieldByteOffset,
        FieldByteSize,
        FieldExists,
        FieldSigned,
        FieldLshiftU64,
        FieldRshiftU64,
        TypeIdLocal,
        TypeIdTarget,
        TypeExists,
        TypeSize,
        TypeMatches,
        EnumvalExists,
        EnumvalValue,
    ];
    for kind in wanted {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    assert!(program.core_relocations.is_sorted_by_key(|r| r.insn));
    // The last is in the subprogram, which is behind the program's own code.
    let last = program.core_relocations.last().unwrap();
    let second_function = u32::from_le_bytes(program.func_info[8..12].try_into().unwrap());
    assert!(last.insn >= second_function);
    let root = &spec.core.roots[access(last).root as usize];
    assert_eq!((root.kind, &*root.name, &*root.flavour), (BtfKind::Struct, "task_struct", ""));
    assert_eq!(btf.type_by_id(root.type_id).unwrap().name, "task_struct");
    let CorePath::Field { first, len } = access(last).path else { panic!("no field") };
    let steps = &spec.core.steps[first as usize..][..len as usize];
    let [CoreStep::Index(0), CoreStep::Member { name: tasks, .. }, CoreStep::Member { name, .. }] =
        *steps
    else {
        panic!("{steps:?}");
    };
    assert_eq!((btf.string(tasks), btf.string(name)), (Some("tasks"), Some("next")));
    assert_eq!(access(last).original.value, 32);
}

#[test]
fn without_btf_there_is_code_only() {
    let spec = spec("no_btf");
    assert!(spec.btf.is_empty());
    let program = &spec.programs[0];
    assert!(program.func_info.is_empty() && program.line_info.is_empty());
    let targets: Vec<_> = program.relocations.iter().map(|r| r.target).collect();
    let value = |map, offset| RelocationTarget::MapValue { map, offset };
    assert_eq!(targets, [value(0, 0), value(1, 0), value(1, 8)]);
}
