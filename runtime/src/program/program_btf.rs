//! The types that a loaded program came with: of functions that other programs replace or watch.

use std::os::fd::{AsFd, BorrowedFd};

use crate::btf::{Btf, Kind};
use crate::spec::Endian;
use crate::sys::{self, explain};
use crate::token::{Creation, LazyToken};
use crate::{Error, ErrorKind, Result};

/// The BTF id of a program's function.
pub(crate) fn function(program: BorrowedFd<'_>, name: &str, token: &LazyToken) -> Result<u32> {
    let info = sys::program_info(program, None, None)
        .map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))?;
    if info.btf_id == 0 {
        return Err(Error::invalid_input("the other program was loaded without BTF"));
    }
    let btf = token.with(|token| sys::btf_fd_by_id(info.btf_id, token)).map_err(|error| {
        let error = Error::system("BPF_BTF_GET_FD_BY_ID", error);
        match error.raw_os_error() {
            Some(libc::EINVAL) if token.get().is_some() => error
                .with_kind(ErrorKind::NotSupportedByKernel)
                .with_hint("a BPF token stands for that from Linux 6.15 on"),
            _ => token.permission(error, Creation::BtfById, explain::BY_ID),
        }
    })?;
    let mut bytes = Vec::new();
    sys::btf_info(btf.as_fd(), Some(&mut bytes))
        .map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))?;
    let types = Btf::parse(&bytes, Endian::NATIVE)?;
    let is_it = |id: &u32| {
        types
            .type_by_id(*id)
            .is_some_and(|ty| ty.name == name && matches!(ty.kind, Kind::Func { .. }))
    };
    (1..types.len())
        .find(is_it)
        .ok_or_else(|| Error::not_found("the other program has no such function"))
}
