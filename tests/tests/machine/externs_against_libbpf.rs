//! External symbols get the values that libbpf gives them: bpftool's libbpf reports what it does.

use std::collections::BTreeMap;
use std::path::Path;

use bpf_skel::OpenObject;
use bpf_skel::insn::CALL;
use bpf_skel::spec::{ExternKind, KconfigType, RelocationTarget};
use bpf_skel_tests::kernel::{PinDirectory, is_root};
use bpf_skel_tests::machine::{Outcome, Skip, kernel_btf, tests, tool, tool_or_failure};

tests![every_external_symbol_of_the_fixture];

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/externs.bpf.c");

/// By symbol: a number, a text, or nothing where it is not resolved.
type Values = BTreeMap<String, Value>;

#[derive(Debug, PartialEq)]
enum Value {
    Number(u64),
    Text(String),
    Missing,
}

/// `libbpf: extern (kcfg) 'CONFIG_HZ': set to 250`, `libbpf: extern (func ksym) 'f': resolved to kernel [65886]` and
/// `libbpf: extern 'CONFIG_X' (weak): not resolved, defaulting to zero`.
fn theirs(log: &str) -> Values {
    let mut all = Values::new();
    for line in log.lines() {
        let Some(rest) = line.strip_prefix("libbpf: extern ") else { continue };
        let mut parts = rest.splitn(3, '\'');
        let (Some(_), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let value = if let Some((_, value)) = rest.split_once(": set to ") {
            match (value.strip_prefix("0x"), value.strip_prefix('"')) {
                (Some(hex), _) => Value::Number(u64::from_str_radix(hex, 16).expect("a number")),
                (_, Some(text)) => Value::Text(text.trim_end_matches('"').to_owned()),
                _ => value.parse().map_or_else(|_| Value::Text(value.to_owned()), Value::Number),
            }
        } else if let Some((_, id)) = rest.split_once('[') {
            Value::Number(id.split(']').next().expect("an id").parse().expect("a number"))
        } else if rest.contains("not resolved") {
            Value::Missing
        } else {
            continue;
        };
        all.insert(name.to_owned(), value);
    }
    all
}

fn ours(object: &Path) -> bpf_skel::Result<Values> {
    let bytes = std::fs::read(object).expect("the object is there");
    let spec = bpf_skel::elf::read(&bytes, "externs.o")?;
    let prepared = OpenObject::new(spec.clone()).prepare()?;
    let kconfig = prepared.map(".kconfig")?.lookup(&[0; 4])?.expect("the only element");
    let mut all = Values::new();
    for external in spec.externs.iter() {
        let ExternKind::Kconfig { offset, size, value, .. } = external.kind else { continue };
        let bytes = &kconfig[offset as usize..][..size as usize];
        let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let value = match (value, number) {
            _ if external.name.starts_with("LINUX_") => Value::Number(number),
            (KconfigType::Text, _) => {
                let end = bytes.iter().position(|byte| *byte == 0).expect("a NUL");
                Value::Text(String::from_utf8_lossy(&bytes[..end]).into_owned())
            }
            (_, 0) => Value::Missing,
            (KconfigType::Bool, 1) | (KconfigType::Tristate, 1) => Value::Text("y".into()),
            (KconfigType::Char { .. }, letter) => Value::Text((letter as u8 as char).into()),
            (_, number) => Value::Number(number),
        };
        all.insert(external.name.to_string(), value);
    }
    for (index, program) in spec.programs.iter().enumerate() {
        let Some(text) = prepared.program_insns(index) else { continue };
        for relocation in program.relocations.iter() {
            let (RelocationTarget::Ksym(symbol) | RelocationTarget::Kfunc(symbol)) =
                relocation.target
            else {
                continue;
            };
            let at = relocation.insn as usize;
            let value = match (text[at].code, text[at].src(), text[at].imm) {
                (CALL, 0, _) | (_, 0, 0) => Value::Missing,
                (CALL, _, id) => Value::Number(id as u64),
                (_, _, low) => {
                    let high = u64::from(text[at + 1].imm.cast_unsigned());
                    Value::Number(high << 32 | u64::from(low.cast_unsigned()))
                }
            };
            all.insert(spec.externs[symbol as usize].name.to_string(), value);
        }
    }
    Ok(all)
}

fn every_external_symbol_of_the_fixture() -> Outcome {
    // bpftool reports only what it loads.
    if !is_root() {
        return Err(Skip("needs root".into()).into());
    }
    kernel_btf()?;
    let folder = tempfile::tempdir()?;
    let object = folder.path().join("externs.o");
    let path = object.display().to_string();
    let define = "-DWITHOUT_FLAVOURS";
    tool(
        "clang-19",
        &["--target=bpf", "-g", "-O2", "-mcpu=v3", define, "-c", SOURCE, "-o", &path],
    )?;
    let pins = PinDirectory::new("externs")?;
    let pin = pins.join("programs").display().to_string();
    // It may fail where the verifier refuses what libbpf resolves; the report is all that counts.
    let out = tool_or_failure("bpftool", &["-d", "prog", "loadall", &path, &pin])?;
    let log = String::from_utf8_lossy(&out.stderr);
    assert!(log.contains("created successfully"), "{log}");
    let theirs = theirs(&log);
    assert!(theirs.len() >= 18, "{theirs:?}");
    assert_eq!(ours(&object)?, theirs);
    Ok(())
}
