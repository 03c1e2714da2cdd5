//! The compatibility loader: what the standard one does, on objects that were made for others.

use bpf_skel::Result;
use bpf_skel::elf::{Legacy, Reader, Reading};

/// Reads an object with legacy map definitions, as iproute2 and libbpf before 1.0 did.
pub(super) fn read(object: &[u8], file: &str, layout: Legacy) -> Result<Reading> {
    Reader::new().legacy(layout).relaxed().read(object, file)
}
