//! Handing the object's types to the kernel.

use std::os::fd::OwnedFd;

use crate::error::{Error, ErrorKind, Frame, Result};
use crate::spec::ObjectSpec;
use crate::sys::{self, Capability, explain};

/// Loads the object's BTF. `None` where it has none, or where this kernel does not take it: then maps and programs
/// are made without types, and what truly needs them fails by itself.
pub(crate) fn load(spec: &ObjectSpec, needs: &[Capability]) -> Result<Option<OwnedFd>> {
    if spec.btf.is_empty() {
        return Ok(None);
    }
    match sys::btf_load(sys::BtfLoad { bytes: &spec.btf }, None) {
        Ok(fd) => Ok(Some(fd)),
        Err(error) => {
            let error = explain::permission(Error::system("BPF_BTF_LOAD", error), needs);
            match error.kind() {
                // Nothing else would be allowed either; better to say it once and clearly.
                ErrorKind::PermissionDenied => Err(error.within(Frame::Section(".BTF".into()))),
                _ => Ok(None),
            }
        }
    }
}
