//! Handing the object's types to the kernel.

use std::io;
use std::os::fd::OwnedFd;

use crate::btf::{Btf, BtfPart, sanitise};
use crate::error::{Error, ErrorKind, Frame, Result};
use crate::feature::{Feature, known_lacking_btf};
use crate::spec::ObjectSpec;
use crate::sys::{self, Capability, explain};

/// Loads the object's BTF, where need be without the parts of the format that this kernel does not know. `None` where
/// the object has none, or where the kernel does not take it for another reason: then maps and programs are made
/// without types, and what truly needs them fails by itself.
pub(crate) fn load(spec: &ObjectSpec, needs: &[Capability]) -> Result<Option<OwnedFd>> {
    if spec.btf.is_empty() {
        return Ok(None);
    }
    // What an earlier load of this process has found out need not fail again.
    if let Some(fd) = load_without(spec, &known_lacking_btf()) {
        return Ok(Some(fd));
    }
    let error = match sys::btf_load(sys::BtfLoad { bytes: &spec.btf }, None) {
        Ok(fd) => return Ok(Some(fd)),
        Err(error) => explain::permission(Error::system("BPF_BTF_LOAD", error), needs),
    };
    if error.kind() == ErrorKind::PermissionDenied {
        // Nothing else would be allowed either; better to say it once and clearly.
        return Err(error.within(Frame::Section(".BTF".into())));
    }
    let lacks = |part: &BtfPart| Feature::Btf(*part).is_present() == Some(false);
    let lacking: Vec<_> = used(spec).into_iter().filter(lacks).collect();
    Ok(load_without(spec, &lacking))
}

/// Loads the object's BTF without these parts, unless it uses none of them.
fn load_without(spec: &ObjectSpec, lacking: &[BtfPart]) -> Option<OwnedFd> {
    if lacking.is_empty() || !used(spec).iter().any(|part| lacking.contains(part)) {
        return None;
    }
    let btf = Btf::parse(&spec.btf, spec.endian).ok()?;
    let load: io::Result<_> = sys::btf_load(sys::BtfLoad { bytes: &sanitise(&btf, lacking) }, None);
    load.ok()
}

fn used(spec: &ObjectSpec) -> Vec<BtfPart> {
    Btf::parse(&spec.btf, spec.endian).map(|btf| BtfPart::used_by(&btf)).unwrap_or_default()
}
