//! Programs with the subprograms that they need.

use bpf_skel::btf::{Btf, Kind, Linkage};
use bpf_skel::insn::{self, Insn, LDIMM64, PSEUDO_FUNC};
use bpf_skel::spec::{Endian, ObjectSpec, ProgramSpec, RelocationTarget};
use bpf_skel_tests::fixtures::spec;

fn program<'s>(spec: &'s ObjectSpec, name: &str) -> &'s ProgramSpec {
    &spec.programs[spec.program_index(name).expect(name)]
}

/// The functions of a program: where they start, and their names.
fn functions(spec: &ObjectSpec, program: &ProgramSpec) -> Vec<(usize, String)> {
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let words = program.func_info.as_chunks::<8>().0.iter().map(|record| {
        let (at, id) = record.split_at(4);
        let word = |b: &[u8]| u32::from_le_bytes(b.try_into().expect("four bytes"));
        (word(at) as usize, btf.type_by_id(word(id)).unwrap().name.to_owned())
    });
    words.collect()
}

fn insns(program: &ProgramSpec) -> Vec<Insn> {
    insn::decode(&program.insns, Endian::Little).collect()
}

/// Where the calls and the addresses of subprograms in a program lead, by the name of the function.
fn referred(spec: &ObjectSpec, name: &str) -> Vec<(String, String)> {
    let program = program(spec, name);
    let functions = functions(spec, program);
    let named = |at: usize| {
        let found = functions.iter().rev().find(|(start, _)| *start <= at);
        found.map(|(start, name)| (*start, name.clone())).expect("a function")
    };
    let mut referred = Vec::new();
    for (at, insn) in insns(program).into_iter().enumerate() {
        let address = insn.code == LDIMM64 && insn.src() == PSEUDO_FUNC;
        if insn.is_subprog_call() || address {
            let to = usize::try_from(at as i64 + 1 + i64::from(insn.imm)).unwrap();
            let (start, name) = named(to);
            assert_eq!(start, to, "{name}: not its first instruction");
            referred.push((named(at).1, name));
        }
    }
    referred
}

#[test]
fn each_subprogram_once_in_the_order_of_use() {
    let spec = spec("subprogs");
    let names = |name: &str| -> Vec<String> {
        functions(&spec, program(&spec, name)).into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(names("alone"), ["alone"]);
    assert_eq!(names("shallow"), ["shallow", "twice"]);
    assert_eq!(names("deep"), ["deep", "hidden", "visible", "four_times", "twice", "maybe"]);
    assert_eq!(names("circular"), ["circular", "ping", "pong"]);
}

#[test]
fn an_exception_callback_comes_last_with_what_it_calls() {
    let spec = spec("exceptions");
    let names = |name: &str| -> Vec<String> {
        functions(&spec, program(&spec, name)).into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(names("throws"), ["throws", "caught", "twice"]);
    assert_eq!(names("may_throw"), ["may_throw", "check", "caught", "twice"]);
    assert_eq!(names("uncaught"), ["uncaught", "twice"]);
}

#[test]
fn calls_lead_to_the_functions_they_name() {
    let spec = spec("subprogs");
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    };
    assert_eq!(referred(&spec, "shallow"), pairs(&[("shallow", "twice")]));
    assert_eq!(
        referred(&spec, "deep"),
        pairs(&[
            ("deep", "hidden"),
            ("deep", "maybe"),
            ("deep", "four_times"),
            ("deep", "twice"),
            ("hidden", "visible"),
            ("visible", "four_times"),
            ("four_times", "twice"),
            ("four_times", "twice"),
        ])
    );
    assert_eq!(
        referred(&spec, "circular"),
        pairs(&[("circular", "ping"), ("ping", "pong"), ("pong", "ping")])
    );
}

#[test]
fn callbacks_are_addresses_of_their_functions() {
    let spec = spec("callbacks");
    let to = |name: &str| -> Vec<String> {
        referred(&spec, name).into_iter().map(|(_, to)| to).collect()
    };
    assert_eq!(to("loops"), ["add", "count", "weigh"]);
    assert_eq!(to("walks"), ["weigh", "each", "add", "weigh", "weigh"]);
    for program in spec.programs.iter() {
        let insns = insns(program);
        let addresses =
            insns.iter().enumerate().filter(|(_, i)| i.is_ldimm64() && i.src() == PSEUDO_FUNC);
        for (at, _) in addresses {
            assert_eq!(insns[at + 1].imm, 0, "{}", program.name);
        }
    }
}

#[test]
fn relocations_move_with_the_code() {
    let spec = spec("subprogs");
    let bss = spec.map_index(".bss").unwrap() as u32;
    for name in ["shallow", "deep"] {
        let program = program(&spec, name);
        let twice = functions(&spec, program).into_iter().find(|(_, name)| name == "twice");
        let (start, _) = twice.unwrap();
        let [relocation] = &*program.relocations else { panic!("{:?}", program.relocations) };
        assert_eq!(relocation.target, RelocationTarget::MapValue { map: bss, offset: 0 });
        assert!(relocation.insn as usize >= start);
        let insns = insns(program);
        let (first, second) =
            (insns[relocation.insn as usize], insns[relocation.insn as usize + 1]);
        assert_eq!((first.code, first.src(), first.imm, second.imm), (LDIMM64, 0, 0, 0));
    }
}

#[test]
fn static_data_is_found_through_its_section() {
    let spec = spec("data");
    let program = program(&spec, "use");
    for name in ["private_counter", "private_total", "total", "tuned", "hidden_counter"] {
        let variable = spec.variable(name).expect(name);
        let target = RelocationTarget::MapValue { map: variable.map, offset: variable.offset };
        assert!(program.relocations.iter().any(|r| r.target == target), "{name}: {target:?}");
    }
    assert!(program.relocations.is_sorted_by_key(|relocation| relocation.insn));
}

#[test]
fn hidden_functions_are_static_to_the_verifier() {
    let spec = spec("subprogs");
    let btf = Btf::parse(&spec.btf, Endian::Little).unwrap();
    let linkage = |name: &str| {
        btf.types().find_map(|(_, ty)| match ty.kind {
            Kind::Func { linkage, .. } if ty.name == name => Some(linkage),
            _ => None,
        })
    };
    assert_eq!(linkage("hidden"), Some(Linkage::Static));
    assert_eq!(linkage("visible"), Some(Linkage::Global));
    assert_eq!(linkage("twice"), Some(Linkage::Static));
}
