//! Objects of other projects, which are not committed: `BPF_SKEL_OBJECTS` is a folder with some. CI takes those of
//! Debian's xdp-tools, libxdp1, ir-keytable and udev-hid-bpf.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bpf_skel::ErrorKind;
use bpf_skel::elf::{Legacy, Reader};
use bpf_skel_tests::machine::{Outcome, Skip, tests};

tests![each_reads_or_is_not_supported_yet];

/// Every file below `folder` that is an ELF object for BPF.
fn objects(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a directory entry");
        let (path, kind) = (entry.path(), entry.file_type().expect("a file type"));
        if kind.is_dir() {
            objects(&path, found);
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "o") {
            let bytes = std::fs::read(&path).expect("a readable object");
            let machine = bytes.get(18..20).map(|m| (m[0], m[1]));
            if bytes.starts_with(b"\x7fELF") && matches!(machine, Some((247, 0) | (0, 247))) {
                found.push((path, bytes));
            }
        }
    }
}

fn each_reads_or_is_not_supported_yet() -> Outcome {
    let Some(folder) = std::env::var_os("BPF_SKEL_OBJECTS") else {
        return Err(Skip("needs BPF_SKEL_OBJECTS, a folder of BPF objects".into()).into());
    };
    let mut found = Vec::new();
    objects(Path::new(&folder), &mut found);
    assert!(!found.is_empty(), "{}: no BPF objects", folder.display());
    let (mut programs, mut legacy) = (0, 0);
    let (mut later, mut bad) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (path, bytes) in &found {
        let name = path.to_string_lossy();
        match Reader::new().legacy(Legacy::Iproute2).read(bytes, &name) {
            Ok(reading) => {
                programs += reading.spec.programs.len();
                legacy += usize::from(reading.legacy.is_some());
            }
            Err(error) if error.kind() == ErrorKind::NotSupportedYet => {
                *later.entry(error.message().to_owned()).or_default() += 1;
            }
            Err(error) => bad.push(format!("{name}: {error}")),
        }
    }
    let read = found.len() - bad.len() - later.values().sum::<usize>();
    println!("{} objects: {read} read, with {programs} programs", found.len());
    println!("{legacy} have legacy map definitions");
    for (message, count) in later {
        println!("{count} {message}");
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    Ok(())
}
