use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::module::{self, Module};
use super::source::{self, Source, VMLINUX};
use super::wanted::{Candidates, Query, Wanted};
use crate::btf::{Btf, Head, Index, sections};
use crate::error::{Error, Frame, Result, Within};
use crate::spec::Endian;

/// An offset is kept for every 32nd type: 16 KiB for a kernel of 126,611 types, and at most 31 steps to any of them.
const SHIFT: u8 = 5;

/// The types of a kernel and its modules.
///
/// ```no_run
/// use bpf_skel::kernel_btf::{KernelBtf, Wanted};
///
/// let kernel = KernelBtf::shared()?;
/// let wanted = [Wanted::function("vfs_read"), Wanted::tracepoint("sched_switch")];
/// let found = kernel.find_all(&wanted)?;
/// println!("vfs_read is type {:?}", found.of(0).next());
/// # Ok::<(), bpf_skel::Error>(())
/// ```
#[derive(Debug)]
pub struct KernelBtf {
    source: Source,
    /// Name for errors.
    origin: String,
    /// By-product of the first pass, whatever that was for.
    index: OnceLock<Index>,
    modules: OnceLock<Vec<Module>>,
    /// Whether this is the running kernel, so that its modules count.
    running: bool,
    #[cfg(test)]
    pub(crate) passes: std::sync::atomic::AtomicUsize,
}

/// A type that was found in the kernel or in one of its modules.
#[derive(Clone, Copy, Debug)]
pub struct Located<'k> {
    /// Its id: in a module, ids continue those of the kernel.
    pub id: u32,
    /// The module that has it; `None` for the kernel itself.
    pub module: Option<&'k Module>,
}

static SHARED: Mutex<Weak<KernelBtf>> = Mutex::new(Weak::new());

impl KernelBtf {
    /// The running kernel's, one for all who hold it at the same time: it is dropped with the last of them.
    ///
    /// # Errors
    /// [`NotSupportedByKernel`](crate::ErrorKind::NotSupportedByKernel) where the kernel shows none (before Linux 5.4,
    /// or without CONFIG_DEBUG_INFO_BTF).
    pub fn shared() -> Result<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = shared.upgrade() {
            return Ok(kernel);
        }
        let kernel = Arc::new(Self::running()?);
        *shared = Arc::downgrade(&kernel);
        Ok(kernel)
    }

    /// The running kernel's, for the caller alone.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    pub fn running() -> Result<Self> {
        Ok(Self { running: true, ..Self::new(Source::vmlinux()?, VMLINUX.into()) })
    }

    /// BTF of another kernel, from a file as `/sys/kernel/btf/vmlinux` is one; with feature `elf` also from the section
    /// `.BTF` of an ELF file, such as a `vmlinux` with debug information. It has no modules.
    ///
    /// # Errors
    /// Where the file cannot be read, or is neither.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let in_file = || Frame::Path(path.display().to_string());
        let read = std::fs::read(path).map_err(|error| Error::system("read", error));
        let bytes = read.and_then(source::types_of).within(in_file)?;
        Ok(Self::new(Source::Owned(bytes), path.display().to_string()))
    }

    /// As [`from_file`](Self::from_file), from memory.
    ///
    /// # Errors
    /// Where the bytes are neither BTF of this machine's byte order nor an ELF file that has some.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        let origin = || Frame::Path("kernel BTF".into());
        let bytes = source::types_of(bytes).within(origin)?;
        Ok(Self::new(Source::Owned(bytes), "kernel BTF".into()))
    }

    fn new(source: Source, origin: String) -> Self {
        let (index, modules) = (OnceLock::new(), OnceLock::new());
        Self {
            source,
            origin,
            index,
            modules,
            running: false,
            #[cfg(test)]
            passes: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// A running kernel of these types with one module, whose types continue them.
    #[cfg(feature = "elf")]
    #[cfg(test)]
    pub(crate) fn for_test(bytes: Vec<u8>, module: Vec<u8>, fd: std::os::fd::OwnedFd) -> Self {
        let base = Btf::parse(&bytes, Endian::NATIVE).unwrap();
        let modules = vec![Module::for_test(&base, module, Some(fd))];
        let kernel = Self::new(Source::Owned(bytes), "kernel BTF".into());
        Self { modules: OnceLock::from(modules), running: true, ..kernel }
    }

    /// All types of the kernel itself with these names and kinds, in one pass over its types.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where it is not BTF.
    pub fn find_all(&self, wanted: &[Wanted<'_>]) -> Result<Candidates> {
        self.pass(wanted).within(|| Frame::Path(self.origin.clone()))
    }

    fn pass(&self, wanted: &[Wanted<'_>]) -> Result<Candidates> {
        #[cfg(test)]
        self.passes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let bytes = self.source.bytes();
        let strings = sections(bytes, Endian::NATIVE, false)?.strings;
        let mut query = Query::new(wanted);
        self.index_with(|id, head| query.visit(id, head, &[], strings))?;
        Ok(query.finish())
    }

    /// Every pass makes the index; the first one's stays.
    fn index_with(&self, visit: impl FnMut(u32, Head)) -> Result<&Index> {
        let index = Btf::index(None, self.source.bytes(), Endian::NATIVE, SHIFT, visit)?;
        Ok(self.index.get_or_init(|| index))
    }

    /// The first type of this name and kind: in the kernel, else in a module, which is only then read.
    ///
    /// # Errors
    /// Where something cannot be read; `Ok(None)` where there is no such type.
    pub fn find_one(&self, wanted: Wanted<'_>) -> Result<Option<Located<'_>>> {
        match self.find_all(std::slice::from_ref(&wanted))?.of(0).next() {
            Some(id) => Ok(Some(Located { id, module: None })),
            None => self.find_in_modules(wanted),
        }
    }

    /// The first type of this name and kind in a module: for what the kernel itself does not have.
    ///
    /// # Errors
    /// Where something cannot be read; `Ok(None)` where there is no such type.
    pub fn find_in_modules(&self, wanted: Wanted<'_>) -> Result<Option<Located<'_>>> {
        let wanted = [wanted];
        for module in self.modules()? {
            if let Some(id) = module.find_all(self, &wanted)?.of(0).next() {
                return Ok(Some(Located { id, module: Some(module) }));
            }
        }
        Ok(None)
    }

    /// Types by id. Nothing within a type is checked before it is read: what is wrong reads as absent.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where it is not BTF.
    pub fn btf(&self) -> Result<Btf<'_>> {
        let made = match self.index.get() {
            Some(index) => Ok(index),
            None => self.index_with(|_, _| ()),
        };
        made.and_then(|index| {
            let index = Cow::Borrowed(index);
            Btf::with_index(None, self.source.bytes(), Endian::NATIVE, index)
        })
        .within(|| Frame::Path(self.origin.clone()))
    }

    /// The module of this name, which is loaded and has BTF. Linux 5.11.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) where it is not, or has none; where the kernel refuses to list them.
    pub fn module(&self, name: &str) -> Result<&Module> {
        let module = self.modules()?.iter().find(|module| module.name() == name);
        module.ok_or_else(|| {
            Error::not_found(format!("module {name:?} is not loaded, or has no type information"))
        })
    }

    /// The modules that are loaded and have BTF. Linux 5.11; none before.
    ///
    /// # Errors
    /// Where the kernel refuses to list them.
    pub fn modules(&self) -> Result<&[Module]> {
        if !self.running {
            return Ok(&[]);
        }
        if let Some(modules) = self.modules.get() {
            return Ok(modules);
        }
        let modules = module::list()?;
        Ok(self.modules.get_or_init(|| modules))
    }
}
