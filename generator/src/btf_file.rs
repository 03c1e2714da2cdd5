//! BTF in files: raw, as sysfs shows that of the running kernel, or as a section of an ELF file.

use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};

use bpf_skel::btf::Btf;
use bpf_skel::elf;
use bpf_skel::spec::Endian;

use crate::{Error, ErrorKind, Result};

/// Where a kernel shows its own BTF, and next to it that of its modules.
pub(crate) const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The BTF of a file.
pub(crate) struct BtfFile {
    path: PathBuf,
    bytes: Vec<u8>,
    endian: Endian,
}

impl BtfFile {
    /// Reads raw BTF, or the section of an ELF file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            IoErrorKind::NotFound if path == Path::new(RUNNING) => no_kernel_btf(),
            _ => Error::io("read", path, &error),
        })?;
        let (types, endian) =
            elf::btf(&bytes).map_err(|error| Error::from(error).within_path(path))?;
        let bytes = types.to_vec();
        Ok(Self { path: path.to_owned(), bytes, endian })
    }

    /// The types as they are encoded.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The types.
    pub(crate) fn types(&self) -> Result<Btf<'_>> {
        Btf::parse(&self.bytes, self.endian)
            .map_err(|error| Error::from(error).within_path(&self.path))
    }

    /// The types of a module, which continue those of its kernel.
    #[cfg(feature = "cli")]
    pub(crate) fn types_over<'b>(&'b self, base: &'b Btf<'b>) -> Result<Btf<'b>> {
        Btf::parse_split(base, &self.bytes, self.endian)
            .map_err(|error| Error::from(error).within_path(&self.path))
    }
}

fn no_kernel_btf() -> Error {
    let message = format!("the running kernel shows no type information: no {RUNNING}");
    Error::new(ErrorKind::Io, message).with_hint(
        "it takes Linux 5.4 with CONFIG_DEBUG_INFO_BTF; or name a file with the types of another kernel: its \
         /sys/kernel/btf/vmlinux, a vmlinux, or one from a BTF archive (Builder::vmlinux_from, --btf)",
    )
}
