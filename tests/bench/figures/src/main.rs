//! Times of bpf-skel alone: opening a skeleton, reading an object, generating a skeleton.
//!
//! `cargo run --release -p figures [OBJECT]...`

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

bpf_skel_macros::bpf_skel!(mod hello = "../../../examples/hello/src/hello.bpf.o");

fn main() {
    row("open(), hello", 10_000, || drop(black_box(hello::open())));
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let bytes = std::fs::read(path).expect("the object can be read");
        let name = path.file_name().expect("a file").to_string_lossy();
        println!("{name}: {} bytes", bytes.len());
        row("  read", 50, || drop(black_box(bpf_skel::elf::read(&bytes, &name).expect("reads"))));
        let options = bpf_skel_build::Options::default();
        row("  skeleton as text", 20, || {
            let skeleton = bpf_skel_build::Skeleton::from_object(&bytes, &name, &options);
            drop(black_box(skeleton.expect("generates").to_string()));
        });
    }
}

fn row(what: &str, times: usize, mut work: impl FnMut()) {
    work();
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    all.sort();
    println!("{what:<24} median {:>12?}  best {:>12?}", all[times / 2], all[0]);
}
