//! BTF in files: raw, as sysfs shows that of the running kernel, or as a section of an ELF file.

#[cfg(feature = "cli")]
use std::cell::OnceCell;
use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};

use bpf_skel::btf::Btf;
use bpf_skel::elf;
use bpf_skel::spec::Endian;

#[cfg(feature = "cli")]
use crate::distilled;
use crate::{Error, ErrorKind, Result};

/// Where a kernel shows its own BTF, and next to it that of its modules.
pub(crate) const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The BTF of a file.
pub(crate) struct BtfFile {
    path: PathBuf,
    bytes: Vec<u8>,
    /// What the types of a module's file continue, where it says so itself.
    base: Option<Vec<u8>>,
    endian: Endian,
    /// The types of such a module over those of a kernel.
    #[cfg(feature = "cli")]
    moved: OnceCell<Vec<u8>>,
}

impl BtfFile {
    /// Reads raw BTF, or the section of an ELF file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            IoErrorKind::NotFound if path == Path::new(RUNNING) => no_kernel_btf(),
            _ => Error::io("read", path, &error),
        })?;
        let in_file = |error: bpf_skel::Error| Error::from(error).within_path(path);
        let (types, endian) = elf::btf(&bytes).map_err(in_file)?;
        let base = elf::btf_base(&bytes).map_err(in_file)?.map(<[u8]>::to_vec);
        Ok(Self {
            path: path.to_owned(),
            bytes: types.to_vec(),
            base,
            endian,
            #[cfg(feature = "cli")]
            moved: OnceCell::new(),
        })
    }

    /// The types as they are encoded.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The types.
    pub(crate) fn types(&self) -> Result<Btf<'_>> {
        if self.base.is_some() {
            let message = "a module: its types continue those of a kernel";
            let error = Error::new(ErrorKind::InvalidInput, message).with_hint(
                "bpf-skel vmlinux --module; where it is loaded, /sys/kernel/btf/NAME has its types too",
            );
            return Err(error.within_path(&self.path));
        }
        Btf::parse(&self.bytes, self.endian).map_err(|error| match self.has_empty_name() {
            Some(false) => self.fault(error.with_hint(
                "these types may continue those of another file: bpf-skel btf dump --base FILE, vmlinux --module",
            )),
            _ => self.fault(error),
        })
    }

    /// Whether the names begin with an empty one; those of types that continue others need not.
    fn has_empty_name(&self) -> Option<bool> {
        let field = |at: usize| {
            let bytes = self.bytes.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(self.endian.u32(bytes)).ok()
        };
        // The length of the header, and where the names are behind it.
        let names = field(4)?.checked_add(field(16)?)?;
        self.bytes.get(names).map(|&byte| byte == 0)
    }

    /// What the types continue by what the file itself says: names and sizes of types of the kernel that a module was built
    /// for.
    #[cfg(feature = "cli")]
    pub(crate) fn own_base(&self) -> Result<Option<Btf<'_>>> {
        let base = self.base.as_ref().map(|base| Btf::parse(base, self.endian));
        base.transpose().map_err(|error| self.fault(error))
    }

    /// The types of a module, which continue those of its kernel, or its [`own_base`](Self::own_base).
    #[cfg(feature = "cli")]
    pub(crate) fn types_over<'b>(&'b self, base: &'b Btf<'b>) -> Result<Btf<'b>> {
        let bytes = match &self.base {
            Some(own) if !std::ptr::eq(own.as_slice(), base.bytes()) => self.moved(base)?,
            _ => &self.bytes,
        };
        Btf::parse_split(base, bytes, self.endian).map_err(|error| self.fault(error))
    }

    #[cfg(feature = "cli")]
    fn moved(&self, kernel: &Btf<'_>) -> Result<&[u8]> {
        if let Some(moved) = self.moved.get() {
            return Ok(moved);
        }
        let Some(own) = self.own_base()? else { return Ok(&self.bytes) };
        let moved = Btf::parse_split(&own, &self.bytes, self.endian)
            .and_then(|module| distilled::over(&module, kernel))
            .map_err(|error| self.fault(error))?;
        Ok(self.moved.get_or_init(|| moved))
    }

    fn fault(&self, error: bpf_skel::Error) -> Error {
        Error::from(error).within_path(&self.path)
    }
}

fn no_kernel_btf() -> Error {
    let message = format!("the running kernel shows no type information: no {RUNNING}");
    Error::new(ErrorKind::Io, message).with_hint(
        "it takes Linux 5.4 with CONFIG_DEBUG_INFO_BTF; or name a file with the types of another kernel: its \
         /sys/kernel/btf/vmlinux, a vmlinux, or one from a BTF archive (Builder::vmlinux_from, --btf)",
    )
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use bpf_skel::btf::BtfBuilder;

    use super::*;

    /// A typedef of a struct of its base.
    fn module() -> BtfFile {
        let mut b = BtfBuilder::new(Endian::Little);
        let task = b.struct_("task", 400, &[]);
        let base = b.finish();
        let mut b = BtfBuilder::over(&Btf::parse(&base, Endian::Little).expect("valid BTF"));
        b.typedef("task_t", task);
        let (path, bytes) = (PathBuf::from("mod.ko"), b.finish());
        let endian = Endian::Little;
        BtfFile { path, bytes, base: Some(base), endian, moved: OnceCell::new() }
    }

    #[test]
    fn a_module_without_its_base() {
        let file = BtfFile { base: None, ..module() };
        let error = file.types().unwrap_err().to_string();
        assert!(error.contains("mod.ko: BTF strings") && error.contains("--base FILE"), "{error}");
        let file = BtfFile { bytes: vec![0; 3], ..file };
        let error = file.types().unwrap_err().to_string();
        assert!(!error.contains("--base"), "{error}");
    }

    #[test]
    fn a_module_that_brings_its_base() {
        let file = module();
        let error = file.types().unwrap_err().to_string();
        assert!(error.contains("mod.ko: a module") && error.contains("/sys/kernel/btf"), "{error}");
        let own = file.own_base().unwrap().unwrap();
        let types = file.types_over(&own).unwrap();
        assert_eq!(types.type_by_id(2).unwrap().name, "task_t");

        let mut b = BtfBuilder::new(Endian::Little);
        b.struct_("other", 400, &[]);
        b.struct_("task", 500, &[]);
        let kernel = b.finish();
        let kernel = Btf::parse(&kernel, Endian::Little).unwrap();
        let types = file.types_over(&kernel).unwrap();
        let (id, _) = types.resolve(3).unwrap();
        assert_eq!((types.name_by_id(3), types.name_by_id(id)), ("task_t", "task"));
    }
}
