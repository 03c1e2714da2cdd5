//! Any bytes as an object: an error or a spec, never a panic.
#![no_main]

use bpf_skel::elf::{Legacy, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reader = Reader::new().legacy(Legacy::Iproute2).relaxed();
    let _ = reader.read(bytes, "fuzz.o");
});
