use std::path::PathBuf;

const SOURCE: &str = "../../../examples/hello/src/hello.bpf.c";

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"))
        .join("hello.skel.rs");
    libbpf_cargo::SkeletonBuilder::new()
        .source(SOURCE)
        .clang("clang-19")
        .clang_args(["-I", "../../../examples/hello/src", "-mcpu=v3"])
        .build_and_generate(&out)
        .expect("the source compiles");
    println!("cargo:rerun-if-changed={SOURCE}");
}
