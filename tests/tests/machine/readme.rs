//! What the README shows is what a user can write.

use std::fs;
use std::path::Path;

use bpf_skel_build::Builder;
use bpf_skel_tests::machine::{Outcome, tests};

use crate::project::{Project, clang};

tests![its_program_is_built, its_tag_exports_a_type];

/// The block of code that begins with this line.
fn block(first: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = fs::read_to_string(readme).expect("README.md");
    let blocks = text.split("```").skip(1).step_by(2);
    let mut codes = blocks.filter_map(|block| Some(block.split_once('\n')?.1));
    codes.find(|code| code.starts_with(first)).unwrap_or_else(|| panic!("no block {first}")).into()
}

/// With the C source of `examples/hello`, which it is of.
fn its_program_is_built() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let files = [("build.rs", block("// build.rs")), ("src/main.rs", block("// src/main.rs"))];
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hello");
    let sources = ["src/hello.bpf.c", "src/bpf.h"].map(|name| {
        let text = fs::read_to_string(example.join(name));
        (name, text.unwrap_or_else(|error| panic!("{name}: {error}")))
    });
    let files: Vec<(&str, &str)> =
        files.iter().chain(&sources).map(|(name, text)| (*name, text.as_str())).collect();
    Project::new("readme", &files).cargo(&["build"], &[("CLANG", &clang)]).good();
    Ok(())
}

fn its_tag_exports_a_type() -> Outcome {
    let clang = clang()?;
    let project = Project::new("readme-tag", &[("record.bpf.c", &block("// src/record.bpf.c"))]);
    let builder = Builder::new().clang(clang).clang_arg("-Werror");
    let (skeleton, _) = builder.expand(project.path("record.bpf.c")).expect("it compiles");
    let text = skeleton.to_string();
    assert!(text.contains("pub struct record {"), "{text}");
    // In BTF, and nowhere else.
    assert!(!text.contains("pub mod sections"), "{text}");
    Ok(())
}
