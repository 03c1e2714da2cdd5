//! Any bytes as two objects to link: an error, or one object that links again, and reads where both of them read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // How long the first one is, then both.
    let Some((length, both)) = bytes.split_first_chunk() else { return };
    let length = u32::from_le_bytes(*length) as usize;
    let (a, b) = both.split_at(length.min(both.len()));
    let Ok(linked) = bpf_skel_build::link(&[("a.o", a), ("b.o", b)]) else { return };
    let again = bpf_skel_build::link(&[("linked.o", &linked)]);
    assert!(again.is_ok(), "{}", again.unwrap_err());
    let read = |bytes| bpf_skel::elf::read(bytes, "fuzz.o");
    if read(a).is_ok() && read(b).is_ok() {
        let read = read(&linked);
        assert!(read.is_ok(), "{}", read.unwrap_err());
    } else {
        let _ = read(&linked);
    }
});
