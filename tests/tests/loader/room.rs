//! The standard and the compatibility loader use nothing that others cannot: their room compiles outside of the crate.

#[path = "../../../runtime/src/loader/mod.rs"]
#[allow(dead_code, unused_imports, reason = "this test calls little of it")]
mod loader;

use bpf_skel::spec::Endian;
use bpf_skel_tests::fixtures;

#[test]
fn it_works_from_outside() {
    let bytes = fixtures::bytes("legacy", Endian::NATIVE);
    let opened = loader::Loader::new().without_configuration().open(&bytes, "legacy.o").unwrap();
    assert_eq!(opened.loader, loader::LoadedBy::Compatibility);
}

/// A path into the crate would be one into this test instead, and say so only where the names differ.
#[test]
fn it_names_the_crate_as_others_do() {
    let room = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/loader");
    let mut folders = vec![std::path::PathBuf::from(room)];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the room") {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            assert!(!text.contains("crate::"), "{}: names the crate by `crate`", path.display());
            files += 1;
        }
    }
    assert!(files > 5, "{files} files");
}
