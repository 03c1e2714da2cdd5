//! CO-RE gives the numbers that libbpf gives: every relocation of a fixture, on the running kernel, against what
//! bpftool's libbpf reports of itself.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use bpf_skel::btf::{Btf, BtfExt};
use bpf_skel::insn::{self, INSN_SIZE, Insn};
use bpf_skel::kernel_btf::{KernelBtf, Wanted};
use bpf_skel::relocate::{Access, Candidate, POISON, patch, resolve};
use bpf_skel::spec::{CoreKind, Endian};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/core.bpf.c");
const PROGRAMS: [(&str, &str); 2] =
    [("prog", "raw_tp/sched_switch"), ("direct", "tp_btf/sched_switch")];

/// By program and number of the relocation: the new number as it is in the instruction, or that it is poisoned.
type Decisions = BTreeMap<(String, usize), Option<i64>>;

/// The tool's output, or a line that says why the test is skipped.
fn run(tool: &str, args: &[&str]) -> Option<String> {
    let out = match Command::new(tool).args(args).output() {
        Ok(out) => out,
        Err(error) => {
            println!("skipped: {tool}: {error}");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    if out.status.success() {
        return Some(text);
    }
    println!("skipped: {tool} {args:?} failed: {}", text.lines().last().unwrap_or_default());
    None
}

/// `libbpf: prog 'p': relo #0: patched insn #0 (ALU/ALU64) imm 0 -> 1264`, and
/// `libbpf: prog 'p': relo #9: substituting insn #30 w/ invalid insn`.
fn theirs(log: &str) -> Decisions {
    let mut all = Decisions::new();
    for line in log.lines() {
        let Some((program, rest)) =
            line.strip_prefix("libbpf: prog '").and_then(|rest| rest.split_once("': relo #"))
        else {
            continue;
        };
        let Some((number, rest)) = rest.split_once(": ") else { continue };
        let key = (program.to_string(), number.parse().expect("a number"));
        if rest.starts_with("substituting insn") {
            all.insert(key, None);
        } else if rest.starts_with("patched insn") && !rest.contains("mem_sz") {
            let new = rest.rsplit_once("-> ").expect("a new number").1.trim();
            let new = new.parse::<i64>().or_else(|_| new.parse::<u64>().map(u64::cast_signed));
            all.insert(key, Some(new.expect("a number")));
        }
    }
    all
}

fn number(insns: &[Insn], at: usize) -> Option<i64> {
    let insn = insns[at];
    match insn.code & 7 {
        _ if insn.imm == POISON => None,
        1..=3 => Some(i64::from(insn.off)),
        0 => Some(i64::from(insns[at + 1].imm) << 32 | i64::from(insn.imm as u32)),
        _ => Some(i64::from(insn.imm)),
    }
}

fn ours(btf: &Btf<'_>, ext: &BtfExt<'_>, kernel: &KernelBtf, code: &[Vec<u8>]) -> Decisions {
    let kernel_btf = kernel.btf().expect("the kernel's BTF is readable");
    let mut all = Decisions::new();
    for ((program, section), code) in PROGRAMS.iter().zip(code) {
        let mut insns: Vec<Insn> = insn::decode(code, Endian::NATIVE).collect();
        let relos: Vec<_> = ext
            .core_relos()
            .filter(|info| btf.string(info.section_name_off) == Some(section))
            .flat_map(|info| info.records())
            .collect();
        // All names in one pass; one list of candidates a root type.
        let roots: Vec<_> =
            relos.iter().map(|relo| btf.type_by_id(relo.type_id).expect("root")).collect();
        let wanted: Vec<_> = roots.iter().map(|ty| Wanted::core(ty.name, ty.kind.code())).collect();
        let found = kernel.find_all(&wanted).expect("the kernel's BTF is readable");
        let mut candidates: BTreeMap<u32, Vec<Candidate<'_>>> = BTreeMap::new();
        for (n, relo) in relos.iter().enumerate() {
            let candidates = candidates.entry(relo.type_id).or_insert_with(|| {
                found.of(n).map(|id| Candidate { btf: &kernel_btf, id }).collect()
            });
            let kind = CoreKind::from_raw(relo.kind).expect("a known kind");
            let text = btf.string(relo.access_str_off).expect("an access string");
            let access = Access::parse(btf, kind, relo.type_id, text).expect("a valid access");
            let resolution = resolve(&access, candidates).expect("no ambiguity");
            let at = relo.insn_off as usize / INSN_SIZE;
            patch(&mut insns, at, &resolution).unwrap_or_else(|error| panic!("{access}: {error}"));
            all.insert(((*program).to_string(), n), number(&insns, at));
        }
    }
    all
}

fn compare(dir: &Path) -> Option<()> {
    let file = |name: &str| -> PathBuf { dir.join(name) };
    let object = file("core.o").display().to_string();
    let flags = ["--target=bpf", "-g", "-O2", "-mcpu=v3", "-c", FIXTURE, "-o", &object];
    run("clang-19", &flags)?;
    let section = |name: &str| {
        let out = file(&name.replace('/', "_"));
        let dump = format!("--dump-section={name}={}", out.display());
        run("llvm-objcopy-19", &[&dump, &object, "/dev/null"])?;
        std::fs::read(out).ok()
    };
    let (btf, ext) = (section(".BTF")?, section(".BTF.ext")?);
    let code = PROGRAMS.iter().map(|(_, name)| section(name)).collect::<Option<Vec<_>>>()?;
    let pins = format!("/sys/fs/bpf/bpf-skel-core-{}", std::process::id());
    let log = run("bpftool", &["-d", "prog", "loadall", &object, &pins]);
    // The directory stays where one of the programs does not load.
    let _ = std::fs::remove_dir_all(&pins);
    let theirs = theirs(&log?);

    let kernel = KernelBtf::shared().map_err(|error| println!("skipped: {error}")).ok()?;
    let btf = Btf::parse(&btf, Endian::NATIVE).expect("the compiler's BTF is valid");
    let ext = BtfExt::parse(&ext, Endian::NATIVE).expect("the compiler's BTF.ext is valid");
    let ours = ours(&btf, &ext, &kernel, &code);
    assert!(theirs.len() > 150, "only {} relocations were reported", theirs.len());
    assert!(ours.values().any(Option::is_none) && ours.values().flatten().any(|&n| n > 1000));
    assert_eq!(ours, theirs);
    println!("{} relocations agree", ours.len());
    Some(())
}

#[test]
fn every_relocation_of_the_fixture() {
    let dir = std::env::temp_dir().join(format!("bpf-skel-core-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the temporary directory is writable");
    compare(&dir);
    std::fs::remove_dir_all(&dir).expect("what was made can be removed");
}
