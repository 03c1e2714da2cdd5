use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::convert::Converted;
use crate::error::{Error, Result};
use crate::map::OperationsValue;
use crate::sys;

/// The operations of a map as the kernel takes them, before the programs are there.
#[derive(Debug)]
pub(crate) struct KernelOperations {
    /// `struct tcp_congestion_ops`: its name in the kernel.
    pub(crate) name: String,
    /// The type of the map's value, `struct bpf_struct_ops_NAME`.
    pub(crate) value_type_id: u32,
    /// BTF of the module that has the types; `None` for the kernel itself.
    pub(crate) module: Option<OwnedFd>,
    pub(super) converted: Converted,
}

impl KernelOperations {
    /// The map's value with the descriptors of its programs, which `program` gives by their indices.
    pub(crate) fn value<'p>(
        self,
        program: impl Fn(u32) -> Option<BorrowedFd<'p>>,
    ) -> Result<OperationsValue> {
        let Converted { mut value, functions } = self.converted;
        let mut programs = Vec::with_capacity(functions.len());
        for function in functions {
            let fd = program(function.program)
                .ok_or_else(|| Error::invalid_input("a program that it refers to is not loaded"))?;
            // The kernel takes the program by its descriptor only when the operations are registered.
            let fd = sys::try_clone(fd.as_fd())
                .map_err(|error| Error::system("fcntl(F_DUPFD)", error))?;
            function.put(&mut value, fd.as_raw_fd())?;
            programs.push(fd);
        }
        Ok(OperationsValue::new(value, programs))
    }
}
