//! What the kernel and the loader define: options of the configuration, variables and functions of the kernel.

use bpf_skel::insn::{CALL, PSEUDO_BTF_ID, PSEUDO_KFUNC_CALL};
use bpf_skel::spec::{ExternKind, ExternSpec, ObjectSpec, RelocationTarget};
use bpf_skel::{Error, ErrorKind, OpenObject};
use bpf_skel_tests::kernel::Outcome;
use bpf_skel_tests::kernel::needs::{KFUNC_OF_TASKS, PERCPU_KSYM, PERCPU_TYPES};

include!("../../golden/externs.rs");

bpf_skel_tests::kernel::tests! {
    []: options_of_the_kernel, options_that_are_given, options_are_not_edited, options_that_do_not_fit,
        options_that_are_missing, symbols_without_a_type, absent_symbols, unused_symbols_may_be_absent;
    [PERCPU_TYPES]: addresses_of_typed_variables, variables_of_another_type;
    [PERCPU_KSYM]: variables_with_a_type;
    [KFUNC_OF_TASKS]: functions, absent_functions, functions_of_another_type, unguarded_calls;
}

/// The fixture with only this program.
fn open(program: &str) -> OpenObject {
    open_edited(program, |_, _| ())
}

/// The same with the externals edited.
fn open_edited(program: &str, edit: impl Fn(&str, &mut ExternSpec)) -> OpenObject {
    let mut spec: ObjectSpec = externs::SPEC.clone();
    for external in spec.externs.to_mut() {
        let name = external.name.to_string();
        edit(&name, external);
    }
    let mut open = OpenObject::new(spec);
    for other in open.programs_mut() {
        let wanted = other.name() == program;
        other.set_autoload(wanted);
    }
    open
}

/// Without the typed variable, which is other tests' and not every kernel's.
fn untyped(name: &str, external: &mut ExternSpec) {
    if name == "runqueues" {
        external.kind = ExternKind::Ksym { type_id: 0 };
        external.weak = true;
    }
}

/// Only this program's refusal, where a symbol is not weak.
fn strong(program: &str, name: &str) -> Error {
    let open = open_edited(program, |other, external| {
        untyped(other, external);
        external.weak &= other != name;
    });
    open.load().expect_err(name)
}

fn only(progs: &mut externs::OpenProgs, name: &str) {
    for program in [&mut progs.options, &mut progs.symbols, &mut progs.functions] {
        let wanted = program.name() == name;
        program.set_autoload(wanted);
    }
}

fn options_of_the_kernel() -> Outcome {
    let mut open = externs::open();
    only(&mut open.progs, "options");
    let skel = open.load()?;
    assert_ne!(skel.progs.options.info()?.btf_id, 0, "the kernel takes the object's types");
    let kconfig = &*skel.kconfig;
    assert!([100, 250, 300, 1000].contains(&kconfig.CONFIG_HZ), "{}", kconfig.CONFIG_HZ);
    assert!(kconfig.CONFIG_BPF_SYSCALL.get());
    assert_eq!(kconfig.CONFIG_NET, externs::types::libbpf_tristate::TRI_YES);
    assert_eq!((kconfig.CONFIG_SKEL_NO_SUCH_OPTION, kconfig.LINUX_OF_TOMORROW), (0, 0));
    // Debian's default name is (none), and the kernel's own too.
    assert_eq!(kconfig.CONFIG_DEFAULT_HOSTNAME[0], b'(');
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    let (major, minor) = (numbers.next().unwrap(), numbers.next().unwrap());
    assert_eq!(kconfig.LINUX_KERNEL_VERSION >> 8, major << 8 | minor);

    let _link = skel.progs.options.attach()?;
    while skel.bss.version.get() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(skel.bss.version.get(), kconfig.LINUX_KERNEL_VERSION);
    assert_eq!(skel.bss.hz.get(), kconfig.CONFIG_HZ);
    assert_eq!(skel.bss.hostname.get()[..2], *b"(n");
    Ok(())
}

fn options_that_are_given() -> Outcome {
    let mut open = externs::open();
    only(&mut open.progs, "options");
    let text = "CONFIG_HZ=0x77\nCONFIG_DEFAULT_HOSTNAME=\"a name longer than there is room for\"\n\
                CONFIG_NET=m\nCONFIG_SKEL_NO_SUCH_LIMIT=-5\n# CONFIG_BPF_SYSCALL is not set\n";
    open.options.set_kconfig(text);
    let skel = open.load()?;
    let kconfig = &*skel.kconfig;
    assert_eq!((kconfig.CONFIG_HZ, kconfig.CONFIG_SKEL_NO_SUCH_LIMIT), (0x77, -5));
    assert_eq!(kconfig.CONFIG_NET, externs::types::libbpf_tristate::TRI_MODULE);
    assert_eq!(kconfig.CONFIG_DEFAULT_HOSTNAME, *b"a name longer t\0");
    // What the text does not have comes from the kernel.
    assert!(kconfig.CONFIG_BPF_SYSCALL.get());
    assert!(skel.kconfig.is_mapped());
    assert!(skel.maps.kconfig.update(&[0; 4], &[0; 49], 0).is_err(), "it is frozen");
    Ok(())
}

fn options_are_not_edited() {
    let mut open = open("options");
    let error = open.map_mut(".kconfig").unwrap().write_data(0, &[1]).unwrap_err().to_string();
    assert!(error.contains("Options::set_kconfig"), "{error}");
    assert!(open.set_variable("CONFIG_HZ", &[0; 4]).is_err());
}

fn options_that_do_not_fit() {
    for (text, expected) in [
        ("CONFIG_HZ=y", r#"map ".kconfig": the configuration given: variable "CONFIG_HZ": "#),
        ("CONFIG_HZ=4294967296", "does not fit into 4 bytes"),
        ("\n\nCONFIG_BPF_SYSCALL=m", "(line 3)"),
    ] {
        let mut open = open("options");
        open.options.set_kconfig(text);
        let error = open.load().expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

fn options_that_are_missing() {
    let error = strong("options", "CONFIG_SKEL_NO_SUCH_OPTION").to_string();
    for part in [r#"variable "CONFIG_SKEL_NO_SUCH_OPTION""#, "looked in: /boot/config-", "__weak"] {
        assert!(error.contains(part), "{error}");
    }
    let error = strong("options", "LINUX_OF_TOMORROW").to_string();
    assert!(error.contains("LINUX_KERNEL_VERSION"), "{error}");
}

/// The address of a symbol, as the kernel prints it.
fn address(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/kallsyms").unwrap();
    let suffix = format!(" {name}");
    let line = text.lines().find(|line| line.ends_with(&suffix)).unwrap();
    u64::from_str_radix(line.split(' ').next().unwrap(), 16).unwrap()
}

/// The instructions of the fixture's program that name this external symbol, and what became of them.
fn insns(open: OpenObject, name: &str) -> Vec<(bool, u8, i64)> {
    let spec = externs::SPEC.clone();
    let prepared = open.prepare().unwrap_or_else(|error| panic!("{error}"));
    let program = prepared.spec().programs.iter().position(|program| {
        prepared.program_insns(spec.program_index(&program.name).unwrap()).is_some()
    });
    let program = program.unwrap();
    let text = prepared.program_insns(program).unwrap();
    let symbol = spec.externs.iter().position(|external| external.name == name).unwrap() as u32;
    let of = spec.programs[program].relocations.iter().filter(|relocation| {
        [RelocationTarget::Ksym(symbol), RelocationTarget::Kfunc(symbol)]
            .contains(&relocation.target)
    });
    of.map(|relocation| {
        let insn = text[relocation.insn as usize];
        let low = i64::from(insn.imm.cast_unsigned());
        match insn.code {
            CALL => (true, insn.src(), low),
            _ => (false, insn.src(), i64::from(text[relocation.insn as usize + 1].imm) << 32 | low),
        }
    })
    .collect()
}

fn symbols_without_a_type() {
    let expected = address("vfs_read").cast_signed();
    assert_eq!(insns(open_edited("symbols", untyped), "vfs_read"), [(false, 0, expected)]);
    assert_eq!(insns(open_edited("symbols", untyped), "skel_no_such_symbol"), [(false, 0, 0)]);
}

fn absent_symbols() {
    let error = strong("symbols", "skel_no_such_symbol");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error.to_string();
    assert!(text.contains(r#"program "symbols": symbol "skel_no_such_symbol": "#), "{text}");
    let text = strong("symbols", "skel_no_such_variable").to_string();
    assert!(text.contains(r#"program "symbols": symbol "skel_no_such_variable": "#), "{text}");
}

/// Nothing is asked for programs that are not loaded.
fn unused_symbols_may_be_absent() -> Outcome {
    open_edited("options", |_, external| {
        external.weak |= matches!(external.kind, ExternKind::Kconfig { .. });
        external.weak &= !external.name.starts_with("skel_");
    })
    .load()?;
    Ok(())
}

fn addresses_of_typed_variables() {
    let of = insns(open("symbols"), "runqueues");
    assert!(matches!(of[..], [(false, PSEUDO_BTF_ID, id)] if id > 0), "{of:?}");
    assert_eq!(insns(open("symbols"), "skel_no_such_variable"), [(false, 0, 0)]);
}

fn variables_with_a_type() -> Outcome {
    let mut open = externs::open();
    only(&mut open.progs, "symbols");
    let skel = open.load()?;
    assert_eq!(skel.data.cpu.get(), -1);
    let _link = skel.progs.symbols.attach()?;
    while skel.data.cpu.get() == -1 {
        std::thread::yield_now();
    }
    // Of the first CPU's run queue, which says so itself.
    assert_eq!((skel.data.cpu.get(), skel.bss.missing.get()), (0, 0));
    assert_eq!(skel.bss.untyped.get(), address("vfs_read"));
    Ok(())
}

fn variables_of_another_type() {
    let number = externs::SPEC.externs.iter().find_map(|external| match external.kind {
        ExternKind::Ksym { type_id } if external.name == "skel_no_such_variable" => Some(type_id),
        _ => None,
    });
    let number = number.unwrap();
    let open = open_edited("symbols", |name, external| {
        if name == "runqueues" {
            external.kind = ExternKind::Ksym { type_id: number };
        }
    });
    let error = open.load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(text.contains(r#"symbol "runqueues""#), "{text}");
    assert!(text.ends_with("expected int, the kernel's is struct rq"), "{text}");
}

fn functions() -> Outcome {
    let release = insns(open("functions"), "bpf_task_release___flavoured");
    assert!(matches!(release[..], [(true, PSEUDO_KFUNC_CALL, id)] if id > 0), "{release:?}");

    let mut open = externs::open();
    only(&mut open.progs, "functions");
    let skel = open.load()?;
    assert_ne!(skel.progs.functions.info()?.btf_id, 0, "the kernel takes the object's types");
    let _link = skel.progs.functions.attach()?;
    std::thread::spawn(|| ()).join().unwrap();
    assert!(skel.bss.calls.get() >= 1 && skel.bss.pid.get() != 0);
    Ok(())
}

fn absent_functions() {
    // Its address, and the call.
    let expected = |index: i64| [(false, 0, 0), (true, 0, 2_002_000_000 + index)];
    let index = |name: &str| {
        externs::SPEC.externs.iter().position(|external| external.name == name).unwrap() as i64
    };
    for name in ["skel_no_such_kfunc", "bpf_task_from_pid___wrong"] {
        assert_eq!(insns(open("functions"), name), expected(index(name)), "{name}");
    }
    let error = strong("functions", "skel_no_such_kfunc");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error.to_string();
    for part in
        [r#"program "functions": symbol "skel_no_such_kfunc": "#, "kfunc", "bpf_ksym_exists"]
    {
        assert!(text.contains(part), "{text}");
    }
}

fn functions_of_another_type() {
    let error = strong("functions", "bpf_task_from_pid___wrong");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(
        text.ends_with("expected int (int, int, int), the kernel's is struct task_struct * (int)"),
        "{text}"
    );
}

fn unguarded_calls() {
    let error = open("unguarded").load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let text = error.to_string();
    assert!(text.contains(r#"program "unguarded": it calls "skel_no_such_kfunc""#), "{text}");
    assert_eq!(error.location().map(|at| at.text.trim()), Some("return skel_no_such_kfunc(3, 4);"));
}
