//! Any bytes as an object: an error or a spec, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = bpf_skel::elf::read(bytes, "fuzz.o");
});
