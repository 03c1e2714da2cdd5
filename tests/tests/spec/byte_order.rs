//! Both byte orders of an object say the same.

use bpf_skel::btf::Btf;
use bpf_skel::insn::{self, Insn};
use bpf_skel::spec::{CoreKind, Data, Endian, MapContents, MapSpec, ObjectSpec, ProgramSpec};
use bpf_skel_tests::fixtures;

/// Fixtures that copy bytes in words, set bit-fields or read misaligned words, for which clang writes other code in each
/// byte order.
const OTHER_CODE: &[&str] =
    &["flexible", "large", "members", "module", "names", "nested", "records", "types"];

#[test]
fn specs_differ_in_byte_order_only() {
    for name in &fixtures::names() {
        let little = fixtures::spec_in(name, Endian::Little);
        let big = fixtures::spec_in(name, Endian::Big);
        assert_eq!(little.endian, Endian::Little);
        assert_eq!(big.endian, Endian::Big);
        assert_eq!(
            (&little.name, &little.license, little.kernel_version),
            (&big.name, &big.license, big.kernel_version),
            "{name}"
        );
        assert_eq!(little.variables, big.variables, "{name}");
        let maps = |spec: &ObjectSpec| spec.maps.iter().map(without_bytes).collect::<Vec<_>>();
        assert_eq!(maps(&little), maps(&big), "{name}");
        assert_eq!(little.inner_maps, big.inner_maps, "{name}");
        assert_eq!(types(&little), types(&big), "{name}");
        for (little_program, big_program) in little.programs.iter().zip(big.programs.iter()) {
            let at = format!("{name}: {}", little_program.name);
            assert_eq!(targets(little_program), targets(big_program), "{at}");
            assert_eq!(without_code(little_program), without_code(big_program), "{at}");
            if !OTHER_CODE.contains(&name.as_str()) {
                assert_eq!(little_program.relocations, big_program.relocations, "{at}");
                assert_eq!(code(little_program, &little), code(big_program, &big), "{at}");
            }
        }
        assert_eq!(little.programs.len(), big.programs.len(), "{name}");
    }
}

/// The map, with the length of its data in place of its data.
fn without_bytes(map: &MapSpec) -> (MapSpec, Option<(usize, bool)>) {
    match &map.contents {
        MapContents::Data { data, frozen } => {
            let rest = MapSpec { contents: MapContents::Empty, ..map.clone() };
            (rest, Some((data.len(), *frozen)))
        }
        MapContents::Arena { data } => {
            let contents = MapContents::Arena { data: Data::Zeroed(data.len() as u32) };
            (MapSpec { contents, ..map.clone() }, None)
        }
        MapContents::StructOps { data, functions, optional } => {
            let data = Data::Zeroed(data.len() as u32);
            let functions = functions.clone();
            let contents = MapContents::StructOps { data, functions, optional: *optional };
            (MapSpec { contents, ..map.clone() }, None)
        }
        _ => (map.clone(), None),
    }
}

fn types(spec: &ObjectSpec) -> Vec<String> {
    if spec.btf.is_empty() {
        return Vec::new();
    }
    let btf = Btf::parse(&spec.btf, spec.endian).unwrap();
    btf.types().map(|(id, ty)| format!("{id}: {ty:?}")).collect()
}

fn without_code(program: &ProgramSpec) -> ProgramSpec {
    ProgramSpec {
        insns: Default::default(),
        func_info: Default::default(),
        line_info: Default::default(),
        relocations: Default::default(),
        ..program.clone()
    }
}

/// What the program refers to, wherever it does.
fn targets(program: &ProgramSpec) -> Vec<String> {
    let mut targets: Vec<_> =
        program.relocations.iter().map(|relocation| format!("{:?}", relocation.target)).collect();
    targets.sort();
    targets
}

/// Instructions, function and line information as numbers.
fn code(program: &ProgramSpec, spec: &ObjectSpec) -> (Vec<Insn>, Vec<u32>, Vec<u32>) {
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.as_chunks().0.iter().map(|word| spec.endian.u32(*word)).collect()
    };
    let mut insns: Vec<_> = insn::decode(&program.insns, spec.endian).collect();
    // How far a bit-field is to be shifted depends on where it is in its unit, and so on the byte order.
    for relocation in program.core_relocations.iter() {
        let access = spec.core.accesses[relocation.access as usize];
        if access.kind == CoreKind::FieldLshiftU64 {
            insns[relocation.insn as usize].imm = 0;
        }
    }
    (insns, words(&program.func_info), words(&program.line_info))
}
