//! Where the bytes come from.

#![allow(unsafe_code, reason = "the kernel's BTF is mapped into memory")]

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::spec::Endian;
use crate::sys::Mapping;

/// Where the kernel shows its own BTF.
pub(super) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// The bytes of BTF.
#[derive(Debug)]
pub(super) enum Source {
    /// [`VMLINUX`] itself, which never changes.
    Mapped(Mapping),
    Owned(Vec<u8>),
}

impl Source {
    /// The running kernel's.
    pub(super) fn vmlinux() -> Result<Self> {
        let mut file = File::open(VMLINUX).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(
                ErrorKind::NotSupportedByKernel,
                format!("the running kernel shows no type information: {VMLINUX} does not exist"),
            )
            .with_hint("it takes Linux 5.4 with CONFIG_DEBUG_INFO_BTF, and sysfs mounted"),
            _ => Error::system("open", error).within(Frame::Path(VMLINUX.into())),
        })?;
        let in_file = || Frame::Path(VMLINUX.into());
        let len =
            file.metadata().map_err(|error| Error::system("stat", error)).within(in_file)?.len();
        let len = usize::try_from(len).unwrap_or(0);
        // Since Linux 6.16; before, ENODEV.
        if len != 0
            && let Ok(mapping) = Mapping::private(file.as_fd(), len)
        {
            return Ok(Self::Mapped(mapping));
        }
        // sysfs hands out whatever fits: one read of the whole rather than the doubling of `read_to_end`.
        let mut bytes = Vec::with_capacity(len + 1);
        file.read_to_end(&mut bytes)
            .map_err(|error| Error::system("read", error))
            .within(in_file)?;
        Ok(Self::Owned(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: only `vmlinux` makes this, of a read-only sysfs file whose pages are the kernel's own read-only
            // BTF; nobody writes to them while the kernel runs.
            Self::Mapped(mapping) => unsafe { mapping.as_bytes() },
            Self::Owned(bytes) => bytes,
        }
    }
}

/// The types in a file that stands for another kernel: BTF itself, or an ELF file that has some.
pub(super) fn types_of(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let (types, order) = find(&bytes)?;
    if order != Endian::NATIVE {
        return Err(Error::mismatch("its types are of the other byte order than this machine"));
    }
    let part = (types.len() != bytes.len()).then(|| types.to_vec());
    Ok(part.unwrap_or(bytes))
}

#[cfg(feature = "elf")]
fn find(bytes: &[u8]) -> Result<(&[u8], Endian)> {
    crate::elf::btf(bytes)
}

#[cfg(not(feature = "elf"))]
fn find(bytes: &[u8]) -> Result<(&[u8], Endian)> {
    match crate::btf::order_of(bytes) {
        Some(order) => Ok((bytes, order)),
        None if bytes.starts_with(b"\x7fELF") => Err(Error::malformed(
            "an ELF file, which takes feature `elf` to read",
        )
        .with_hint("its section \".BTF\" alone can be read: objcopy -O binary -j .BTF FILE TYPES")),
        None => Err(Error::malformed("neither BTF nor an ELF file")),
    }
}
