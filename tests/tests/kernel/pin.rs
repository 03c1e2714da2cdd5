//! Pins of programs; links' are with the links, maps' with the maps.

use std::fs;
use std::path::Path;

use bpf_skel::{ErrorKind, Map, Program};
use bpf_skel_tests::kernel::{BPFFS, counting};

bpf_skel_tests::kernel::tests! {
    []: a_program_by_its_pin, taken, missing_directory, not_bpffs, not_a_program, not_this_program;
}

fn a_program_by_its_pin() {
    let path = Path::new(BPFFS).join("program");
    let id = {
        let counting = counting("xdp", 2).unwrap();
        counting.program().pin(&path).unwrap();
        counting.program().info().unwrap().id
    };
    let program = Program::from_pin(&path).unwrap();
    assert_eq!(program.info().unwrap().id, id);
    assert_eq!(program.name(), "probe");
    program.unpin(&path).unwrap();
    let gone = program.unpin(&path).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert_eq!(gone.to_string(), r#"program "probe": /sys/fs/bpf/program: nothing is pinned here"#);
}

fn taken() {
    let path = Path::new(BPFFS).join("taken");
    let counting = counting("xdp", 2).unwrap();
    counting.program().pin(&path).unwrap();
    let error = counting.program().pin(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    counting.program().unpin(&path).unwrap();
    // A link that leads nowhere takes the name too: nothing is made where it leads.
    std::os::unix::fs::symlink("/sys/fs/bpf/elsewhere", &path).unwrap();
    let error = counting.program().pin(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(!Path::new(BPFFS).join("elsewhere").exists());
    fs::remove_file(&path).unwrap();
}

fn missing_directory() {
    let counting = counting("xdp", 2).unwrap();
    let error = counting.program().pin("/sys/fs/bpf/no/such/directory").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("the directory of this pin does not exist"), "{error}");
}

fn not_bpffs() {
    let counting = counting("xdp", 2).unwrap();
    let path = std::env::temp_dir().join(format!("bpf-skel-pin-{}", std::process::id()));
    let error = counting.program().pin(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("not on a BPF file system"), "{error}");
    fs::write(&path, "a file").unwrap();
    let error = Program::from_pin(&path).unwrap_err();
    assert!(error.to_string().contains("not on a BPF file system"), "{error}");
    fs::remove_file(&path).unwrap();
    let error = Program::from_pin(BPFFS).unwrap_err();
    assert!(error.to_string().contains("this is a directory, not a pin"), "{error}");
}

fn not_a_program() {
    let path = Path::new(BPFFS).join("map");
    let counting = counting("xdp", 2).unwrap();
    let map = Map::from_id(counting.program().info().unwrap().map_ids[0]).unwrap();
    map.pin(&path).unwrap();
    let error = Program::from_pin(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    fs::remove_file(&path).unwrap();
}

fn not_this_program() {
    let path = Path::new(BPFFS).join("other");
    let (one, other) = (counting("xdp", 2).unwrap(), counting("xdp", 2).unwrap());
    other.program().pin(&path).unwrap();
    let error = one.program().unpin(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(path.exists());
    other.program().unpin(&path).unwrap();
}
