//! What the running kernel makes of it: every map kind and attach kind, as root.
//!
//! `cargo test -p bpf-skel-tests --test kernel`. Around each test, open file descriptors and pins are counted. What needs
//! root or an absent kernel feature is reported as ignored, with the reason.

#[path = "kernel/harness.rs"]
mod harness;
#[path = "kernel/maps_array.rs"]
mod maps_array;
#[path = "kernel/maps_hash.rs"]
mod maps_hash;
#[path = "kernel/maps_live.rs"]
mod maps_live;
#[path = "kernel/maps_nested.rs"]
mod maps_nested;
#[path = "kernel/maps_other.rs"]
mod maps_other;
#[path = "kernel/maps_per_cpu.rs"]
mod maps_per_cpu;
#[path = "kernel/maps_ringbuf.rs"]
mod maps_ringbuf;
#[path = "kernel/maps_untyped.rs"]
mod maps_untyped;
#[path = "kernel/raw.rs"]
mod raw;

fn main() {
    harness::run(&[
        maps_array::TESTS,
        maps_hash::TESTS,
        maps_live::TESTS,
        maps_nested::TESTS,
        maps_other::TESTS,
        maps_per_cpu::TESTS,
        maps_ringbuf::TESTS,
        maps_untyped::TESTS,
    ]);
}
